"""What clients of the API make beside the files: tests, suites, variables and locations."""
