"""Datadog Synthetics: the API client and the batch. Imports no pytest."""
