"""Enables pytest's own test bench for the whole suite, its order, and an end in order."""

pytest_plugins = [
    "pytester",
    "tests.garbage",
    "tests.order",
    "tests.interruption",
    "tests.prepared.runs",
]
