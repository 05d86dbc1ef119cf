"""The section `[deliver]`."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from streams.outbound.proxies import ProxySettings


class DeliverSettings(ProxySettings):
    """How hard we try, and how much at once."""

    used_by = frozenset({"deliver", "media", "gaps", "migrate"})

    max_open_events: int = Field(1000, ge=1, description="Events of one partition that may be open at once.")
    max_parked_bytes: int = Field(
        67_108_864, ge=1_048_576,
        description="Bytes of one worker's memory for what a flood in one conversation or of one person leaves waiting, while the others are read on.",
    )
    max_open_backfill: int = Field(
        100, ge=1, description="Of these, events of history and replays, which wait while live ones do."
    )
    max_requests_per_app: int = Field(256, ge=1, description="Requests of one worker to one app at once.")
    timeout: float = Field(10.0, gt=0, description="Seconds to wait for a platform's answer.")
    retry_for: float = Field(
        21_600.0, gt=0, description="Seconds in which a message that was certainly not sent is tried again; then a dead letter."
    )
    backoff: float = Field(0.2, gt=0, description="Seconds before the second attempt; doubled for each further one.")
    backoff_max: float = Field(30.0, gt=0, description="Seconds between two attempts, at the most.")
    quotas: bool = Field(True, description="Keep to the platforms' quotas; false only where there are none.")
    limits: dict[str, dict[str, float]] = Field(
        default_factory=dict,
        description="Quotas that differ from the platform's default, by app and limit: `[deliver.limits.<app>]`; 0 is none.",
    )
    max_in_flight: int = Field(
        64, ge=1, le=1000, description="Requests of one partition under way at once: what one crash can put in doubt."
    )
    lease: float = Field(
        5.0, gt=0, description="Seconds after its intent is written in which a request may leave; later it needs a new one."
    )
    in_doubt: Literal["resend", "hold"] = Field(
        "resend", description="A send whose result stays unknown: send again, or make a dead letter for a person to decide."
    )
    clock_margin: float = Field(
        20.0, ge=0, description="Seconds that the clocks of two hosts, or ours and a platform's, may differ. Nothing is sent again for a smaller difference."
    )
    echo_wait: float = Field(35.0, ge=0, description="Seconds to wait for the target's own callback of a send in doubt.")
    reference_wait: float = Field(
        10.0, ge=0, description="Seconds that a recall, an edit or a reaction waits for the message that it names."
    )
    reorder_wait: float = Field(
        0.0, ge=0, le=10, description="Seconds that each message waits for others said before it whose callbacks come later; 0 is none."
    )
    order_hold: float = Field(
        10.0, ge=0, description="Seconds that a message with a file holds up the later ones of its conversation; then they pass."
    )
    media_wait: float = Field(
        600.0, ge=0, description="Seconds that it then waits on for its file; after them it is shown with the file's name and address."
    )
    cycle: float = Field(
        0.02, ge=0.001, le=1, description="Seconds between two writes of a busy partition, at the most: less while the cluster is quick."
    )
    max_age: float = Field(
        259_200.0, gt=0,
        description="Seconds; what is older is no news. `gaps --fill`, `replay` and `dead replay` refuse it without `--older`, and with it "
        "send it without a push, where the platform can be told so. The role `gaps` looks no further back.",
    )
    state: Path = Field(Path(".im-relay/state"), description="Directory of the local state; rebuilt from the ledger.")
    remember_delivered: float = Field(
        691_200.0, gt=0,
        description="Seconds for which the local state knows a delivered event: a callback lies in its topic for 8 days. "
        "For more, keep `ledger.*` longer, too.",
    )
    remember_names: float = Field(
        648_000.0, gt=0,
        description="Seconds for which a recall, an edit, a quote or a receipt finds the message that it names: platforms recall for up to 7 days. "
        "For more, keep `ledger.*` longer, too.",
    )
