"""A platform's pure side against its simulator, over HTTP: what a migration's worker does, without its ledger."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import msgspec

from converters import PLATFORMS
from converters.core.outcome import NotSent
from converters.inventory import AnyItem
from converters.migration import Bisect, Context, ItemOutcome, Piece
from converters.platform import FileRequest, Reply, Request, Signed, Token
from converters.probing import Burst, Listen, Look, Pause
from tests.simulation.conftest import running
from tests.simulators.client import SimulatorClient


class Wired:
    """One app; *sent* are the requests that left, in order."""

    def __init__(self, name: str, simulator: SimulatorClient) -> None:
        self.platform = PLATFORMS[name]
        self.simulator = simulator
        base = {"yunxin": f"{simulator.url}/nimserver"}.get(name, simulator.url)
        self.account: Any = msgspec.structs.replace(self.platform.example(), base_url=base)
        self.client = httpx.Client(trust_env=False, verify=False, timeout=20)
        self.sent: list[Request] = []
        self.groups: dict[str, str] = {}
        self.paused: Callable[[float], None] = lambda seconds: None
        self.auth = self.platform.auth
        self.token = self._granted() if isinstance(self.auth, Token) else ""

    def _granted(self) -> str:
        assert isinstance(self.auth, Token)
        asked = self.auth.ask(self.account)
        granted = self.auth.read(self._post(asked, asked.headers))
        assert not isinstance(granted, str), granted
        return granted.token

    def _post(self, request: Request, headers: dict[str, str]) -> Reply:
        answer = self.client.request(request.method, self.account.base_url + request.path, headers=headers, content=request.body)
        return Reply(answer.status_code, dict(answer.headers), answer.content)

    def send(self, request: Request) -> Reply | None:
        """None where no answer came."""
        self.sent.append(request)
        match self.auth:
            case Token(headers=make):
                more = make(self.token)
            case Signed(headers=signed):
                more = signed(self.account, int(time.time()), "0" * 16)
            case _:
                raise AssertionError
        try:
            return self._post(request, {**request.headers, **more})
        except httpx.TransportError:
            return None

    def fetch(self, wanted: FileRequest) -> Reply | None:
        answer = self.client.get(wanted.url)
        return Reply(answer.status_code, dict(answer.headers), answer.content)

    def read(self, name: str, subjects: Sequence[str] = (), cursor: str = "", span: Any = None) -> tuple[list[Any], str]:
        """What a reader yields, and what it could not see."""
        reader = next(one for one in self.platform.readers if one.name == name)
        return self.drive(reader.ask(subjects, span, cursor, self.account))

    def drive(
        self, asking: Generator[Any, Any, Any], looks: Callable[[str, str], bool] | None = None, heard: Callable[[str], bool] | None = None
    ) -> tuple[list[Any], Any]:
        found: list[Any] = []
        answer: Any = None
        while True:
            try:
                step = asking.send(answer)
            except StopIteration as end:
                return found, end.value
            match step:
                case Request():
                    answer = self.send(step)
                case FileRequest():
                    answer = self.fetch(step)
                case Burst(requests=requests):
                    answer = tuple(self.send(one) for one in requests)
                case Pause(seconds=seconds):
                    self.paused(seconds)
                    answer = None
                case Listen(marker=marker):
                    answer = heard(marker) if heard is not None else None
                case Look(user=user, other=other):
                    answer = looks(user, other) if looks is not None else None
                case _:
                    found.append(step)
                    answer = None

    def context(self, **more: Any) -> Context:
        def native(canonical: str) -> str:
            return str(self.platform.user_ids.write(canonical).native)

        given: dict[str, Any] = {
            "app": "new",
            "now": int(time.time() * 1000),
            "user": native,
            "group": lambda name: self.groups.get(name, ""),
            "room": lambda name: self.groups.get(name, ""),
            "password": lambda user: f"pw-of-{user}",
        }
        return Context(**(given | more))

    def apply(self, items: Iterable[AnyItem], context: Context | None = None) -> dict[tuple[int, str], ItemOutcome]:
        """Every piece of *items*, wave by wave, in batches, in halves where it has to be; (place of the item, part) -> outcome."""
        inventory = self.platform.inventory
        assert inventory is not None
        context = context or self.context()
        listed = list(items)
        pieces = [(place, piece) for place, item in enumerate(listed) for piece in inventory.pieces(item, self.account).pieces]
        outcomes: dict[tuple[int, str], ItemOutcome] = {}
        for wave in sorted({part.wave for part in inventory.parts}):
            batches: dict[tuple[str, str], list[tuple[int, Piece]]] = {}
            for place, piece in pieces:
                if inventory.part(piece.part).wave == wave:
                    batches.setdefault((piece.part, inventory.batch(piece, self.account, context)), []).append((place, piece))
            for (name, _), held in batches.items():
                most = inventory.most(inventory.part(name), context.findings)
                for begin in range(0, len(held), most):
                    self._batch(held[begin : begin + most], context, outcomes)
        return outcomes

    def _batch(self, held: list[tuple[int, Piece]], context: Context, outcomes: dict[tuple[int, str], ItemOutcome], tries: int = 4) -> None:
        inventory = self.platform.inventory
        assert inventory is not None
        pieces = [piece for _, piece in held]
        request = inventory.encode(pieces, self.account, context)
        reply = self.send(request)
        found = inventory.read(pieces, request, reply) if reply is not None else (NotSent("no answer"),) * len(held)
        assert len(found) == len(held)
        again = []
        for (place, piece), outcome in zip(held, found, strict=True):
            if isinstance(outcome, Bisect):
                assert len(held) > 1
                middle = len(held) // 2
                self._batch(held[:middle], context, outcomes, tries)
                self._batch(held[middle:], context, outcomes, tries)
                return
            outcomes[place, piece.part] = outcome
            if isinstance(outcome, NotSent) and tries:
                again.append((place, piece))
            made = getattr(outcome, "remote_id", "")
            if piece.part in {"group", "room"} and made:
                self.groups[piece.item.id] = made  # type: ignore[union-attr]
        if again:
            self._batch(again, context, outcomes, tries - 1)

    def journal(self, *apis: str) -> list[dict[str, Any]]:
        return [entry for entry in self.simulator.journal("accepted") if not apis or entry["api"] in apis]


@contextmanager
def wired(name: str, **options: Any) -> Iterator[Wired]:
    given = {"users": [], "group": {}, **({"limit_calls": 0.0} if name != "own" else {})} | options
    with running(name, **given) as simulator:
        one = Wired(name, simulator)
        try:
            yield one
        finally:
            one.client.close()
