"""JavaScript that definitions hold: regular expressions, JSONPath and scripts."""
