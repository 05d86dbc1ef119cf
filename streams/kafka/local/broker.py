"""A real Kafka, one node, without Docker and without an installed Java."""

import asyncio
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from aiokafka.errors import KafkaError

from converters.core.localized import localized
from streams.kafka import clients
from streams.kafka.local import process
from streams.kafka.local.data import DataDirectory, prepare
from streams.kafka.local.errors import AlreadyRunningError, BrokerDiedError, NotReadyError
from streams.kafka.local.jars import KAFKA_VERSION, classpath, java
from streams.kafka.local.node import HOST, command, settings
from streams.kafka.local.ports import require_free

LOG_LIMIT = 32 * 1024 * 1024
TAIL_LINES = 15


class LocalKafka:
    """A node whose records, settings and logs lie in *data*; the same data may be started again, on any port.

    *heap_mb* bounds Java's heap in MiB; *deadline* is how many seconds the node has to answer. *behind* are more ports to listen
    on, each with the port of a proxy before it: whoever comes by it is told the proxy's as the node's address. *brief*: it will
    live for minutes (see `node.command`). *more* are settings of the node, in place of its own; *version* is Kafka's, and *features* the
    levels of features with which its data begins, in place of the version's own. Listens on the loopback interface only. Blocks while it starts and stops.
    """

    def __init__(
        self,
        data: Path,
        port: int = 9092,
        controller_port: int | None = None,
        *,
        heap_mb: int = 768,
        deadline: float = 60.0,
        behind: Mapping[int, int] | None = None,
        brief: bool = False,
        more: Mapping[str, object] | None = None,
        version: str = KAFKA_VERSION,
        features: Mapping[str, int] | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.data = DataDirectory(data.absolute())
        self.port = port
        self.controller_port = controller_port or port + 1
        self._heap_mb = heap_mb
        self._deadline = deadline
        self.behind = dict(behind or {})
        self._brief = brief
        self._more = more
        self._version = version
        self._features = [f"--feature={name}={level}" for name, level in (features or {}).items()]
        self._say = say
        self._broker: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def bootstrap(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        return self._broker.pid if self._broker else None

    def start(self, *, outlive: bool = False) -> str:
        """Give the bootstrap address once the node answers; with *outlive* it stays when this process ends.

        Otherwise it ends with the thread that called this, even at `kill -9` (Linux; elsewhere a killed parent
        leaves it running, to be ended with `im-relay kafka stop`). Raises the errors of `streams.kafka.local.errors`.
        """
        if running := process.running(self.data):
            raise AlreadyRunningError(
                seen=localized("a node runs on {root} (process {running})", root=self.data.root, running=running),
                expected=localized("one node for a data directory"),
                change=localized("im-relay kafka stop, or --data"),
            )
        cluster_id = prepare(self.data)
        require_free(self.port, "--port")
        require_free(self.controller_port, "--controller-port")
        program, jars = java(), classpath(version=self._version, say=self._say)
        self.data.settings.write_text(settings(self.data, self.port, self.controller_port, self.behind, self._more))
        if self.data.log.is_file() and self.data.log.stat().st_size > LOG_LIMIT:
            self.data.log.replace(self.data.log.with_suffix(".1.log"))
        with self.data.log.open("ab") as log:
            self._log_start = log.tell()
            if not self.data.formatted:
                arguments = ["format", "-t", cluster_id, "-c", str(self.data.settings), "--ignore-formatted", *self._features]
                formatting = command(program, jars, "kafka.tools.StorageTool", *arguments, brief=True)
                if subprocess.run(formatting, stdout=log, stderr=log, check=False).returncode:  # noqa: S603
                    raise self._died("formatting the data directory failed")
            starting = command(program, jars, "kafka.Kafka", str(self.data.settings), heap_mb=self._heap_mb, brief=self._brief)
            self._broker = process.spawn(starting, log, outlive=outlive)
        self.data.pid.write_text(f"{self._broker.pid}\n")
        try:
            self._await_answer(self._broker, cluster_id)
        except BaseException:
            self.stop()
            raise
        return self.bootstrap

    def stop(self, patience: float = 30.0) -> None:
        """Ask the node to end and wait *patience* seconds; then kill it. Nothing to do is no error."""
        if self._broker is None:
            return
        self._broker.terminate()
        try:
            self._broker.wait(patience)
        except subprocess.TimeoutExpired:
            self._broker.kill()
            self._broker.wait()
        self._broker = None
        self.data.pid.unlink(missing_ok=True)

    def wait(self) -> None:
        """Return when the node was asked to end from outside. Raises BrokerDiedError if it ended by itself."""
        assert self._broker is not None
        if (code := self._broker.wait()) not in process.ASKED_TO_END:
            raise self._died(f"the broker ended with {code}")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _await_answer(self, broker: "subprocess.Popen[bytes]", cluster_id: str) -> None:
        give_up = time.monotonic() + self._deadline
        while time.monotonic() < give_up:
            if (code := broker.poll()) is not None:
                raise self._died(f"the broker ended with {code} while starting")
            if process.listens(HOST, self.port) and _ask(self.bootstrap) == cluster_id:
                return
            time.sleep(0.05)
        raise NotReadyError(
            seen=localized(
                "the node did not answer at {bootstrap} within {deadline:g} s", bootstrap=self.bootstrap, deadline=self._deadline
            ),
            expected=localized("a node of cluster {cluster_id}", cluster_id=cluster_id),
            change=localized("look into {log}; a slow machine may need more time", log=self.data.log),
        )

    def _died(self, what: str) -> BrokerDiedError:
        with self.data.log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()
        tail = "\n".join(f"  | {line}" for line in lines[-TAIL_LINES:]) or localized("  (its log is empty)")
        return BrokerDiedError(
            seen=localized("{what}:\n{tail}", what=what, tail=tail),
            expected=localized("a node that runs until it is stopped"),
            change=localized("what the log names; all of it is in {log}", log=self.data.log),
        )


def _ask(bootstrap: str) -> str | None:
    # In a thread of its own, so that a caller with a running event loop can use this, too.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, cluster_id(bootstrap)).result()


async def cluster_id(bootstrap: str) -> str | None:
    """The id of the cluster that answers there with at least one broker ready; None when none does."""
    admin = clients.admin(bootstrap, request_timeout_ms=5000)
    try:
        await admin.start()
        answer = await admin.describe_cluster()
        return str(answer["cluster_id"]) if answer["brokers"] else None
    except (KafkaError, OSError, TimeoutError):
        return None
    finally:
        await admin.close()
