"""The boards on a relay that works, and on one that does not."""
