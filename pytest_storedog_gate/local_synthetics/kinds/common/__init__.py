"""What several kinds of check have in common."""
