"""Defects put into modules that hold promises, one at a time: what the tests say of each."""
