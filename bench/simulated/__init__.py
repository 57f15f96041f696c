"""Many pipelines and one Datadog organisation, simulated by events with the gate's own pacing."""
