"""Three Docker engines of this machine as one Swarm, each in a network of its own."""
