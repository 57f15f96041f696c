"""Pages for a browser: templates, and what they show of results."""
