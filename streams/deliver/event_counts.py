"""What is counted of events in hand: nothing of what the relay's own test users say."""

import time
from collections.abc import Iterable, Mapping
from functools import cache

from prometheus_client import Counter, Histogram

from converters.core.model import Delivery
from converters.core.outcome import Outcome
from converters.routing.route import App
from streams.deliver.conversations import OpenEvent
from streams.observe import metrics


class EventCounts:
    """Of what is delivered to one platform; *apps* are all of the settings. Begin with `of`."""

    def __init__(self, platform: str, apps: Mapping[str, App]) -> None:
        self._platform = platform
        self._apps = apps

    def of(self, event: OpenEvent) -> "EventCounts":
        """Where *event* is counted."""
        return UNCOUNTED if event.canary else self

    def lost(self, event: OpenEvent, losses: Iterable[str]) -> None:
        """What of it the target cannot show."""
        for what in losses:
            metrics.LOSSES.labels(self._direction(event.delivery), what).inc()

    def arrived(self, event: OpenEvent) -> None:
        """Of an event that is not live, how long it took says nothing."""
        direction = self._direction(event.delivery)
        if event.past:
            metrics.HISTORICAL.labels(direction).inc()
        else:
            _end_to_end(direction).observe(max(0.0, time.time() - event.delivery.event.at / 1000))

    def ended(self, event: OpenEvent, api: str) -> None:
        """It has its outcome; *api* is the call of its last request."""
        assert event.outcome is not None
        _sends(event.delivery.target, self._platform, api, type(event.outcome)).inc()

    def had_file(self, event: OpenEvent, kind: str, fate: str, waited: float) -> None:
        """It waited so many seconds for its file."""
        direction = self._direction(event.delivery)
        metrics.MEDIA_WAIT_SECONDS.labels(direction, kind).observe(max(0.0, waited))
        metrics.MEDIA_MESSAGES.labels(direction, kind, fate).inc()

    def was_ours(self, event: OpenEvent) -> None:
        """It was our own doing, called back."""
        metrics.OWN_ACTIONS_ECHOED.labels(event.delivery.target).inc()

    def _direction(self, delivery: Delivery) -> str:
        source = self._apps.get(delivery.event.source)
        return f"{source.platform.name if source else 'unknown'}>{self._platform}"


class _Uncounted(EventCounts):
    def lost(self, event: OpenEvent, losses: Iterable[str]) -> None: ...

    def arrived(self, event: OpenEvent) -> None: ...

    def ended(self, event: OpenEvent, api: str) -> None: ...

    def had_file(self, event: OpenEvent, kind: str, fate: str, waited: float) -> None: ...

    def was_ours(self, event: OpenEvent) -> None: ...


UNCOUNTED = _Uncounted("", {})


@cache
def _end_to_end(direction: str) -> Histogram:
    return metrics.END_TO_END_SECONDS.labels(direction)


@cache
def _sends(app: str, platform: str, api: str, outcome: type[Outcome]) -> Counter:
    words = {"delivered": "delivered", "refused": "refused", "unsure": "unsure", "not_sent": "gave_up"}
    return metrics.SENDS.labels(app, platform, api, words[str(outcome.__struct_config__.tag)])
