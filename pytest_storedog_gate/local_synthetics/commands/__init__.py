"""The commands of `storedog-synthetics`."""
