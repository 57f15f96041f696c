"""The lab: the shop, its pipeline, and the scripts that set both up."""
