"""Metrics of what is encrypted; see `streams.observe.metrics`."""

from streams.observe import metrics  # noqa: F401 - declares its own before these: the page has one order
from streams.observe.metric_types import begin, counter, gauge

begin("Encryption: keys, and what is unreadable without them")
ENCRYPTION_KEYS = gauge("encryption_keys", "keys", ["kind"], "Keys that this process knows: `person`, `period`.")
UNDECRYPTABLE = counter(
    "undecryptable_records",
    "records",
    ["kind", "why"],
    "Encrypted records that were read without their content: the key was thrown away (`discarded`), or the record was changed (`altered`).",
)
