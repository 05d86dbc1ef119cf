"""docs/metrics.md, from what is declared."""

from streams.locale.catalogue import Say, same
from streams.observe.metrics import declared as declared_metrics


def metrics_page(say: Say = same) -> str:
    """Print every metric by its section, in the language of *say*."""
    lines = [f"# {say('Metrics')}", "", say("Printed from {} by `make pages`; do not edit.").format("`streams/observe/metrics.py`"), ""]
    lines += [say("Served at `/metrics` on the `observe` port. No label holds users, conversations or contents.")]
    section = None
    for metric in declared_metrics():
        if metric.section != section:
            section = metric.section
            lines += ["", f"## {say(section)}", ""]
            lines += [say("| metric | type | unit | labels | meaning |"), "| --- | --- | --- | --- | --- |"]
        labels = ", ".join(f"`{label}`" for label in metric.labels) or "-"
        text = say(metric.text)
        if metric.buckets:
            text += say(" Buckets: {}.").format(", ".join(f"{edge:g}" for edge in metric.buckets))
        lines.append(f"| `{metric.name}` | {metric.kind} | {say(metric.unit)} | {labels} | {text} |")
    return "\n".join(lines) + "\n"
