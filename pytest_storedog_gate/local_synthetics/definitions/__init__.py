"""Test definitions: their JSON, their files and their known keys."""
