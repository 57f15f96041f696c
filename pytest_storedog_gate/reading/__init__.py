"""Input that people wrote: what each value has to be, and where a mistake stands."""
