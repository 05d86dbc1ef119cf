"""`im-relay migrate check` and `plan` as an operator uses them."""

import csv
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from converters import PLATFORMS
from converters.migration_problems import KINDS
from converters.probing import Findings
from streams.cli.app import app
from streams.migrate.bundle import Bundle
from streams.migrate.errors import MigrateError
from streams.migrate.plan import quotas_of, read_plan
from streams.migrate.probe import findings_path
from tests.migrate.exports import DAY, said, user, write

SETTINGS = """
[apps.old]
platform = "yunxin"
target = "new"
[apps.old.account]
app_key = "0123456789abcdef0123456789abcdef"
app_secret = "0123456789"
[apps.new]
platform = "easemob"
target = "old"
[apps.new.account]
org = "acme"
app = "shop"
client_id = "YXA6client"
client_secret = "YXA6secret"
callback_secret = "callback-secret"
base_url = "https://im.example"
"""
PAST = 1_600_000_000_000
"""Older than any retention."""


@pytest.fixture(autouse=True)
def customer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IM_RELAY_LANG", raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    write(tmp_path / "relay.toml", [SETTINGS])
    write(tmp_path / "export" / "users.jsonl", [user("Li"), user("li"), user("bob"), user("=cmd|x")])
    write(tmp_path / "export" / "messages.jsonl", [said(1, "li", "bob", at=PAST, text="planted-text"), "{planted\n"])
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["migrate", *words])


def check(*words: str) -> Result:
    return run("check", "--from", "export", "--to", "new", "-c", "relay.toml", *words)


def test_all_problems_are_said_at_once_and_lie_in_a_table() -> None:
    result = check()
    assert result.exit_code == 1
    assert "users 3" in result.output
    assert 'stop  case                     1  ids that become one user   "Li" and "li" become one user   users.jsonl:2' in result.output
    assert "messages older than 90 days: --for-devices, or --older" in result.output
    assert "exit 1; all 4 of them: problems.csv; 1 ids written otherwise" in result.output
    with Path("problems.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["kind"] for row in rows} == {"case", "changed-id", "retention", "line"}
    assert "planted" not in result.output + Path("problems.csv").read_text()
    (ids,) = Path(".im-relay").rglob("ids.csv")
    assert ids.read_text(encoding="utf-8-sig").splitlines()[1] == "'=cmd|x,x---3dcmd-7cx,yes"


def test_what_a_person_has_decided_lets_it_pass_and_the_bundle_has_the_name_of_its_hash() -> None:
    assert check().exit_code == 1
    result = check("--accept", "case", "--older")
    assert result.exit_code == 0, result.output
    assert "messages 1" in result.output
    assert run("plan", "--out", "plan.md").exit_code == 0
    plan = read_plan(Path("plan.md"))
    assert Path(plan.bundle).name == plan.sha256[:12]
    with Bundle.open(Path(plan.bundle)) as bundle:
        assert bundle.meta.source == str(Path("export").absolute())  # found again from another directory
    assert plan.quotas["messages/users/import"] == 100


@pytest.mark.parametrize(("environment", "words"), [("zh_CN.UTF-8", ()), ("en_US.UTF-8", ("--lang", "zh"))])
def test_it_speaks_chinese_where_it_is_asked_to(environment: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IM_RELAY_LANG", raising=False)
    monkeypatch.setenv("LANG", environment)
    assert "问题 4 个" in check(*words).output
    assert run("plan", *words).exit_code == 0
    text = Path("plan.md").read_text(encoding="utf-8")
    assert "## 需要环信商务开通的清单" in text
    assert "**有 1 个问题阻止迁移。**" in text


def test_a_plan_holds_the_quotas_that_were_ordered() -> None:
    check("--accept", "case", "--older")
    assert run("plan", "--quota", "messages/users/import=500").exit_code == 0
    assert read_plan(Path("plan.md")).quotas["messages/users/import"] == 500
    assert "# Migration plan: old → new" in Path("plan.md").read_text(encoding="utf-8")


def test_a_plan_is_by_the_answers_of_the_probe() -> None:
    write(Path("export/users.jsonl"), [user(f"u{number}", push_style="plain") for number in range(60)])
    write(Path("export/messages.jsonl"), [])
    assert check("--before-group", "skip").exit_code == 0
    assert run("plan").exit_code == 0
    text = Path("plan.md").read_text(encoding="utf-8")
    assert "No probe was run: the careful reading holds." in text
    assert "| users | `users` | 2 | `users` 100 |" in text
    assert "| users | `push/style` | 60 | `users` 100 |" in text
    rules = PLATFORMS["easemob"].migration
    assert rules is not None
    assert quotas_of(Path("plan.md"), rules) == {}
    found = Findings(full_batch=True, shared=("push/nickname",), before_group="accepted", custom_ids=True)
    findings_path(Path(".im-relay/migrate"), "new").write_bytes(msgspec.json.encode(found))
    assert run("plan", "--quota", "push/style=300").exit_code == 0
    text = Path("plan.md").read_text(encoding="utf-8")
    assert "| users | `users` | 1 | `users` 100 |" in text
    assert "| users | `push/style` | 60 | `push/style` 300 |" in text
    assert "These share the quota of registration: `push/nickname`." in text
    assert "`im-relay migrate check --before-group import` keeps these messages with their time" in text
    assert "given by us" not in text
    assert "older than the group at Easemob" not in text
    assert quotas_of(Path("plan.md"), rules) == {"push/style": 300}
    Path("plan.md").write_text(text.replace('"push/style" = 300', '"push/stile" = 300'))
    with pytest.raises(MigrateError, match="quotas push/stile; expected: blocks, "):
        quotas_of(Path("plan.md"), rules)
    findings_path(Path(".im-relay/migrate"), "new").write_text("{")
    refused = run("plan")
    assert refused.exit_code == 2
    assert "run im-relay migrate probe again" in " ".join(refused.output.split())


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (("check", "--from", "nowhere", "--to", "new", "-c", "relay.toml"), "no such file or folder"),
        (("check", "--from", "export", "--to", "neu", "-c", "relay.toml"), "which is no app of the settings; there are: new, old"),
        (
            ("check", "--from", "export", "--to", "old", "-c", "relay.toml"),
            "nothing can be migrated to that platform yet; to these it can: ",
        ),
        (("check", "--from", "export", "--to", "new", "--as", "x", "-c", "relay.toml"), "say with --as which app"),
        (("check", "--from", "export", "--to", "new", "--edition", "gold", "-c", "relay.toml"), "--edition is gold; "),
        (("check", "--from", "export", "--to", "new", "--skip", "line", "-c", "relay.toml"), "--skip is line; expected: case"),
        (("check", "--from", "export", "--to", "new", "--before-group", "x", "-c", "relay.toml"), "expected stop, skip, restamp or import"),
        (("check", "--from", "export", "--to", "new", "--lang", "fr", "-c", "relay.toml"), "expected en or zh"),
        (("plan", "--work", "empty"), "there is no bundle in empty"),
        (("plan", "--quota", "import=0"), "expected NAME=CALLS_A_SECOND"),
    ],
)
def test_what_is_not_as_needed_is_said(words: tuple[str, ...], wrong: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert wrong in " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("hello", "no block"),
        ("```toml\nbundle = 3\n```\n", "bundle"),
        ('```toml\nbundle = "b"\nsha256 = "s"\n[quotas]\nx = -1\n```\n', "quotas x"),
    ],
)
def test_a_plan_that_is_none_is_refused(text: str, wrong: str) -> None:
    Path("bad.md").write_text(text)
    with pytest.raises(MigrateError, match=wrong):
        read_plan(Path("bad.md"))


def test_options_name_the_kinds_that_a_person_may_decide() -> None:
    assert {kind for kind, about in KINDS.items() if about.may} == {
        "case",
        "same-id",
        "phone",
        "owner",
        "seconds",
        "micros",
        "future",
        "unread",
        "lines",
    }
    assert DAY == 86_400_000
