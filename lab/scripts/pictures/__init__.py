"""Pictures of what a person sees, made to be looked at."""
