"""Files of the history, brought over by the role `media`: in forms that the platform shows, in the order of the messages, and told where they are gone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from msgspec import structs

from converters.core.bodies import Body, File, Image, Text, Voice
from converters.core.model import Event, direct
from converters.core.operations import Post
from converters.inventory import User
from streams.kafka.local.ports import free_port
from tests import attachments
from tests.attachments import Sample
from tests.migrate.bundles import made, said
from tests.migrate.rig import Rig
from tests.simulators.process import SimulatorProcess
from tests.stack import Role
from tests.waiting import until

AT = 1_790_000_000_000
ANN, BOB = "ann", "bob"


@contextmanager
def lying(*samples: Sample) -> Iterator[str]:
    """The address of the folder in which they lie."""
    contents = {f"/{sample.name}": sample.content for sample in samples}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = contents.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("content-length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def history(*bodies: Body) -> list[Event]:
    return [structs.replace(said(direct(ANN, BOB), ANN, number, AT, ""), operation=Post(body)) for number, body in enumerate(bodies)]


def test_voice_arrives_as_amr_a_picture_as_it_is_and_what_is_gone_as_words(kafka: str, tmp_path: Path) -> None:
    voice, picture = attachments.voice(5, "aac"), attachments.picture(1)
    with lying(voice, picture) as folder, SimulatorProcess("easemob", limit_calls=0, limit_user_calls=0) as sim:
        bodies = (
            Text("before"),
            Voice(File(f"{folder}/{voice.name}", name=voice.name, mime=voice.mime), duration=voice.duration),
            Image(File(f"{folder}/{picture.name}", name=picture.name, mime=picture.mime), width=picture.width, height=picture.height),
            Image(File(f"{folder}/gone.jpg", name="gone.jpg")),
            Text("behind"),
        )
        bundle = made(tmp_path, [User(id=ANN), User(id=BOB)], history(*bodies))
        more = f'[media]\nallow = ["127.0.0.1"]\ndirectory = "{tmp_path / "media"}"\nprocesses = 1\npatience = 5.0\nsandbox = "prefer"\n'
        with Rig(kafka, tmp_path / "rig", sim.url, more=more) as rig:
            worker = rig.worker()
            media = Role("media", ["media", "--config", str(rig.config)], free_port(), tmp_path / "media.log", {})
            media.start()
            rig.workers.append(media)
            until(media.ready, deadline=120, why=media.tail)
            assert rig.apply(bundle, "--files", "carry", "--live-since", "none")["good"], (worker.tail(), media.tail())
            imported = [entry for entry in sim.journal("accepted") if entry["api"] == "import"]
            assert [entry["at"] for entry in imported] == [AT + number for number in range(5)]
            heard = sim.fetch(imported[1]["media"])
            assert attachments.heard(heard).codec.startswith("amr")
            assert attachments.same_sound(heard, voice.content)
            assert sim.fetch(imported[2]["media"]) == picture.content
            assert "gone.jpg" in imported[3]["text"]
            assert "media" not in imported[3]
            assert [entry["text"] for entry in (imported[0], imported[4])] == ["before", "behind"]
            assert rig.apply(bundle, "--files", "carry", "--live-since", "none")["good"]
            assert len([entry for entry in sim.journal("accepted") if entry["api"] == "import"]) == 5


def test_without_that_role_it_is_said(kafka: str, tmp_path: Path) -> None:
    bundle = made(tmp_path, [User(id=ANN)], [])
    with Rig(kafka, tmp_path / "rig", "http://127.0.0.1:1", more="[media]\ncarry = false\n") as rig:
        done = rig.applying(bundle, "--files", "carry")
        _, error = done.communicate(timeout=120)
        assert (done.returncode, "--files fetch or link do without" in error) == (2, True), error
