"""Drone pipeline files: every way in which the gate in one has no teeth."""
