"""A first storedog.toml, and a first pipeline of each CI system, which the linter finds sound."""
