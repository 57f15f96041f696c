"""What helps a person to write checks."""
