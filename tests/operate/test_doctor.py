"""`im-relay doctor` beside a running relay: callbacks are read from their topics, and no message of it crosses."""

from pathlib import Path

from tests.operate.conftest import command, rows
from tests.stack import Stack


def test_it_hears_the_running_relay_and_no_message_crosses(stack: Stack, tmp_path: Path) -> None:
    done = command(stack.config, "doctor", "--json", "--wait", "10", "--report", str(tmp_path / "doctor.md"))
    found = {(row["app"], row["check"]): row for row in rows(done)}
    for app in ("old", "new"):
        for check in ("credentials", "message", "callback", "echo", "edit", "recall", "files"):
            assert found[app, check]["state"] == "good", found[app, check]
    for side in (stack.yunxin, stack.easemob):
        side.settled()
        sent = [entry for entry in side.journal("accepted") if entry["api"] == "send" and "imrdoctor" in str(entry)]
        assert sent
        # An edit has no mark, and arrives as a new text for the two where its message is not known.
        crossed = [entry for entry in sent if "doctor:" not in str(entry) and str(entry.get("text", "")).endswith((" 1", " 3"))]
        assert not crossed, "\n".join(map(str, sent))
