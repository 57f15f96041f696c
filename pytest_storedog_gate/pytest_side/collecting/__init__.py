"""Which items there are: checks, and what the project's own tests ask for."""
