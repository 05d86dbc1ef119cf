"""NetEase Yunxin: signed form and JSON calls, copies of every message that wait until they are taken."""

from tests.simulators.yunxin.app import make_app
from tests.simulators.yunxin.options import Options

__all__ = ["Options", "make_app"]
