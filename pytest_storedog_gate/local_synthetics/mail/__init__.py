"""The mailboxes that tests wait for mail in."""
