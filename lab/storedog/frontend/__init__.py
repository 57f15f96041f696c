"""Storedog's shop: the pages, and the way to the discounts service from their own origin."""
