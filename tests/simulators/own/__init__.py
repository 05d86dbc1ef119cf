"""The customer's own IM server, as docs/own.md asks for one: signed events in, signed events out."""

from tests.simulators.own.app import make_app
from tests.simulators.own.options import Options

__all__ = ["Options", "make_app"]
