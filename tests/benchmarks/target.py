"""A target that answers each send after a fixed delay, and checks that every conversation comes in order.

It speaks just enough of Easemob for the relay's client, on a bare protocol, so that its own cost stays small.
"""

import asyncio
import sys
import time
from collections import defaultdict
from typing import Any

import httptools
import orjson
import uvloop


class Seen:
    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.reset()

    def reset(self) -> None:
        self.count = 0
        self.first = self.last = 0.0
        self.out_of_order = 0
        self.doubled = 0
        self.in_flight = self.most_in_flight = 0
        self.next: dict[str, int] = defaultdict(int)
        self.delays: list[float] = []

    def take(self, body: bytes) -> bytes:
        message = orjson.loads(body)
        to = message["to"][0]
        number = int(message["body"]["msg"].rpartition("#")[2])
        expected = self.next[to]
        if number > expected:
            self.out_of_order += 1
        elif number < expected:
            self.doubled += 1
        self.next[to] = max(expected, number + 1)
        self.count += 1
        self.last = time.time()
        self.first = self.first or self.last
        if said := message["body"]["msg"].partition("@")[2].partition(" ")[0]:
            self.delays.append(self.last - float(said))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        return orjson.dumps({"data": {to: str(1_000_000_000_000_000_000 + self.count)}})

    def state(self) -> bytes:
        names = ("count", "first", "last", "out_of_order", "doubled", "most_in_flight")
        return orjson.dumps({name: getattr(self, name) for name in names})


class Connection(asyncio.Protocol):
    def __init__(self, seen: Seen, loop: asyncio.AbstractEventLoop) -> None:
        self.seen = seen
        self.loop = loop
        self.parser = httptools.HttpRequestParser(self)
        self.body = bytearray()
        self.url = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self.url = url
        self.body.clear()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        seen = self.seen
        if self.url.endswith(b"/token"):
            self.answer(b'{"access_token":"bench","expires_in":86400}')
        elif self.url == b"/state":
            self.answer(seen.state())
        elif self.url == b"/delays":
            self.answer(orjson.dumps(seen.delays))
        elif self.url == b"/reset":
            seen.reset()
            self.answer(b"{}")
        else:
            self.loop.call_later(seen.delay, self.answer_send, seen.take(bytes(self.body)))

    def answer_send(self, body: bytes) -> None:
        self.seen.in_flight -= 1
        self.answer(body)

    def answer(self, body: bytes) -> None:
        self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))


async def main(port: int, delay: float) -> None:
    loop = asyncio.get_running_loop()
    seen = Seen(delay)
    server = await loop.create_server(lambda: Connection(seen, loop), "127.0.0.1", port)
    print(f"ready http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(int(sys.argv[1]), float(sys.argv[2])))
