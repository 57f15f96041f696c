"""The pipeline: Gogs, Drone and its runner, set up without a hand on the mouse."""
