"""One object for each role that a process can have."""
