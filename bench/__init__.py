"""What the local service costs, measured beside the same work done without it."""
