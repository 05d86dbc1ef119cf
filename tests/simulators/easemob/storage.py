"""Lost callbacks, kept to be sent once more. Source: "Easemob: callback exception storage"."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.simulators.callbacks import Parcel
from tests.simulators.clock import now_ms

SLOT = 600_000
KEPT = 3 * 86_400_000
REPLAYS = 10
"""The vendor advises not to send a slot more often; here that fails."""


class Replay(Parcel):
    """A callback that is sent once more, and not kept a second time when it is lost again."""

    __slots__ = ()


@dataclass(slots=True)
class Slot:
    parcels: list[Parcel] = field(default_factory=list)
    replays: int = 0


class Storage:
    """Slots of ten minutes, by when the callbacks were lost; kept three days, however often they are sent again."""

    def __init__(self, zone: float) -> None:
        self._zone = timedelta(hours=zone)
        self._slots: dict[int, Slot] = {}

    def keep(self, parcel: Parcel, now: int | None = None) -> None:
        """*now* is in ms, the clock's if not given."""
        if isinstance(parcel, Replay):
            return
        now = now_ms() if now is None else now
        self._drop_old(now)
        self._slots.setdefault(now // SLOT, Slot()).parcels.append(parcel)

    def info(self, now: int) -> list[dict[str, object]]:
        self._drop_old(now)
        return [
            {"date": self._date(number), "size": len(slot.parcels), "retry": slot.replays} for number, slot in sorted(self._slots.items())
        ]

    def replay(self, date: str, url: str | None, now: int) -> list[Replay] | None:
        """The callbacks of a slot, byte for byte: nothing in them tells that they come again, only the slot counts
        it. None when there is no such slot, or it was sent too often."""
        self._drop_old(now)
        slot = next((slot for number, slot in self._slots.items() if self._date(number) == date), None)
        if slot is None or slot.replays >= REPLAYS:
            return None
        slot.replays += 1
        return [Replay(url or one.url, one.lane, one.message, one.body) for one in slot.parcels]

    def _date(self, number: int) -> str:
        return (datetime.fromtimestamp(number * SLOT / 1000, UTC) + self._zone).strftime("%Y%m%d%H%M")

    def _drop_old(self, now: int) -> None:
        while self._slots and (oldest := next(iter(self._slots))) < (now - KEPT) // SLOT:
            del self._slots[oldest]
