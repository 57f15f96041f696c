"""Watching what is live, for a while after it was promoted: threads look, and tests wait."""
