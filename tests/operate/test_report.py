"""`im-relay report` on a running relay and a real broker: complete where all is well, and each loss by its name where not."""

import re
import time
from pathlib import Path
from typing import Any

from tests.operate.conftest import Ground, callback, command, rows
from tests.stack import Stack
from tests.waiting import until


def texts(stack: Stack) -> list[str]:
    return [entry["text"] for entry in stack.easemob.journal("accepted") if entry["api"] == "send"]


def shown(stack: Stack, since: int, *words: str) -> list[dict[str, Any]]:
    """All that the report says to programs of what came in from *since* on."""
    return rows(command(stack.config, "report", "--json", "--since", str(since), "--until", str(now() + 1), *words))


def now() -> int:
    return int(time.time() * 1000)


def confirmed(stack: Stack, since: int, count: int, *words: str) -> list[dict[str, Any]]:
    """As `shown`, once the target has shown *count* events: its callbacks come after its answers."""

    def look() -> list[dict[str, Any]] | None:
        found = shown(stack, since, *words)
        return found if sum(one["confirmed"] for one in found if one["what"] == "hour") == count else None

    return until(look)


def test_a_healthy_hour_is_complete(stack: Stack) -> None:
    since = now()
    for number in range(6):
        stack.yunxin.say("carol", "dave", f"complete {number}")
    found = confirmed(stack, since, 6)
    (hour,) = [one for one in found if one["what"] == "hour" and one["received"]]
    assert (hour["app"], hour["received"], hour["carried"], hour["there"], hour["confirmed"]) == ("old", 6, 6, 6, 6)
    assert hour["same"] is True
    assert hour["source"] == hour["target"]
    assert found[-1]["complete"] is True
    (conversation,) = [one for one in found if one["what"] == "conversation"]
    assert re.fullmatch(r"direct c…[0-9a-f]{6} d…[0-9a-f]{6}", conversation["conversation"]), "masked"
    page = command(stack.config, "report", "--since", str(since), "--until", str(now()), "--lang", "en")
    assert page.exit_code == 0
    assert "Complete: everything that came in and had to arrive is at its target." in page.stdout
    assert not [word for word in ("complete 0", "carol", "dave") if word in page.output]


def test_what_the_target_swallowed_and_what_died_are_named(stack: Stack, tmp_path: Path) -> None:
    since = now()
    for number in range(3):
        stack.yunxin.say("carol", "dave", f"seen {number}")
    until(lambda: texts(stack)[-1:] == ["seen 2"])
    stack.easemob.mood(swallow=1.0, count=1)
    swallowed = stack.yunxin.say("carol", "dave", "swallowed")["id"]
    stack.easemob.preload(users=["frank"])
    died = stack.easemob.say("alice", "frank", "to nobody")["id"]

    def both() -> list[dict[str, Any]] | None:
        found = [one for one in shown(stack, since) if one["what"] == "event"]
        return found if {one["state"] for one in found} == {"unseen", "dead-letter"} and len(found) == 2 else None

    by_state = {one["state"]: one for one in until(both)}
    assert by_state["unseen"]["event"] == f"yunxin:old:direct:{swallowed}:post"
    assert by_state["dead-letter"]["event"] == f"easemob:new:direct:{died}:post"
    assert by_state["dead-letter"]["detail"] == "refused (theirs, deliver)"
    hours = {one["app"]: one for one in shown(stack, since) if one["what"] == "hour"}
    assert (hours["old"]["carried"], hours["old"]["there"], hours["old"]["same"]) == (4, 3, False)
    assert hours["old"]["source"] != hours["old"]["target"]
    done = command(stack.config, "report", "--since", str(since), "--until", str(now()), "--out", str(tmp_path / "r"), "--lang", "zh")
    assert done.exit_code == 1
    for text in ((tmp_path / "r.md").read_text(), (tmp_path / "r.html").read_text()):
        assert "不完整：2 个事件未决。" in text
        assert all(one["event"] in text for one in by_state.values())
        assert not [word for word in ("swallowed", "carol", "frank") if word in text]


def test_what_was_never_called_back_is_named_where_the_source_is_asked(stack: Stack) -> None:
    since = now()
    stack.yunxin.say("carol", "dave", "called back")
    confirmed(stack, since, 1)
    stack.yunxin.mood(lose_callbacks=1.0)
    lost = stack.yunxin.say("carol", "dave", "never called back")["id"]
    stack.yunxin.mood()
    assert [one for one in shown(stack, since) if one["what"] == "event"] == [], "nobody here knows of it"
    asked = shown(stack, since, "--ask")
    assert [(one["event"], one["state"]) for one in asked if one["what"] == "event"] == [
        (f"yunxin:old:direct:{lost}:post", "not-called-back")
    ]
    assert asked[-1]["asked"] == ["new", "old"]
    assert asked[-1]["complete"] is False


def test_what_convert_never_understood_is_named_by_its_place(ground: Ground) -> None:
    at = now()
    (offset,) = ground.put([(ground.names.callbacks, 1, b"native", callback(1), [("app", b"gone"), ("received", b"%d" % at)], at)])
    ground.called(callback(2))
    ground.convert()
    done = ground.im_relay("report", "--json", "--since", "1h", "--until", str(at + 60_000))
    assert done.exit_code == 1
    found = {one["event"]: one for one in rows(done) if one["what"] == "event"}
    lost = found[f"{ground.names.callbacks}:1:{offset}"]
    assert (lost["app"], lost["state"], lost["detail"]) == ("gone", "dead-letter", "app-unknown (ours, convert)")
    assert (found["yunxin:old:direct:2:post"]["state"], found["yunxin:old:direct:2:post"]["detail"]) == ("waits", "deliver")


def test_a_period_that_is_none_is_refused(ground: Ground) -> None:
    for words in (
        ("--hour", "2026-03-01T12", "--day", "2026-03-01"),
        ("--day", "tomorrow"),
        ("--zone", "Beijing"),
        ("--since", "1m", "--until", "2m"),
        ("app",),
    ):
        assert ground.im_relay("report", *words).exit_code == 2, words
