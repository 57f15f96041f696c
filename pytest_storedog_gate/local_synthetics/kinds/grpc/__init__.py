"""gRPC API tests."""
