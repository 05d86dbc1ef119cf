"""`im-relay kafka`: a local node for trying, developing and testing; not for production."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.exit_codes import FAILED, NOTHING
from streams.cli.options import Json
from streams.cli.terminal import error_lines, print_json, print_line, print_notice
from streams.kafka.local import process
from streams.kafka.local.broker import LocalKafka
from streams.kafka.local.data import DataDirectory
from streams.kafka.local.errors import LocalKafkaError
from streams.locale.messages import translated

app = typer.Typer(help="A local single-node Kafka without Docker, for trying and testing.", no_args_is_help=True)

Data = Annotated[Path, typer.Option(help="Directory of its records, settings and logs.")]
Port = Annotated[int, typer.Option(help="Port on 127.0.0.1 for clients.")]
ControllerPort = Annotated[int | None, typer.Option(help="Port on 127.0.0.1 for the controller.  [default: port + 1]")]
Heap = Annotated[int, typer.Option(help="Maximum Java heap, in MiB.")]
DATA = Path(".im-relay/kafka")


@app.command(name="run")
def run_command(data: Data = DATA, port: Port = 9092, controller_port: ControllerPort = None, heap: Heap = 768) -> None:
    """Run in the foreground until Ctrl-C. Example: im-relay kafka run --port 9092"""
    with _shown():
        run(data, port, controller_port, heap_mb=heap)


@app.command()
def start(data: Data = DATA, port: Port = 9092, controller_port: ControllerPort = None, heap: Heap = 768, *, json: Json = False) -> None:
    """Start in the background, and return once it answers. Example: im-relay kafka start"""
    kafka = LocalKafka(data, port, controller_port, heap_mb=heap, say=print_notice)
    with _shown():
        kafka.start(outlive=True)
        if json:
            print_json({"bootstrap": kafka.bootstrap, "data": str(kafka.data.root), "log": str(kafka.data.log)})
        else:
            print_line(_ready(kafka))


@app.command()
def stop(data: Data = DATA, *, json: Json = False) -> None:
    """Stop the node that `start` or `run` started. Its data stays. Example: im-relay kafka stop"""
    pid = process.end(DataDirectory(data.absolute()))
    if json:
        print_json({"stopped": pid or None, "data": str(data)})
    else:
        print_line(translated("kafka stopped (process {pid})", pid=pid) if pid else translated("no kafka runs on {data}", data=data))


@app.command()
def status(data: Data = DATA, *, json: Json = False) -> None:
    """Say whether it runs. Exit code 1 if not. Example: im-relay kafka status"""
    directory = DataDirectory(data.absolute())
    pid = process.running(directory)
    if json:
        print_json({"running": pid or None, "data": str(data), "log": str(directory.log)})
    elif pid:
        print_line(translated("kafka runs (process {pid})  data {data}  log {log}", pid=pid, data=data, log=directory.log))
    else:
        print_line(translated("no kafka runs on {data}", data=data))
    if not pid:
        raise typer.Exit(NOTHING)


def run(data: Path, port: int = 9092, controller_port: int | None = None, *, heap_mb: int = 768) -> None:
    """Start a node, say so, and stay until SIGINT or SIGTERM (or `stop`) ends it cleanly.

    Raises the errors of `streams.kafka.local.errors`.
    """
    kafka = LocalKafka(data, port, controller_port, heap_mb=heap_mb, say=print_notice)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)  # SIGINT too: a shell's background job ignores it
    try:
        kafka.start()
        print_line(_ready(kafka))
        kafka.wait()
    except KeyboardInterrupt:
        pass
    finally:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)  # it is already ending
        kafka.stop()
    print_line(translated("kafka stopped"))


def _ready(kafka: LocalKafka) -> str:
    where = {"bootstrap": kafka.bootstrap, "data": kafka.data.root, "log": kafka.data.log}
    return translated("kafka ready at {bootstrap}  data {data}  log {log}", **where)


@contextmanager
def _shown() -> Iterator[None]:
    try:
        yield
    except LocalKafkaError as error:
        for line in error_lines(error):
            print_notice(line)
        raise typer.Exit(FAILED) from None
