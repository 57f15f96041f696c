"""Reports that the gate itself delivers, without an option, where the run finds who takes them."""
