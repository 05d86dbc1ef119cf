"""Pictures and voices under a load of texts, both ways: the role that brings them over is killed, and files go wrong."""

import time
from base64 import b64decode
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import httpx

from tests.chaos.accounts import Account
from tests.chaos.evidence import event_of
from tests.chaos.people import place_of
from tests.chaos.processes import killing
from tests.chaos.rig import Rig, Story
from tests.chaos.samples import SIDE, Kind, picture, same, tone, voice
from tests.chaos.scenario import Stage, scenario
from tests.simulators.client import SimulatorClient

EVERY = 0.12
"""Seconds between two of them."""
RECORDS: dict[str, Literal["amr", "aac"]] = {"easemob": "amr"}
"""What phones on a platform record in; all others in AAC."""
PATIENCE, READ, HOLD = 15.0, 2.0, 120.0
"""Seconds: for one file that goes wrong, for its next bytes, and for a conversation, longer than any file takes: none comes late."""
DOWNLOADS = {"file_missing": 0.05, "file_forbidden": 0.05, "file_stall": 0.05, "file_reset": 0.1, "file_short": 0.1}
UPLOADS = {"upload_401": 0.05, "upload_413": 0.05, "upload_throttle": 0.1, "upload_500": 0.1, "upload_lose_answer": 0.1}
BAD_DOWNLOADS = {"missing", "forbidden", "stall", "reset", "short"}
BAD_UPLOADS = {"401", "413", "throttled", "500", "answer lost"}


@scenario(
    "media-kill",
    "kill -9 of media at random moments, under texts, pictures and voices",
    messages=4_500,
    rate=150,
    rest=45.0,
    source="yunxin",
)
def media_kill(stage: Stage) -> None:
    rig = _built(stage)
    sending = Sending(rig, stage.duration)
    rig.load(stage.messages, stage.rate)
    kills = 3 if stage.short else 8
    rig.play(killing(rig, kills, stage.duration / kills, "media"), sending.story())
    _judged(stage, sending)
    # Whatever was under way when a worker died is done again by the next one: nothing excuses words in place of a file.
    stage.claims.append(lambda _: sending.complaints({}, 0))


@scenario(
    "media-faults",
    "downloads answered 404 and 403, stalled, reset, cut short; uploads 401, 413, 429, 500, or their answer lost",
    messages=4_500,
    rate=150,
    rest=60.0,
    source="yunxin",
)
def media_faults(stage: Stage) -> None:
    rig = _built(stage)
    sending = Sending(rig, stage.duration)
    rig.load(stage.messages, stage.rate)
    rig.play(_faulty(rig, stage.duration * 0.7), sending.story())
    _judged(stage, sending)
    stage.claims.append(lambda _: [] if sending.bad and sending.refused else [f"hardly a fault: {sending.bad}, {sending.refused}"])
    stage.claims.append(lambda _: sending.complaints(sending.bad, sending.refused))


def _built(stage: Stage) -> Rig:
    rig = stage.build(deliver=f"order_hold = {HOLD}", media=f"patience = {PATIENCE}\nread_timeout = {READ}")
    stage.claims.append(lambda _: _left_behind(rig.directory / "media"))
    return rig


def _left_behind(directory: Path) -> list[str]:
    """A worker that was killed leaves its files to the next one; locks are no files of anybody's."""
    found = [one.name for one in directory.rglob("*") if one.is_file() and one.name != "lock"]
    return [f"{len(found)} temporary files are left, such as {found[:3]}"] if found else []


def _faulty(rig: Rig, seconds: float) -> Story:
    yield 2.0
    rig.log("files go wrong")
    for side in rig.sides.values():
        side.file_mood(**DOWNLOADS, **UPLOADS, seed=rig.random.randrange(10**6))
    yield seconds
    rig.log("files are well again")
    for side in rig.sides.values():
        side.file_mood()


def _judged(stage: Stage, sending: "Sending") -> None:
    stage.last.append(sending.look)

    def told(_: Account) -> list[str]:
        kinds = Counter(one.kind or "words" for one in sending.shown)
        stage.notes.append(f"{len(sending.sent)} files: {', '.join(f'{count} came as {kind}' for kind, count in sorted(kinds.items()))}")
        faults = Counter(fault for found in sending.bad.values() for fault in found)
        if faults or sending.refused:
            many = ", ".join(f"{count} {fault}" for fault, count in sorted(faults.items()))
            stage.notes.append(f"downloads: {many}; uploads that went wrong: {sending.refused}")
        return [] if len(sending.sent) > 20 else ["hardly any file was sent"]

    stage.claims.append(told)


class Sample(NamedTuple):
    kind: Kind
    number: int
    url: str


class Shown(NamedTuple):
    """What stands at the target in a sample's place."""

    event: str
    where: str
    kind: str
    """Of the file; none where there are words in its place."""
    same: bool = False
    text: str = ""


class Sending:
    """People who send pictures and voices, for so many *seconds*."""

    def __init__(self, rig: Rig, seconds: float) -> None:
        self._rig = rig
        self._seconds = seconds
        self.sent: dict[str, Sample] = {}
        self.shown: list[Shown] = []
        self.bad: dict[str, list[str]] = {}
        """What went wrong with downloads, by the file's address."""
        self.refused = 0
        """Uploads that went wrong."""

    def story(self) -> Story:
        end = time.monotonic() + self._seconds
        while time.monotonic() < end:
            self._send(len(self.sent))
            yield EVERY

    def _send(self, number: int) -> None:
        rig = self._rig
        here = rig.random.choice(rig.platforms)
        sender, to, where = place_of(rig, here)
        kind: Kind = rig.random.choice(("image", "voice"))
        media: dict[str, Any] = {"kind": kind}
        if kind == "image":
            media |= {"content": picture(number), "name": f"picture-{number}.png", "width": SIDE, "height": SIDE}
        else:
            form = RECORDS.get(here, "aac")
            media |= {"content": voice(number, form), "name": f"voice-{number}.{form}", "duration": tone(number)[1]}
        answer = rig.sides[here].send(sender, to, media, type=where)
        # Before anybody reads the journals, which need to know that its words are none.
        event = event_of(here, rig.apps[here], where, answer["id"])
        rig.journals.files.add(event)
        self.sent[event] = Sample(kind, number, "")

    def look(self) -> None:
        """When all is at rest, and the platforms are still there: fetch what came, and compare."""
        journals = self._rig.journals
        for side in self._rig.sides.values():
            side.file_mood()
        for platform, entry in journals.came:
            event, url = journals.named(platform, entry["type"], entry["id"]), str((entry.get("media") or {}).get("url", ""))
            if entry["kind"] == "said":
                self.sent[event] = self.sent[event]._replace(url=url)
                continue
            media, sample = entry.get("media"), self.sent[event]
            whole = media is not None and same(sample.kind, sample.number, _content(media))
            where = f"{platform} {entry['id']}"
            self.shown.append(Shown(event, where, media["kind"] if media else "", whole, str(entry["text"] or "")))
        self.bad, self.refused = _went_wrong(self._rig.sides.values(), {one.url for one in self.sent.values()})

    def complaints(self, bad: Mapping[str, Collection[str]], refused: int) -> list[str]:
        return check(self.sent, self.shown, bad, refused)


def _content(media: Mapping[str, Any]) -> bytes:
    if inline := media.get("inline"):
        return b64decode(inline)
    headers = {"share-secret": str(media["secret"])} if media.get("secret") else {}
    answer = httpx.get(media["url"], headers=headers, timeout=20, trust_env=False)
    return answer.content if answer.status_code == 200 else b""


def _went_wrong(sides: Iterable[SimulatorClient], addresses: Collection[str]) -> tuple[dict[str, list[str]], int]:
    by_file = {url.rpartition("/")[2]: url for url in addresses if url}
    bad: dict[str, list[str]] = {}
    refused = 0
    for entry in (entry for side in sides for entry in side.journal("file")):
        if entry["what"] == "upload":
            refused += entry["outcome"] in BAD_UPLOADS
        elif entry["outcome"] in BAD_DOWNLOADS and entry["file"] in by_file:
            bad.setdefault(by_file[entry["file"]], []).append(entry["outcome"])
    return bad, refused


def check(sent: Mapping[str, Sample], shown: Iterable[Shown], bad: Mapping[str, Collection[str]], refused: int) -> list[str]:
    """What is wrong with the files that came. Each is *shown* once, the same as it was *sent*, or by words that say what it was, which
    only a download that went *bad*, by the file's address, or one of as many *refused* uploads excuses."""
    count: Counter[str] = Counter()
    wrong: dict[str, list[str]] = {"strange": [], "changed": [], "of another kind": [], "in no words": [], "in words for no reason": []}
    unexplained: list[str] = []
    for one in shown:
        sample = sent.get(one.event)
        if sample is None:
            wrong["strange"].append(f"{one.event} at {one.where}")
            continue
        count[one.event] += 1
        if one.kind:
            if one.kind != sample.kind:
                wrong["of another kind"].append(f"{one.event} at {one.where}: {one.kind}")
            elif not one.same:
                wrong["changed"].append(f"{one.event} at {one.where}")
        elif not one.text.startswith("["):
            wrong["in no words"].append(f"{one.event} at {one.where}")
        elif not bad.get(sample.url):
            unexplained.append(f"{one.event} at {one.where}")
    if len(unexplained) > refused:
        wrong["in words for no reason"] = unexplained
    wrong["not there"] = [event for event in sent if not count[event]]
    wrong["more than once"] = [event for event, times in count.items() if times > 1]
    return [f"files {name}: {len(found)}, such as {found[:3]}" for name, found in wrong.items() if found]
