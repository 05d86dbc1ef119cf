"""The section `[deliver]`."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from streams.outbound.proxies import ProxySettings


class DeliverSettings(ProxySettings):
    """Retries, concurrency and limits of the requests to platforms."""

    used_for = "call"

    max_open_events: int = Field(1000, ge=1, description="Events of one partition that may be open at once.")
    max_parked_bytes: int = Field(
        67_108_864,
        ge=1_048_576,
        description="Bytes of memory in one worker for events that wait because of a flood in one conversation or from one user, while others are read on.",
    )
    max_open_backfill: int = Field(100, ge=1, description="Of these, events of history and replays. They wait while live events do.")
    max_requests_per_app: int = Field(256, ge=1, description="Concurrent requests of one worker to one app.")
    timeout: float = Field(10.0, gt=0, description="Seconds to wait for a platform's answer.")
    retry_for: float = Field(
        21_600.0, gt=0, description="Seconds for which a message that was certainly not sent is retried; then it becomes a dead letter."
    )
    backoff: float = Field(0.2, gt=0, description="Seconds before the second attempt. Doubled for each further one.")
    backoff_max: float = Field(30.0, gt=0, description="Maximum seconds between two attempts.")
    quotas: bool = Field(True, description="Respect the platforms' quotas. false only where there are none.")
    limits: dict[str, dict[str, float]] = Field(
        default_factory=dict,
        description="Quotas that differ from the platform's default, by app and limit: `[deliver.limits.<app>]`; 0: no limit.",
    )
    max_in_flight: int = Field(
        64, ge=1, le=1000, description="Concurrent requests of one partition: the number of sends that one crash can leave in doubt."
    )
    lease: float = Field(
        5.0, gt=0, description="Seconds after its intent is recorded within which a request may leave. Later it needs a new intent."
    )
    in_doubt: Literal["resend", "hold"] = Field(
        "resend", description="A send whose result stays unknown: `resend`, or `hold` it as a dead letter for a person to decide."
    )
    clock_margin: float = Field(
        20.0,
        ge=0,
        description="Seconds by which the clocks of two hosts, or of the relay and a platform, may differ. Nothing is resent because of a "
        "smaller difference.",
    )
    echo_wait: float = Field(35.0, ge=0, description="Seconds to wait for the target's callback about a send in doubt.")
    reference_wait: float = Field(10.0, ge=0, description="Seconds that a recall, edit or reaction waits for the message it refers to.")
    reorder_wait: float = Field(
        0.0, ge=0, le=10, description="Seconds that each message waits for earlier ones whose callbacks arrive later. 0: no wait."
    )
    order_hold: float = Field(
        10.0, ge=0, description="Seconds that a message with a file holds back later messages of its conversation. Then they pass it."
    )
    media_wait: float = Field(
        600.0, ge=0, description="Seconds that it then still waits for its file. After that it shows the file's name and address."
    )
    cycle: float = Field(
        0.02, ge=0.001, le=1, description="Maximum seconds between two writes of a busy partition; less while the cluster is fast."
    )
    max_age: float = Field(
        259_200.0,
        gt=0,
        description="Maximum age of an event, in seconds. `gaps --fill`, `replay` and `dead replay` refuse older ones without `--older`; with "
        "it they are sent without a push, where the platform allows that. The role `gaps` looks back no further.",
    )
    state: Path = Field(Path(".im-relay/state"), description="Directory of the local state; rebuilt from the ledger.")
    remember_delivered: float = Field(
        691_200.0,
        gt=0,
        description="Seconds for which the local state remembers a delivered event. Callbacks stay in their topic for 8 days. To raise it, keep "
        "`ledger.*` longer as well.",
    )
    remember_names: float = Field(
        648_000.0,
        gt=0,
        description="Seconds for which a recall, edit, quote or receipt finds the message it refers to. Platforms allow recalls for up to 7 "
        "days. To raise it, keep `ledger.*` longer as well.",
    )
