"""What the lab needs of this machine: found, started or installed."""
