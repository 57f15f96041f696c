"""The rule, and the record of what it decided."""
