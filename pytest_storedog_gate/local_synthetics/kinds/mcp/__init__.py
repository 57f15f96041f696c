"""MCP API tests."""
