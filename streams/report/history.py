"""What the platforms themselves keep of a period: what a source said that never came in, and what a target has of the relay's."""

from collections.abc import Iterable

from converters.core.model import Conversation, conversation_key
from converters.core.operations import Post, kind_of
from converters.platform import Callback, DecodedEvent, FoundCallback, OwnEcho, TimeRange
from converters.routing.route import App
from streams.operate.gaps import SKEW, GapSource, of_answers, within
from streams.operate.topic_reader import Tell
from streams.outbound.asking import Asking
from streams.report.reading import Period, RowSink
from streams.report.rows import KeptRow, SeenRow, dump


class HistoryRows:
    """Asks one app; nothing that would make it do something is asked for."""

    def __init__(self, app: App, period: Period, into: RowSink, now: int) -> None:
        self._app, self._period, self._into, self._now = app, period, into, now
        self.shows = False
        """Whether it has shown something that the relay sent it."""

    async def read(self, questions: GapSource, places: Iterable[Conversation], tell: Tell | None = None) -> str:
        """What could not be seen, in words. The app's platform must have `gaps`. Raises OperateError."""
        gaps = self._app.platform.gaps
        assert gaps is not None, "the platform keeps nothing that could be asked for"
        span, cut = within(gaps, self._period.since - SKEW, min(self._period.seen_until, self._now), self._now)
        if span.since >= span.until:
            return cut
        listed = sorted(set(places), key=repr)
        asking = Asking(
            gaps.ask(TimeRange(span.since, span.until), listed, self._app.account), questions.ask, of_answers(tell, len(listed))
        )
        async for found in asking:
            self._take(found)
        return "; ".join(one for one in (asking.unseen, cut) if one)

    def _take(self, found: FoundCallback) -> None:
        app = self._app
        try:
            said = app.platform.decode(Callback(app.name, found.body, self._now, found.headers), app.account)
        except Exception:  # noqa: BLE001 - Malformed, or a decoder's defect: it names no event
            return
        for one in said:
            match one:
                case OwnEcho(event_id=name, remote_id=remote, part=part):
                    self.shows = True
                    self._into.add(name.encode(), dump(SeenRow(app.name, remote, part, "history")))
                case DecodedEvent(event=event) if isinstance(event.operation, Post):
                    # What else happened may be told in other words than by its callback.
                    key = conversation_key(event.conversation)
                    if key == app.canary:
                        continue  # test users are called the same everywhere
                    self._into.add(
                        event.id.encode(),
                        dump(KeptRow(event.at, app.name, app.target, key.decode(errors="replace"), kind_of(event.operation))),
                    )
                case _:
                    pass
