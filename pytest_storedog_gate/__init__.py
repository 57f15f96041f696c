"""A pytest plugin that turns a deployment into a test session."""
