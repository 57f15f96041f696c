"""Runs of the gate that start within milliseconds: see process.py."""
