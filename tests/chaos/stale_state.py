"""Local state that is older than its topics: they were made anew, and nobody removed the directories."""

import shutil
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from tests.chaos.accounts import Account
from tests.chaos.evidence import lines
from tests.chaos.knowing import note
from tests.chaos.rig import Rig
from tests.chaos.scenario import Stage, scenario
from tests.chaos.topics import back
from tests.chaos.workers import Worker

PATIENCE = 60.0
REMADE, SPARED = "im_relay_state_rebuilt_total", "im_relay_already_delivered_total"


@scenario(
    "old-state",
    "all topics are deleted and made anew, and the roles start with the state that lies there; later everything is read again",
    messages=9_000,
    rate=300,
    rest=90.0,
)
def old_state(stage: Stage) -> None:
    """First the new topics are shorter than what was taken in of the old ones; later, with a copy of the old state, they are longer."""
    rig = stage.build(tireless=True)
    told: list[str] = []
    state, kept = rig.directory / "state", rig.directory / "kept"

    rig.load(stage.messages // 3, stage.rate)
    rig.play()
    told.append(rig.settle(stage.patience))
    before = {one.event for one in rig.journals.said}
    _stop(rig.workers, rig)
    shutil.copytree(state, kept)
    _make_anew(rig)
    _start(rig.workers, rig)

    rig.load(stage.messages - stage.messages // 3, stage.rate)
    rig.play()
    told.append(rig.settle(stage.patience))
    note(rig, REMADE, *rig.deliver)
    for worker in (workers := [one for one in rig.workers if one.kind in rig.deliver]):
        worker.wanted = False
        rig.kill(worker)
    # The one direction has what it had, the other one the copy.
    for old in kept.glob(f"*{rig.deliver[0].replace('-', '.')}-*"):
        shutil.rmtree(state / old.name)
        shutil.copytree(old, state / old.name)
    _forget_offsets(rig, [f"{rig.prefix}{kind.replace('-', '.')}" for kind in rig.deliver])
    _start(workers, rig)
    rig.load(200, stage.rate)
    rig.play()
    stage.last.append(lambda: note(rig, SPARED, *rig.deliver))

    # The ledger of those messages was deleted.
    for kind in ("unwritten", "open_doubts"):
        stage.excused[kind] = partial(_not_of, before, kind)
    stage.claims.append(lambda _: [text for text in told if text])
    stage.claims.append(lambda _: _remade(rig))
    again = stage.messages - stage.messages // 3
    stage.claims.append(lambda _: [] if rig.counts[SPARED] >= again else [f"only {rig.counts[SPARED]} of {again} were read again"])


def _stop(workers: Sequence[Worker], rig: Rig) -> None:
    for worker in workers:
        rig.leave(worker)
    _until(rig, lambda: not any(worker.alive for worker in workers), "all have left")


def _not_of(events: Collection[str], kind: str, account: Account) -> list[str]:
    """Some of the account's list *kind* that are none of *events*."""
    return [event for event in getattr(account, kind) if event not in events][:3]


def _are_ready(workers: Sequence[Worker]) -> bool:
    return all(worker.alive and worker.ready() for worker in workers)


def _start(workers: Sequence[Worker], rig: Rig) -> None:
    """One of each kind, and the others when it is ready: it takes all partitions, those of which its directory has state, too."""
    for number in (1, 2):
        some = [worker for worker in workers if worker.number == number]
        back(some)
        _until(rig, partial(_are_ready, some), f"those of number {number} are ready")


def _make_anew(rig: Rig) -> None:
    admin = AdminClient({"bootstrap.servers": rig.bootstrap})

    def ours() -> list[str]:
        return [name for name in admin.list_topics(timeout=20).topics if name.startswith(rig.prefix)]

    rig.counts["topics deleted"] = len(ours())
    for done in admin.delete_topics(ours()).values():
        done.result(20)
    _until(rig, lambda: not ours(), "the topics are gone")
    groups = [one.group_id for one in admin.list_consumer_groups().result(20).valid if one.group_id.startswith(rig.prefix)]
    _forget_offsets(rig, groups)
    rig.create_topics()
    rig.name_groups()
    rig.log("all topics are made anew")


def _forget_offsets(rig: Rig, groups: Sequence[str]) -> None:
    admin = AdminClient({"bootstrap.servers": rig.bootstrap})

    def forgotten(group: str) -> bool:
        try:
            admin.delete_consumer_groups([group])[group].result(20)
        except KafkaException as error:
            code = error.args[0].code()
            if code != KafkaError.NON_EMPTY_GROUP:  # until the sessions of those that were killed are over
                return bool(code == KafkaError.GROUP_ID_NOT_FOUND)
            return False
        return True

    for group in groups:
        _until(rig, partial(forgotten, group), f"the offsets of {group} are forgotten")
    rig.log(f"offsets of {len(groups)} groups are forgotten")


def _until(rig: Rig, holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"not after {PATIENCE:g} s: {what}")
        rig.tend()
        time.sleep(0.1)
    rig.tend()


def _remade(rig: Rig) -> list[str]:
    """That state was made anew for either reason: else nothing was tried."""
    found = [line["why"] for line in lines(rig.directory.glob("deliver-*.log")) if line.get("event") == "local state rebuilding"]
    rig.counts["states made anew as their topic was shorter"] = found.count("topic")
    rig.counts["states made anew as the topic knows other things"] = found.count("sample")
    wrong = [f"no state was made anew because of its {why}" for why in ("topic", "sample") if why not in found]
    return wrong + ([] if rig.counts[REMADE] else [f"{REMADE} does not tell of it"])
