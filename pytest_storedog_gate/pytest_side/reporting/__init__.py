"""What people and tools are shown of a run."""
