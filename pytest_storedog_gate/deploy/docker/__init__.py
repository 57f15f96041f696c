"""Deploying on a Docker engine.

The state of a deployment lives in the engine, in names and labels (see `names`), so that a run that
was killed at any instruction is mended by the next one.
"""
