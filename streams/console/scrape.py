"""What the roles say of themselves at `/metrics`: quotas, breakers, held apps, and what a watcher or canary measures."""

import asyncio
import socket
from collections.abc import Iterable, Mapping
from math import isnan
from urllib.parse import urlsplit

import httpx
from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

PATIENCE = 3.0
LARGEST = 16 << 20
MOST_ADDRESSES = 64


class Sample(Struct, frozen=True):
    name: str
    labels: Mapping[str, str]
    value: float


class Scraped(Struct, frozen=True):
    samples: list[Sample]
    answered: int
    failed: list[tuple[str, str]]
    """(address, why) of those that did not answer."""

    def highest(self, name: str, *labels: str) -> dict[tuple[str, ...], float]:
        """By the values of *labels*: of several processes, the highest."""
        found: dict[tuple[str, ...], float] = {}
        for one in self._of(name):
            key = tuple(one.labels.get(label, "") for label in labels)
            found[key] = max(one.value, found.get(key, one.value))
        return found

    def lowest(self, name: str, *labels: str) -> dict[tuple[str, ...], float]:
        found: dict[tuple[str, ...], float] = {}
        for one in self._of(name):
            key = tuple(one.labels.get(label, "") for label in labels)
            found[key] = min(one.value, found.get(key, one.value))
        return found

    def total(self, name: str, *labels: str) -> dict[tuple[str, ...], float]:
        found: dict[tuple[str, ...], float] = {}
        for one in self._of(name):
            key = tuple(one.labels.get(label, "") for label in labels)
            found[key] = found.get(key, 0.0) + one.value
        return found

    def _of(self, name: str) -> Iterable[Sample]:
        return (one for one in self.samples if one.name == name and not isnan(one.value))


async def scrape(addresses: Iterable[str]) -> Scraped:
    """Never fails: what does not answer is named."""
    places = [place for group in await asyncio.gather(*map(_places, addresses)) for place in group]
    async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False, follow_redirects=False) as client:
        answers = await asyncio.gather(*(_one(client, *place) for place in places))
    samples = [sample for answer in answers if isinstance(answer, list) for sample in answer]
    failed = [(shown, answer) for (shown, _, _), answer in zip(places, answers, strict=True) if isinstance(answer, str)]
    return Scraped(samples, len(answers) - len(failed), failed)


async def _places(address: str) -> list[tuple[str, str, str]]:
    """(as shown, address to ask, name to ask for): one for each of the name's addresses, where it has several and no certificate to fit."""
    parts = urlsplit(address)
    shown = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    if parts.scheme == "https":
        return [(shown, address, parts.netloc)]
    try:
        async with asyncio.timeout(PATIENCE):
            found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError):
        return [(shown, address, parts.netloc)]  # fails below, and is named
    hosts = list(dict.fromkeys(str(each[4][0]) for each in found))[:MOST_ADDRESSES]
    named = [f"[{host}]" if ":" in host else host for host in hosts]
    return [
        (shown if len(hosts) == 1 else f"{shown} ({host})", parts._replace(netloc=f"{bare}:{parts.port or 80}").geturl(), parts.netloc)
        for host, bare in zip(hosts, named, strict=True)
    ]


async def _one(client: httpx.AsyncClient, _: str, url: str, host: str) -> list[Sample] | str:
    try:
        async with asyncio.timeout(PATIENCE), client.stream("GET", url, headers={"host": host}) as answer:
            if answer.status_code != httpx.codes.OK:
                return f"HTTP {answer.status_code}"
            body = bytearray()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > LARGEST:
                    return f"more than {LARGEST >> 20} MiB"
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
        return type(error).__name__
    try:
        return await asyncio.to_thread(_read, body.decode("utf-8"))
    except (ValueError, KeyError, IndexError):
        return "no metrics"


def _read(text: str) -> list[Sample]:
    """Only ours. Raises ValueError."""
    ours = "\n".join(line for line in text.splitlines() if line.startswith("im_relay_"))
    return [
        Sample(one.name, dict(one.labels), float(one.value))
        for family in text_string_to_metric_families(ours + "\n")
        for one in family.samples
    ]
