"""The local Synthetics service: speaks the Datadog Synthetics API and really runs the checks."""
