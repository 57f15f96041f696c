"""What only a machine without Docker Hub needs: a base image, and programs built from source."""
