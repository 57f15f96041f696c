"""The cluster's API as the deployer uses it, with errors that are the gate's."""
