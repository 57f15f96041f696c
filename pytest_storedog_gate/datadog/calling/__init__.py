"""HTTP with Datadog's API or what speaks like it: bounded, repeated where that helps, counted."""
