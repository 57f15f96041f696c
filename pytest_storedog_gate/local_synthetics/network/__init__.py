"""Addresses, connections and certificates: what the kinds of check that use a network share."""
