"""All that knows pytest: the roles, the collection and the reports. Everything else is below it."""
