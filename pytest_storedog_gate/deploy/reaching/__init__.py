"""How a Docker engine is reached, and a registry with whose login: as Docker's own client does.

One file a way; the configuration says which one, and nothing else does: neither DOCKER_HOST nor
DOCKER_CONTEXT nor the current context.
"""
