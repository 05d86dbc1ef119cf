"""Faults of what is called back: forged, doubled, at the wrong address, too large, too many at once, kept from us."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import md5
from uuid import uuid4

import orjson

from tests.chaos.alerts.fault import Fault, fires, in_turn
from tests.chaos.alerts.scene import SECRET, Scene
from tests.chaos.alerts.talk import Talk


def faults(scene: Scene, talk: Talk, listed: Callable[[], object]) -> list[Fault]:
    crowd, apart = Crowd(scene.ports["ingress-2"]), scene.ports["ingress-3"]
    return [
        Fault(
            "forged",
            "everything of an app is signed with another secret",
            (fires("ImRelayCallbacksAllRefused", app="s-forged"),),
            keep=lambda: talk.say("forged", secret="x" * 20),
        ),
        Fault(
            "some-forged",
            "one callback in four is signed with another secret",
            (fires("ImRelayCallbacksNotAuthentic", app="s-some-forged"),),
            keep=in_turn(lambda: talk.say("some-forged", times=3), lambda: talk.say("some-forged", secret="x" * 20)),
        ),
        Fault(
            "replayed",
            "a signature that was used comes again with other words",
            (fires("ImRelayCallbacksReplayed", app="e-cut-off"),),
            lambda: replay(talk),
        ),
        Fault(
            "address",
            "callbacks to the address of no app",
            (fires("ImRelayCallbacksRefused", status="404"),),
            keep=lambda: talk.raw("nobody", b"{}"),
        ),
        Fault(
            "too-large",
            "callbacks of 300,000 bytes",
            (fires("ImRelayCallbacksRefused", status="413"),),
            keep=lambda: talk.raw("s-slow", b"x" * 300_000),
        ),
        Fault(
            "crowd",
            "strangers open more connections than there is room for, and send no heads",
            (fires("ImRelayConnectionsClosed", port="ingress"),),
            keep=crowd.press,
            end=crowd.leave,
        ),
        Fault(
            "store-slow",
            "the brokers answer each write of an ingress after 1.5 s",
            (fires("ImRelayStoreSlow", namespace="slow-store"),),
            lambda: setattr(scene.proxies["ingress-3"], "on", True),
            lambda: setattr(scene.proxies["ingress-3"], "on", False),
            lambda: talk.beside("dropped", apart),
            beside=(fires("ImRelayCallbacksTurnedAway", namespace="slow-store"), fires("ImRelayKafkaAway", namespace="slow-store")),
        ),
        Fault(
            "defect",
            "the check of signatures of an ingress has a defect",
            (fires("ImRelayIngressDefect", error="RuntimeError"), fires("ImRelayCallbacksTurnedAway", reason="defect")),
            scene.defect.touch,
            scene.defect.unlink,
            lambda: talk.beside("dropped", apart),
            after=("store-slow",),
        ),
        Fault(
            "stopped",
            "an app calls back nothing that called back twelve times a minute at this hour of yesterday",
            (fires("ImRelayCallbacksStopped", app="s-quiet"),),
            lambda: talk.say("quiet"),
            lambda: talk.say("quiet", people=10, times=200),
        ),
        Fault(
            "search",
            "lost callbacks are searched for at a platform that does not answer",
            (fires("ImRelayGapsFailing", app="e-silent-search"),),
            in_turn(lambda: scene.targets.moods.update({"silent-search": "hang"}), scene.search, listed),
            lambda: scene.targets.moods.pop("silent-search"),
            beside=(fires("ImRelayTokenUnanswered", app="e-silent-search"),),
        ),
        Fault(
            "lost-callbacks",
            "two callbacks of a platform are never sent, and the search finds them",
            (fires("ImRelayCallbacksLost", app="old"),),
            in_turn(lambda: lose(scene), scene.search, listed),
            scene.source.mood,
            ready=lambda: hear(scene),
        ),
    ]


def replay(talk: Talk) -> None:
    call, now = uuid4().hex, int(time.time() * 1000)
    for words in ("one", "another"):
        said = {
            "callId": f"cut-off#cut-off_{call}",
            "eventType": "chat",
            "timestamp": now,
            "chat_type": "chat",
            "from": "alice",
            "to": "bob",
            "msg_id": str(uuid4().int % 10**18),
            "payload": {"ext": {}, "bodies": [{"type": "txt", "msg": words}], "from": "alice", "to": "bob", "type": "chat"},
            "content_type": "chat:user:txt",
            "securityVersion": "1.0.0",
            "host": "made-up",
            "appkey": "cut-off#cut-off",
            "security": md5(f"cut-off#cut-off_{call}{SECRET}{now}".encode()).hexdigest(),
        }
        talk.raw("e-cut-off", orjson.dumps(said))


def hear(scene: Scene) -> None:
    """A conversation of which nothing has come is not searched in."""
    scene.source.say("alice", "bob", "heard", type="person")
    scene.source.settled()


def lose(scene: Scene) -> None:
    """What is said now is called back to nobody; the mood ends with the fault."""
    scene.source.mood(lose_callbacks=1.0)
    for words in ("lost", "lost as well"):
        scene.source.say("alice", "bob", words, type="person")
    scene.source.mood()


class Crowd:
    """Many connections that are opened and say half a head; those that were closed are opened again."""

    SIZE = 60

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: list[socket.socket] = []

    def press(self) -> None:
        self.leave()
        for _ in range(self.SIZE):
            with suppress(OSError):
                one = socket.create_connection(("127.0.0.1", self._port), timeout=2)
                self._open.append(one)
                one.sendall(b"POST /callbacks/old HTTP/1.1\r\nhost: ")

    def leave(self) -> None:
        for one in self._open:
            one.close()
        self._open.clear()
