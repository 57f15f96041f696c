"""A service of a Docker Swarm: the user's stack owns it, and the gate owns its image."""
