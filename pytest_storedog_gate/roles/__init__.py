"""The pytest layer: one object for each role that a process can have."""
