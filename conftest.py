"""Enables pytest's own test bench for the whole suite, and an end in order."""

pytest_plugins = ["pytester", "tests.interruption"]
