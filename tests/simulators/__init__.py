"""The platforms, as far as a relay can tell: real HTTP servers written from the vendors' pages.

They share no code with the relay, so that each is a second reading of the same pages. ``python -m
tests.simulators PLATFORM`` runs one; ``tests.simulators.process`` starts one from a test.
"""
