"""The one Chromium of the service, for browser tests and for the scripts of API tests."""
