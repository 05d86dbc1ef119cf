"""Kafka's classes as Java has laid them out once: a node starts with a third to a half of the CPU.

The file lies in the cache beside Kafka itself. Source: "JEP 514: Ahead-of-Time Command-Line Ergonomics".
"""

import os
import subprocess
import tempfile
from pathlib import Path

from streams.kafka.local.broker import LocalKafka
from streams.kafka.local.jars import KAFKA_VERSION, default_cache, java
from streams.kafka.local.ports import free_port
from tests.made_once import made_once

OPTIONS = "JDK_JAVA_OPTIONS"
"""In the environment: more options of every Java that is started."""
QUIET = "-XX:+IgnoreUnrecognizedVMOptions -Xlog:disable -Xlog:all=error"
PATIENCE = 60.0
"""Seconds in which the file is written when the node ends."""


def warm_java() -> None:
    """From now on every node of this process and its children starts so; a Java that cannot do it starts as ever."""
    if OPTIONS in os.environ:
        return
    laid_out = made_once(default_cache() / f"kafka-{KAFKA_VERSION}-{_build()}.aot", _lay_out)
    os.environ[OPTIONS] = f"{QUIET} -XX:AOTCache={laid_out}"


def _build() -> str:
    """Of this Java: no other can read the file."""
    said = subprocess.run([java(), "-XshowSettings:properties", "-version"], capture_output=True, text=True, check=True).stderr
    return next(line.split("=")[1].strip() for line in said.splitlines() if "java.vm.version" in line)


def _lay_out(into: Path) -> None:
    partial = into.with_suffix(f".{os.getpid()}")
    with tempfile.TemporaryDirectory() as directory:
        node = LocalKafka(Path(directory) / "kafka", free_port(), free_port(), brief=True)
        with node:
            pass  # formats its data, with another program of Kafka
        os.environ[OPTIONS] = f"{QUIET} -XX:AOTCacheOutput={partial}"
        try:
            node.start()
            node.stop(PATIENCE)
        finally:
            del os.environ[OPTIONS]
    if partial.is_file():
        partial.replace(into)
