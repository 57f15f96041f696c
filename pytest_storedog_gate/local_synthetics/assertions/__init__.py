"""What definitions claim of an answer, and what they take from it."""
