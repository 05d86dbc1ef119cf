# ruff: noqa: INP001 - a part of deploy/dashboards.py
"""Deliveries go to the platforms."""

from deploy.boards import uids
from deploy.boards.board import Board, Section
from deploy.boards.overview import LATE, VERY_LATE
from deploy.boards.panels import BREAKERS, CANARY, HELD, chart, states
from deploy.boards.queries import NO_SAMPLES, OURS, Query, events, or_zero, quantile, quantiles, rates, total, totals, watched, worst

TIME = Section(
    "In time?",
    [
        chart(
            "Oldest undelivered, live",
            "By stage and direction, read from Kafka by the role watch. It grows also while nobody works.",
            "s",
            Query(worst("im_relay_watch_oldest_seconds", "stage", "direction", where='class="live"'), "{{stage}} {{direction}}"),
            warn=LATE,
            bad=VERY_LATE,
        ),
        chart(
            "Oldest undelivered, backfill",
            "Replays, gap fills and history: they wait for live messages.",
            "s",
            or_zero(
                worst("im_relay_watch_oldest_seconds", "stage", "direction", where='class="backfill"'), "{{stage}} {{direction}}", "stage"
            ),
        ),
        chart(
            "Stuck partitions",
            "Records to read, and no commit for 60 s.",
            "short",
            or_zero(watched("im_relay_watch_stuck_partitions", "stage", "platform"), "{{stage}} {{platform}}", "stage"),
            bad=1,
        ),
        chart(
            "End to end",
            "Live messages that arrived: from the source's timestamp to the target's acceptance; skew of clocks included.",
            "s",
            *quantiles("im_relay_end_to_end_seconds", "direction"),
            warn=LATE,
            bad=VERY_LATE,
        ),
        chart(
            "Canary",
            "Messages of the test users, p99 by direction and kind.",
            "s",
            or_zero(
                quantile(0.99, "im_relay_canary_seconds", "direction", "kind"), "{{direction}} {{kind}}", "direction", named=NO_SAMPLES
            ),
            warn=LATE,
            bad=VERY_LATE,
        ),
        chart(
            "Canary messages, in 5 minutes",
            "By direction, kind and outcome.",
            "short",
            events("im_relay_canary_messages_total", "direction", "kind", "outcome"),
        ),
        states(
            "Canary, last outcome",
            "By direction and kind.",
            CANARY,
            or_zero(worst("im_relay_canary_state", "direction", "kind"), "{{direction}} {{kind}}", "direction", named="no canary", zero=-1),
        ),
        chart(
            "Canary, last success",
            "Age of the last message that arrived unchanged, by direction and kind.",
            "s",
            or_zero(
                f"time() - {worst('im_relay_canary_last_success_seconds', 'direction', 'kind')}",
                "{{direction}} {{kind}}",
                "direction",
                named="no canary",
            ),
            warn=90,
            bad=180,
        ),
        chart(
            "Canary, last run",
            "Age of it.",
            "s",
            or_zero(f"time() - {worst('im_relay_canary_last_run_seconds', 'apps')}", "{{apps}}", "apps", named="no canary"),
            warn=120,
            bad=900,
        ),
    ],
)

REQUESTS = Section(
    "Requests to the platforms",
    [
        chart("Events", "Finished, by app and outcome.", "eps", rates("im_relay_sends_total", "app", "outcome")),
        chart(
            "Requests",
            "By what the answer meant. `not_sent`: throttled, blocked or no token; `unsure`: no answer in time.",
            "reqps",
            rates("im_relay_attempts_total", "app", "api", "outcome"),
        ),
        chart(
            "Time of a request, p99",
            "By app and API.",
            "s",
            or_zero(quantile(0.99, "im_relay_request_seconds", "app", "api"), "{{app}} {{api}}", "app", named=NO_SAMPLES),
            warn=1,
            bad=5,
        ),
        chart(
            "Tokens asked for, in 5 minutes",
            "By app and outcome. `refused`: the platform does not take the key.",
            "short",
            events("im_relay_token_requests_total", "app", "outcome"),
        ),
        chart("Open events", "Read, and without outcome.", "short", Query(total("im_relay_open_events", "platform"), "{{platform}}")),
        chart(
            "Requests in flight",
            "Waiting for an answer. A flat line beside no finished events: the platform hangs.",
            "short",
            totals("im_relay_requests_in_flight", "app"),
        ),
        states(
            "Circuit breakers",
            "Those that are not closed. Half open: a few requests try. Open: all wait.",
            BREAKERS,
            or_zero(f"{worst('im_relay_breaker', 'app', 'api')} > 0", "{{app}} {{api}}", "app", named="all closed"),
        ),
        chart("Waiting for quota", "Requests, by app and class.", "short", totals("im_relay_quota_waiting", "app", "class")),
        chart(
            "Throttled, in 5 minutes",
            "Answers that said: too many requests.",
            "short",
            events("im_relay_throttled_total", "app", "api"),
            warn=1,
        ),
        chart(
            "Quota given up",
            "Share of the full quota that is not used for a while, after throttling.",
            "percentunit",
            or_zero(f"1 - min by (app, limit) (im_relay_quota_ratio{{{OURS}}}) > 0", "{{app}} {{limit}}", "app"),
            warn=0.1,
            bad=0.5,
        ),
    ],
)

WAITING = Section(
    "What waits",
    [
        chart(
            "Conversations held", "By what they wait for.", "short", totals("im_relay_held_conversations", "platform", "why"), stacked=True
        ),
        chart(
            "Sends in doubt, in 5 minutes",
            "`opened`: the answer stayed away. Then settled by `echo`, `lookup`, `resent`, or `held` for a person.",
            "short",
            events("im_relay_in_doubt_total", "platform", "step"),
        ),
        chart("Time in doubt", "By how it ended.", "s", *quantiles("im_relay_in_doubt_seconds", "step"), warn=60, bad=300),
        states(
            "Held apps",
            "Records wait, because those before them became dead letters of one cause.",
            HELD,
            or_zero(worst("im_relay_app_held", "stage", "app", "cause"), "{{stage}} {{app}} {{cause}}", "stage"),
        ),
        states(
            "Held stages",
            "An app is held there, or the stage waits for an upgrade.",
            HELD,
            or_zero(worst("im_relay_stage_held", "stage"), "{{stage}}", "stage"),
        ),
        chart(
            "Held apps released, in 5 minutes",
            "By a message that got through, or by command.",
            "short",
            events("im_relay_apps_released_total", "stage", "by"),
        ),
        chart(
            "Parked",
            "Records of floods: read, and waiting until their conversation or source has room.",
            "short",
            totals("im_relay_parked", "platform"),
        ),
        chart(
            "Waiting for restore",
            "Said before the local state knows whether they were delivered.",
            "short",
            totals("im_relay_awaiting_restore", "platform"),
        ),
    ],
)

EXCEPTIONS = Section(
    "Exceptions",
    [
        chart(
            "Open dead letters",
            "Neither replayed nor dropped, by stage and cause.",
            "short",
            or_zero(
                watched("im_relay_watch_open_letters", "stage", "cause", "whose", "app"), "{{stage}} {{cause}} {{whose}} {{app}}", "stage"
            ),
            stacked=True,
            bad=1,
        ),
        chart(
            "Dead letters, in 5 minutes",
            "New ones, by stage, cause and whose fault.",
            "short",
            events("im_relay_dead_letters_total", "stage", "cause", "whose", legend="{{stage}} {{cause}} {{whose}}"),
            warn=1,
        ),
        chart(
            "Duplicates, in 5 minutes",
            "`known`: not sent again. `doubled`: the target has it twice. `spared`: an echo came before the repeat.",
            "short",
            events("im_relay_already_delivered_total", "platform", legend="{{platform}} known"),
            events("im_relay_duplicates_detected_total", "platform", legend="{{platform}} doubled"),
            events("im_relay_resends_avoided_total", "platform", legend="{{platform}} spared"),
            events("im_relay_held_duplicates_total", "platform", legend="{{platform}} copy of a held one"),
            events("im_relay_sent_beyond_ledger_total", "platform", legend="{{platform}} older than the ledger"),
        ),
        chart(
            "Order and references, in 5 minutes",
            "Messages behind a later one; recalls, edits and the like whose message is not at the target; own actions called back.",
            "short",
            events("im_relay_out_of_order_total", "app", legend="{{app}} out of order"),
            events("im_relay_unresolved_references_total", "app", "operation", legend="{{app}} {{operation}} without message"),
            events("im_relay_own_actions_echoed_total", "app", legend="{{app}} own action"),
        ),
        chart(
            "Historical, in 5 minutes",
            "Replays, gap fills and dead letters put back; in no latency.",
            "short",
            events("im_relay_historical_total", "direction"),
        ),
        chart(
            "Denied, in 5 minutes",
            "Not carried: the author may not do it.",
            "short",
            events("im_relay_denied_total", "app", "kind", "reason"),
        ),
        chart(
            "Marks refused, in 5 minutes",
            "Forged, or no evidence.",
            "short",
            events("im_relay_marks_refused_total", "app", "stage", "reason"),
            warn=1,
        ),
        chart(
            "Foreign records, in 5 minutes",
            "Written into the relay's topics by somebody else. Normal: none.",
            "short",
            events("im_relay_foreign_records_total", "stage", "topic", "why", legend="{{stage}} {{topic}} {{why}}"),
            bad=1,
        ),
    ],
)

BOARD = Board(
    uids.DELIVERY, "im-relay: delivery", "From a delivery in Kafka to the target's acceptance.", [TIME, REQUESTS, WAITING, EXCEPTIONS]
)
