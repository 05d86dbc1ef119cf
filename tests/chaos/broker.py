"""What is done to the broker, and to its answers."""

import os
import signal

from tests.chaos.accounts import Account
from tests.chaos.broker_proxy import ADD_OFFSETS_TO_TXN, END_TXN, PRODUCE, TXN_OFFSET_COMMIT, BrokerProxy
from tests.chaos.rig import Rig, Story
from tests.chaos.scenario import Skipped, Stage, scenario

PATIENCE = 240.0


@scenario("broker-stop", "the broker is stopped in good order and started again", messages=3_000, rate=200, rest=45.0, own_broker=True)
def broker_stop(stage: Stage) -> None:
    _broker_goes(stage, kill=False)


@scenario("broker-kill", "the broker is killed (-9) and started again", messages=3_000, rate=200, rest=45.0, own_broker=True)
def broker_kill(stage: Stage) -> None:
    _broker_goes(stage, kill=True)


@scenario(
    "broker-frozen",
    "the broker is frozen (SIGSTOP) beyond session and transaction time-out, and wakes",
    messages=6_000,
    rate=200,
    rest=45.0,
    own_broker=True,
)
def broker_frozen(stage: Stage) -> None:
    rig = stage.build(tireless=True)
    rig.load(stage.messages, stage.rate)
    rig.play(_freezing(rig, stage))
    # All signs of life stop at once: nobody is to be taken for dead.
    stage.claims.append(lambda _: ["workers were put out of their groups"] if rig.counts["workers put out by others"] else [])
    stage.patience = PATIENCE
    stage.excused["duplicate"] = rig.doubled_though_heard
    stage.notes.append("that platforms stop calling back an address that fails often is switched off")


def _freezing(rig: Rig, stage: Stage) -> Story:
    assert stage.node is not None
    assert stage.node.pid is not None
    yield rig.random.uniform(3.0, 5.0)
    rig.log("SIGSTOP of the broker")
    rig.counts["broker frozen"] += 1
    os.kill(stage.node.pid, signal.SIGSTOP)
    try:
        yield rig.random.uniform(17.0, 20.0)
    finally:
        os.kill(stage.node.pid, signal.SIGCONT)
    rig.log("the broker is awake")
    yield 10.0


def _broker_goes(stage: Stage, *, kill: bool) -> None:
    # While there is no broker one platform gives its callbacks up, by its own rules. Nobody is owed what it never got rid of; but an
    # echo may be among them, and so a doubt that is settled by sending again.
    rig = stage.build(tireless=True)
    rig.load(stage.messages, stage.rate)
    rig.play(_stopping(rig, stage, kill=kill))
    stage.patience = PATIENCE
    stage.left_allowed = True
    stage.excused["duplicate"] = rig.doubled_though_heard
    stage.notes.append("that platforms stop calling back an address that fails often is switched off")
    stage.notes.append("doubled may be only what the target gave up its own callback about, while there was no broker to take it")


def _stopping(rig: Rig, stage: Stage, *, kill: bool) -> Story:
    node = stage.node
    assert node is not None
    yield rig.random.uniform(3.0, 6.0)
    rig.log("kill -9 of the broker" if kill else "the broker is stopped")
    rig.counts["broker killed" if kill else "broker stopped"] += 1
    if kill and node.pid:
        os.kill(node.pid, signal.SIGKILL)
    node.stop()
    yield rig.random.uniform(4.0, 10.0)
    node.start()
    rig.log("the broker is back")
    yield 15.0


@scenario(
    "answers-lost",
    "answers to Produce, AddOffsetsToTxn, TxnOffsetCommit and EndTxn are lost: cut off, or never given",
    messages=6_000,
    rate=200,
    rest=30.0,
    own_broker=True,
)
def answers_lost(stage: Stage) -> None:
    if stage.node is None or stage.proxy_ports is None:
        raise Skipped("no proxy before this broker")
    listens, known = stage.proxy_ports
    apis = (PRODUCE, ADD_OFFSETS_TO_TXN, TXN_OFFSET_COMMIT, END_TXN)
    proxy = stage.enter(BrokerProxy(known, listens, stage.random.randrange(10**6), apis, 0.004))
    rig = stage.build(bootstrap=f"127.0.0.1:{known}")
    rig.load(stage.messages, stage.rate)
    proxy.on = True
    rig.play()
    proxy.on = False
    stage.patience = PATIENCE
    for api, count in proxy.lost.items():
        rig.counts[f"{api} answers lost"] = count

    def enough(_: Account) -> list[str]:
        missing = [api for api in ("Produce", "TxnOffsetCommit", "EndTxn") if not proxy.lost[api]]
        return [f"no answer was lost of {', '.join(missing)}"] if missing and not stage.short else []

    stage.claims.append(enough)
