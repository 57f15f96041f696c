"""The rule, the record of what it decided, and where that is kept and asked for."""
