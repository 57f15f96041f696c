"""`storedog-synthetics`: the service and its clients on the command line."""
