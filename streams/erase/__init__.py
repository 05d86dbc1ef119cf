"""Erasing what is known of a person: where it lies, what can be removed, and when the rest is gone."""
