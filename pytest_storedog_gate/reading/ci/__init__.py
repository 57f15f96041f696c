"""What the CI system says about this run."""
