"""Real servers for the kinds of check, on loopback ports that the system chooses."""
