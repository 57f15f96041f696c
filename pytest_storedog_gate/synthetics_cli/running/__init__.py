"""What `run` does beside choosing its checks: running, showing and reporting them, and again."""
