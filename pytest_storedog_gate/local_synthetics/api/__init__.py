"""The service over HTTP: Datadog's API, as far as a CI client and Terraform use it."""
