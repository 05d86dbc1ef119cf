# ruff: noqa: INP001 - a part of deploy/dashboards.py
"""What was there before, written to the new app."""

from deploy.boards import uids
from deploy.boards.board import Board, Section
from deploy.boards.panels import OPEN, WORKERS, chart, number, state, states
from deploy.boards.queries import OURS, Query, events, lasting_rates, or_zero, quantiles, rates, total, totals, worst

MIGRATION = Section(
    "Migration",
    [
        state(
            "Workers",
            "Down: Prometheus cannot ask one of them, and what it has said of itself is gone from this board.",
            WORKERS,
            or_zero(f'min by (role) (up{{{OURS},role=~"migrate-.*"}})', "{{role}}", "role", named="no worker", zero=-1),
            wide=5,
        ),
        state(
            "Requests",
            "Paused: by command, or outside the hours of the settings.",
            OPEN,
            or_zero(worst("im_relay_migrate_open", "app"), "{{app}}", "app", named="no migration", zero=-1),
            wide=5,
        ),
        number(
            "In hand",
            "Items and messages that a worker has read and not finished.",
            "short",
            or_zero(total("im_relay_migrate_waiting")),
            wide=4,
        ),
        number(
            "Refused",
            "Items and messages that the target refused since the workers started.",
            "short",
            or_zero(total("im_relay_migrated_total", where='outcome="refused"')),
            bad=1,
            wide=5,
        ),
        number(
            "Stopped conversations",
            "Nothing of them follows until a person decides; since the workers started.",
            "short",
            or_zero(total("im_relay_migrated_total", where='outcome="stopped"')),
            bad=1,
            wide=5,
        ),
        chart(
            "Progress",
            "Items and messages by kind and outcome.",
            "ops",
            lasting_rates("im_relay_migrated_total", "kind", "outcome"),
            stacked=True,
            wide=12,
        ),
        chart(
            "Written",
            "Since the workers started, by kind.",
            "short",
            totals("im_relay_migrated_total", "kind", where='outcome=~"made|changed|there|live"'),
            wide=12,
        ),
        chart(
            "Problems, in 5 minutes",
            "`refused`, `stopped`, `dropped`, by kind.",
            "short",
            events("im_relay_migrated_total", "kind", "outcome", where='outcome=~"refused|stopped|dropped"'),
            bad=1,
            wide=6,
        ),
        chart(
            "Requests in doubt, in 5 minutes",
            "`opened`: no answer; then `arrived`, `repeated`, or `held` for a person.",
            "short",
            events("im_relay_migrate_doubts_total", "app", "step"),
            wide=6,
        ),
        states(
            "Runs or paused",
            "By app.",
            OPEN,
            or_zero(worst("im_relay_migrate_open", "app"), "{{app}}", "app", named="no migration", zero=-1),
            wide=6,
        ),
        chart(
            "Waiting, by partition",
            "Items and messages in hand.",
            "short",
            or_zero(total("im_relay_migrate_waiting", "platform", "partition"), "{{platform}} {{partition}}", "platform"),
            wide=6,
        ),
    ],
)

SHARED = Section(
    "What the migration shares with live messages",
    [
        chart(
            "Live messages, end to end",
            "A migration must not slow them down.",
            "s",
            *quantiles("im_relay_end_to_end_seconds", "direction"),
            warn=5,
            bad=60,
        ),
        chart("Waiting for quota", "`live` goes before `backfill`.", "short", totals("im_relay_quota_waiting", "app", "class")),
        chart(
            "Throttled, in 5 minutes",
            "Answers that said: too many requests.",
            "short",
            events("im_relay_throttled_total", "app", "api"),
            warn=1,
        ),
        chart("Requests", "By app and what the answer meant.", "reqps", rates("im_relay_attempts_total", "app", "outcome")),
        chart(
            "Identities",
            "Entries of the table in one process: a migration adds to it.",
            "short",
            Query(worst("im_relay_identities_entries", "kind"), "{{kind}}", rare=True),
        ),
        chart("Historical, in 5 minutes", "Delivered, and not live.", "short", events("im_relay_historical_total", "direction")),
    ],
)

BOARD = Board(
    uids.MIGRATION, "im-relay: migration", "Users, friends, groups and history on their way into the new app.", [MIGRATION, SHARED]
)
