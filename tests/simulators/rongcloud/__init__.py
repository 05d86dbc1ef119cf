"""RongCloud: signed form calls, and routing of every message that is tried three times and then lost.

Ours, where the vendor says nothing: the texts of errors, how far apart attempts of a callback are and that one
answered with anything but 200 is tried again, how many timeouts pause routing and that it loses what comes in the
pause, the code of a repeated msgRandom and that it repeats across all sends of the app, that wrong flags, unknown
groups and unknown recalled messages are refused, that what a blacklist drops is not routed, that creating a group
that exists joins it, the form of dates in lists, that a log not ready yet has an empty ``url``, where clients' files lie
(``/client-files/…``), and that contents are looked into which clients could not show.
Not simulated: templates, streams, ultra groups, broadcasts, edits, tags, chat room management, pre-send checks.
"""

from tests.simulators.rongcloud.app import make_app
from tests.simulators.rongcloud.options import Options

__all__ = ["Options", "make_app"]
