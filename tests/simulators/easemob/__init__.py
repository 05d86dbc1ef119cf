"""Easemob: tokens, two-dimensional limits, sends that check nothing, callbacks that come at most twice."""

from tests.simulators.easemob.app import make_app
from tests.simulators.easemob.options import Options

__all__ = ["Options", "make_app"]
