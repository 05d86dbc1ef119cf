"""Whether a request that must not be repeated was done: the target is asked until it says so, or says that it cannot tell."""

from converters.core.outcome import NotSent
from converters.migration import Finding, ItemOutcome
from converters.platform import Reply, Request
from streams.exactly_once.shutdown import Shutdown
from streams.outbound.admission import Admission
from streams.outbound.client import PlatformClient

TRIES = 20
"""Of one question without an answer; then nothing is known."""


async def found(finding: Finding, client: PlatformClient, gate: Admission, drain: Shutdown) -> ItemOutcome | None:
    """None where nothing tells. Raises RevokedError."""
    try:
        request = next(finding)
        while True:
            reply = await _asked(request, client, gate, drain)
            request = finding.send(reply)
    except StopIteration as end:
        known: ItemOutcome | None = end.value
        return known
    finally:
        finding.close()


async def _asked(request: Request, client: PlatformClient, gate: Admission, drain: Shutdown) -> Reply | None:
    wait = 0.1
    for _ in range(TRIES):
        async with gate.breaker_call(request) as passage:
            if not await gate.admit(passage, request, live=False, again=True):
                continue
            answer = await client.reply(request)
            failed = not isinstance(answer, Reply) or answer.status >= 500
            passage.ended(failed=failed)
        if isinstance(answer, Reply) and answer.status < 500 and answer.status != 429:
            return answer
        if isinstance(answer, NotSent) and answer.ours:
            wait = 5.0
        await drain.rest(wait)
        wait = min(2 * wait, 10.0)
    return None
