"""Definitions without their secrets, for a file and for the API."""
