"""Batches of checks: triggered, run and remembered."""
