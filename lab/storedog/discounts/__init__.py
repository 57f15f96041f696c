"""Storedog's discounts service: a small stand-in for the real one, with the same answers."""
