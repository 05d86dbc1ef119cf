import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from converters import PLATFORMS
from converters.platform import Request
from streams.cli.preview import preview
from tests.converters.shapes import as_callback, body, message

APP = typer.Typer()
APP.command()(preview)
CASES = Path(__file__).parent.parent / "cases"
COPIES = [
    (path.parent.name, given["raw"].encode("latin-1") if "raw" in given else body(path.parent.name, given["callback"]))
    for path in sorted(CASES.glob("*/*.json"))
    if (case := json.loads(path.read_bytes()))["expect"].get("decoded") and (given := case["given"])
]


def run(platform: str, target: str, sent: bytes) -> Any:
    return CliRunner().invoke(APP, ["--platform", platform, "--target", target, "-"], input=sent)


def test_a_callback_of_any_kind_gives_one_json_object() -> None:
    for platform, said in COPIES:
        for target in sorted(PLATFORMS):
            shown = run(platform, target, said)
            assert shown.exit_code == 0, shown.output
            held = json.loads(shown.stdout)
            assert held["requests"] or held["ignored"] or held["echoes"] or held["losses"], said


def test_the_requests_are_shown_as_they_would_be_sent(tmp_path: Path) -> None:
    file = tmp_path / "callback.json"
    file.write_text(json.dumps(message("easemob", "早 & b", to="270", kind="group")), encoding="utf-8")
    shown = CliRunner().invoke(APP, ["--platform", "easemob", "--target", "yunxin", str(file)])
    held = json.loads(shown.stdout)
    (request,) = held["requests"]
    assert request["body"]["to"] == "270"
    assert json.loads(request["body"]["body"]) == {"msg": "早 & b"}
    sent = Request(request["method"], request["path"], request["headers"], request["raw"].encode())
    assert as_callback("yunxin", sent)["body"] == "早 & b"
    assert held["events"][0]["sender"] == "alice"
    assert len(held["notes"]) == 2


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--platform", "icq", "--target", "yunxin", "-"], f"no platform 'icq'; there are: {', '.join(sorted(PLATFORMS))}"),
        (["--platform", "yunxin", "--target", "easemob", "/nowhere"], "cannot read /nowhere"),
        (["--platform", "yunxin", "--target", "easemob", "-"], "malformed"),
        (["--platform", "yunxin", "--target", "easemob", "--account-from", "/nowhere", "-"], "settings file /nowhere"),
    ],
)
def test_what_cannot_be_shown_is_said_on_stderr(arguments: list[str], why: str) -> None:
    shown = CliRunner().invoke(APP, arguments, input="{oops")
    assert shown.exit_code == 2
    assert why in shown.stderr
    assert shown.stdout == ""


def test_accounts_of_the_settings_are_used(tmp_path: Path) -> None:
    config = tmp_path / "relay.toml"
    config.write_text(
        '[apps.a]\nplatform = "yunxin"\ntarget = "b"\n[apps.a.account]\napp_key = "k"\napp_secret = "ssssssssssssssss"\napi = "v2"\n'
        '[apps.b]\nplatform = "easemob"\ntarget = "a"\n[apps.b.account]\norg = "acme"\napp = "shop"\n'
        'client_id = "i"\nclient_secret = "ssssssssssssssss"\ncallback_secret = "cccccccccccccccc"\n'
    )
    command = ["--platform", "yunxin", "--target", "easemob", "--account-from", str(config), "-"]
    shown = CliRunner().invoke(APP, command, input=json.dumps(message("yunxin")))
    assert json.loads(shown.stdout)["requests"][0]["path"] == "/acme/shop/messages/users"


RULES = """
[apps.a]
platform = "yunxin"
target = "b"
account = {app_key = "k", app_secret = "ssssssssssssssss"}
[[apps.a.rules]]
name = "movers"
receiver = "elsewhere"
do = "drop"
[[apps.a.rules]]
name = "newcomers"
sender = "no-account"
do = "create"
[apps.b]
platform = "easemob"
target = "a"
account = {org = "o", app = "p", client_id = "i", client_secret = "ssssssssssssssss", callback_secret = "cccccccccccccccc"}
"""


def test_the_rules_of_the_settings_are_applied_and_say_why_it_is_dropped(tmp_path: Path) -> None:
    config, known = tmp_path / "relay.toml", tmp_path / "known.jsonl"
    config.write_text(RULES)
    known.write_text('{"user": "bob", "accounts": {"easemob": "used"}, "cohort": ""}\n')
    command = ["--platform", "yunxin", "--target", "easemob", "--account-from", str(config), "-"]
    said = json.dumps(message("yunxin", sender="alice", to="bob"))
    without = json.loads(CliRunner().invoke(APP, command, input=said).stdout)
    assert (without["ignored"], without["requests"]) == (["rule:movers"], [])
    done = json.loads(CliRunner().invoke(APP, [*command, "--identities", str(known)], input=said).stdout)
    assert [request["path"] for request in done["requests"]] == ["/o/p/users", "/o/p/messages/users"]
    assert done["notes"] == ["alice has no account on easemob: it is made first"]
    assert len(done["events"]) == 1
    known.write_text("[]\n")
    refused = CliRunner().invoke(APP, [*command, "--identities", str(known)], input=said)
    assert refused.exit_code == 2
    assert "not what `im-relay identities list` prints" in refused.stderr
