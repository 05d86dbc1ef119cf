"""Parley, as its documentation has it."""

from tests.example_platform.simulator.app import make_app
from tests.example_platform.simulator.options import Options

__all__ = ["Options", "make_app"]
