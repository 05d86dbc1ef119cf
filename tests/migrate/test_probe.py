"""The probe's command on a simulated app: what it finds lies where `apply` looks, and nothing of it stays on the app."""

from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from converters.probing import Answered, Findings
from streams.cli.migrate_probe import _nobody
from streams.ingress.record import headers_of
from streams.kafka import topics
from streams.migrate.apply import findings_of
from streams.migrate.probe import CallbackEar, Prober, ProbeRun, read_run, run_path
from streams.outbound.vendor_client import VendorClient
from streams.settings.root import load, marking
from tests.migrate.rig import Rig, said
from tests.simulators.process import SimulatorProcess
from tests.stack import MARKS


def users(sim: SimulatorProcess) -> int:
    """Accounts that were made, less those that were deleted."""
    apis = [entry["api"] for entry in sim.journal("accepted")]
    made = sum(len(entry.get("users") or [entry.get("user")]) for entry in sim.journal("accepted") if entry["api"] == "user.create")
    return made - apis.count("user.delete")


def test_what_the_probe_finds_lies_where_apply_looks_and_nothing_stays(kafka: str, tmp_path: Path) -> None:
    with (
        SimulatorProcess("easemob", limit_calls=0, limit_user_calls=0, import_repeat="doubled") as sim,
        Rig(kafka, tmp_path, sim.url) as rig,
    ):
        assert "nothing was done" in said(rig.config, "migrate", "probe", code=1)
        assert sim.journal("accepted") == []
        found = msgspec.json.decode(rig.command("migrate", "probe", "--yes", "--json").splitlines()[-1], type=Findings)
        # Nobody calls back here, and nobody looks: what cannot be told stays open.
        assert (found.repeat, found.full_batch, found.callbacks, found.conversations, found.in_files) == ("doubled", True, None, None, None)
        assert findings_of(rig.bundles, "new") == found
        assert users(sim) == 0
        assert sim.journal("accepted"), "it was asked"
        run = read_run(rig.bundles, "new")
        assert run is not None
        assert run.cleaned
        # A run that was cut off left something behind: the next one deletes it first.
        run_path(rig.bundles, "new").write_bytes(msgspec.json.encode(ProbeRun(prefix="improbeleft", now=run.now)))
        sim.preload(["improbeleft000"])
        table = rig.command("migrate", "probe", "--yes", "--lang", "zh")
        assert "以上一条消息的时间戳再次导入时" in table
        deleted = {entry["user"] for entry in sim.journal("accepted") if entry["api"] == "user.delete"}
        assert "improbeleft000" in deleted


async def test_callbacks_are_heard_where_there_are_some(kafka: str, tmp_path: Path) -> None:
    with Rig(kafka, tmp_path, "http://127.0.0.1:9") as rig:
        settings = load(rig.config)
        app = marking(settings)["new"]
        ear = await CallbackEar(settings, app).start()
        producer = AIOKafkaProducer(bootstrap_servers=kafka)
        await producer.start()
        try:
            assert await ear.heard("improbe1 first", 0.0) is None, "no callback has ever come: that none comes says nothing"
            topic = topics.CALLBACKS.name("easemob", prefix=rig.prefix)
            await producer.send_and_wait(topic, b'{"msg": "improbe1 first"}', headers=list(headers_of("new", 1, [])))
            await producer.send_and_wait(topic, b'{"msg": "improbe1 other"}', headers=list(headers_of("another", 1, [])))
            assert await ear.heard("improbe1 first", 30.0) is True
            assert await ear.heard("improbe1 other", 0.0) is False, "of another app"
        finally:
            await producer.stop()
            await ear.stop()


async def test_it_is_cleaned_up_after_whatever_ends_it(tmp_path: Path) -> None:
    with SimulatorProcess("easemob", limit_calls=0, limit_user_calls=0) as sim:
        config = tmp_path / "relay.toml"
        config.write_text(SETTINGS.format(url=sim.url, directory=tmp_path / "work"))
        settings = load(config)
        app = marking(settings)["new"]

        class Cut(Exception):
            pass

        def cut(one: Answered) -> None:
            raise Cut

        async def deaf(marker: str, seconds: float) -> bool | None:
            return None

        client = VendorClient(app, settings.deliver, acts=True)
        try:
            with pytest.raises(Cut):
                await Prober(settings, app, client, deaf, _nobody, cut).run()
            assert users(sim) == 0
            assert findings_of(settings.migrate.directory, "new") == Findings()
            await Prober(settings, app, client, deaf, _nobody, lambda one: None).run(burst=20)
        finally:
            await client.close()
        assert findings_of(settings.migrate.directory, "new").repeat == "refused"


@pytest.fixture(autouse=True)
def marks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in MARKS.items():
        monkeypatch.setenv(name, value)


SETTINGS = """
[migrate]
directory = "{directory}"
[deliver]
quotas = false
[apps.new]
platform = "easemob"
target = "old"
[apps.new.account]
org = "demo"
app = "relay"
client_id = "YXA6demo"
client_secret = "YXA6demosecret"
callback_secret = "demo-easemob-secret"
base_url = "{url}"
[apps.old]
platform = "yunxin"
target = "new"
account = {{app_key = "demo-yunxin", app_secret = "demo-yunxin-secret"}}
"""
