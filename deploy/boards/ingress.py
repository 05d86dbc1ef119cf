# ruff: noqa: INP001 - a part of deploy/dashboards.py
"""Callbacks come in, and become deliveries."""

from deploy.boards import uids
from deploy.boards.board import Board, Section
from deploy.boards.panels import FILE, UP, chart, states
from deploy.boards.queries import Query, events, of_role, only, or_zero, per_second, quantiles, rates, total, totals, worst

INGRESS = Section(
    "Ingress",
    [
        chart(
            "Callbacks",
            "Answers by HTTP status and reason. Platforms repeat after 503; 401 is a wrong or missing signature.",
            "reqps",
            rates("im_relay_callbacks_total", "app", "status", "reason"),
            stacked=True,
        ),
        chart(
            "Refused callbacks, in 5 minutes",
            "Answers other than 200. All 401: the secret was rotated on one side only.",
            "short",
            events("im_relay_callbacks_total", "app", "status", "reason", where='status!="200"'),
            warn=1,
        ),
        chart(
            "Time to durable",
            "From an authentic body to the acknowledgement of all in-sync replicas.",
            "s",
            *quantiles("im_relay_time_to_durable_seconds", "platform"),
            warn=0.25,
            bad=1,
        ),
        chart(
            "Waiting for Kafka",
            "Callbacks without acknowledgement, by process.",
            "short",
            Query(total("im_relay_callbacks_waiting", "instance", where=of_role("ingress")), "{{instance}}"),
        ),
        states("Kafka, seen by ingress", "By process.", UP, Query(only("im_relay_store_up", of_role("ingress")), "{{instance}}")),
        chart("Bytes stored", "Bodies of callbacks.", "Bps", rates("im_relay_callback_bytes_total", "app")),
        chart(
            "Replaced producers and defects, in 5 minutes",
            "Producers replaced after an error, and defects caught while answering. Normal: none.",
            "short",
            events("im_relay_store_restarts_total", "reason", legend="producer replaced: {{reason}}"),
            events("im_relay_ingress_errors_total", "error", legend="defect: {{error}}"),
            bad=1,
        ),
        chart(
            "Signature history still to read",
            "Span for which used signatures are unknown, by process. Older callbacks get 503 until it is read back.",
            "s",
            or_zero(
                f"time() - ({only('im_relay_signatures_known_since_seconds', of_role('ingress'))} > 0)",
                "{{instance}}",
                "instance",
                named="all known",
            ),
        ),
    ],
)

PORTS = Section(
    "Ports",
    [
        chart(
            "Connections",
            "Open, by port and process.",
            "short",
            Query(total("im_relay_connections", "port", "instance"), "{{port}} {{instance}}"),
        ),
        chart(
            "Memory of connections",
            "Unfinished heads, and bodies, by port and process.",
            "bytes",
            Query(total("im_relay_connection_bytes", "port", "instance"), "{{port}} {{instance}}"),
        ),
        chart(
            "Connections closed by the relay, in 5 minutes",
            "`connections`, `full`, `memory`: no room. The others were too slow or too large.",
            "short",
            events("im_relay_connections_closed_total", "port", "reason"),
            warn=1,
        ),
    ],
)

CONVERT = Section(
    "Convert",
    [
        chart("Callbacks read", "By app.", "cps", rates("im_relay_convert_records_in_total", "app")),
        chart(
            "Deliveries written",
            "By direction and kind.",
            "mps",
            rates("im_relay_convert_records_out_total", "direction", "kind", where='outcome="delivery"'),
            stacked=True,
        ),
        chart(
            "Not delivered on purpose",
            "Echoes of the relay's own messages, and what is dropped with a reason.",
            "mps",
            rates("im_relay_convert_records_out_total", "outcome", "kind", where='outcome!="delivery"', legend="{{outcome}} {{kind}}"),
            rates("im_relay_echoes_total", "app", legend="echo: {{app}}"),
        ),
        chart(
            "Losses, in 5 minutes",
            "Parts of events that the target cannot carry.",
            "short",
            events("im_relay_losses_total", "direction", "what"),
        ),
        chart("Records of one transaction", "Batch size.", "short", *quantiles("im_relay_convert_batch_records")),
        chart("Time to convert one batch", "Without Kafka.", "s", *quantiles("im_relay_convert_batch_seconds"), warn=1),
        chart(
            "Plug-ins: calls",
            "By answer. `failed`: it raised, or its answer is invalid.",
            "cps",
            rates("im_relay_plugin_calls_total", "plugin", "outcome"),
        ),
        chart(
            "Plug-ins: time",
            "Share of each second that a plug-in takes.",
            "percentunit",
            rates("im_relay_plugin_seconds_total", "plugin"),
            warn=0.5,
            bad=0.9,
        ),
        chart(
            "Rules in force",
            "Workers by digest of their rules. More than one line: a reload is under way, or failed on some.",
            "short",
            totals("im_relay_rules", "digest"),
        ),
        chart(
            "Settings file read, in 5 minutes",
            "After a change. `refused`: the old rules stay; the log says why.",
            "short",
            events("im_relay_rules_read_total", "outcome"),
        ),
        states(
            "Settings file",
            "Refused: it is wrong as last read, and older rules are in force; by process.",
            FILE,
            Query(only("im_relay_rules_refused", of_role("convert")), "{{instance}}"),
        ),
        chart(
            "Identities",
            "Entries of the table in one process.",
            "short",
            or_zero(worst("im_relay_identities_entries", "platform", "kind"), "{{platform}} {{kind}}", "platform"),
        ),
    ],
)

GAPS = Section(
    "Callbacks that never came",
    [
        chart(
            "Compared with the platform's history",
            "`recovered` was missing, and is written in its place.",
            "cps",
            rates("im_relay_gap_callbacks_total", "app", "outcome"),
        ),
        chart(
            "Searches, in 5 minutes",
            "`partial`: not all could be seen; the log says what. `failed`: none.",
            "short",
            events("im_relay_gap_searches_total", "app", "outcome"),
        ),
        chart("Requests", "To the platform, by result.", "reqps", rates("im_relay_gap_requests_total", "app", "api", "outcome")),
        chart("Time of a search", "Of one app.", "s", *quantiles("im_relay_gap_search_seconds", "app")),
        chart(
            "Platform's callbacks",
            "All answers, by app. A line at 0 beside a living app: callbacks are switched off, or the rule is banned.",
            "cps",
            or_zero(per_second("im_relay_callbacks_total", "app"), "{{app}}", "app"),
        ),
    ],
)

BOARD = Board(
    uids.INGRESS,
    "im-relay: ingress and convert",
    "From the platform's callback to the delivery that is written for the target.",
    [INGRESS, PORTS, CONVERT, GAPS],
)
