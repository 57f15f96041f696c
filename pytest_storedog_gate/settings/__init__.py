"""One run's settings: from the options, the environment and the files."""
