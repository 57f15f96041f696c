"""The gate: one run's life cycle and its verdict. Imports no pytest."""
