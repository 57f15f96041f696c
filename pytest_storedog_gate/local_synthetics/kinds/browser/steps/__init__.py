"""The steps of browser tests: read, and played in Chromium."""
