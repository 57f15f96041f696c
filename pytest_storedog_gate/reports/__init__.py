"""What a run leaves for others to read; each report is made of the verdict's record."""
