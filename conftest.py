"""Enables pytest's own test bench for the whole suite."""

pytest_plugins = ["pytester"]
