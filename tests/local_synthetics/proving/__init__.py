"""Each operator of each kind of check, proved on a real server: once it holds, once it does not."""
