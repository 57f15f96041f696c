"""What stands between clients and containers: published addresses, and the edge."""
