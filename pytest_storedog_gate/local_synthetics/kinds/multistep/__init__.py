"""Multistep API tests."""
