# ruff: noqa: INP001 - a part of deploy/dashboards.py
"""Kafka as the relay meets it, local state, and processes."""

from deploy.boards import uids
from deploy.boards.board import Board, Section
from deploy.boards.panels import UP, chart, states
from deploy.boards.queries import OURS, WINDOW, Query, events, of_role, only, or_zero, quantiles, rates, total, totals, watched, worst

WATCHED = Section(
    "As seen from outside (role watch)",
    [
        chart(
            "Records behind",
            "From the committed offset to the end of the log: a dead worker's count, too.",
            "short",
            Query(watched("im_relay_watch_lag_records", "stage", "platform", "topic"), "{{stage}} {{topic}}"),
        ),
        chart(
            "Stuck partitions",
            "Records to read, and no commit for 60 s.",
            "short",
            or_zero(watched("im_relay_watch_stuck_partitions", "stage", "platform", "topic"), "{{stage}} {{topic}}", "stage"),
            bad=1,
        ),
        chart(
            "Partitions without owner",
            "By stage.",
            "short",
            or_zero(watched("im_relay_watch_unowned_partitions", "stage", "platform"), "{{stage}} {{platform}}", "stage"),
            bad=1,
        ),
        chart(
            "Workers",
            "Members of each consumer group.",
            "short",
            or_zero(watched("im_relay_watch_members", "stage", "platform"), "{{stage}} {{platform}}", "stage"),
        ),
        chart(
            "Open transactions",
            "By topic. What lies behind one waits; see im-relay transactions list.",
            "short",
            or_zero(watched("im_relay_watch_open_transactions", "topic"), "{{topic}}", "topic"),
        ),
        chart(
            "Oldest open transaction",
            "By topic.",
            "s",
            or_zero(worst("im_relay_watch_open_transaction_seconds", "topic"), "{{topic}}", "topic"),
            warn=30,
            bad=60,
        ),
        chart(
            "Offline and under-replicated partitions",
            "By topic. Offline: nobody can write there.",
            "short",
            or_zero(f"{watched('im_relay_watch_offline_partitions', 'topic')} > 0", "offline {{topic}}", "topic"),
            or_zero(f"{watched('im_relay_watch_under_replicated_partitions', 'topic')} > 0", "under-replicated {{topic}}", "topic"),
            bad=1,
        ),
        chart(
            "Age of the watcher's last look",
            "Beyond a minute, the panels of this row show the past.",
            "s",
            Query(f"time() - max by (instance) ({only('im_relay_watch_last_look_seconds', of_role('watch'))})", "{{instance}}"),
            warn=60,
            bad=300,
        ),
        chart(
            "Certificates expire in",
            "By process, and as brokers and endpoints serve them.",
            "s",
            or_zero(
                f"min by (role, what, name) ({only('im_relay_certificate_expiry_seconds')}) - time()",
                "{{role}} {{what}} {{name}}",
                "role",
                named="no certificate",
            ),
        ),
        chart(
            "Certificates not seen, in 5 minutes",
            "Endpoints and brokers at which the watcher found none.",
            "short",
            events("im_relay_certificate_reads_total", "what", "name", where='outcome="failed"'),
            warn=1,
        ),
        chart(
            "Looks of the watcher",
            "Time, and failed ones in 5 minutes.",
            "short",
            *quantiles("im_relay_watch_look_seconds"),
            events("im_relay_watch_looks_total", "outcome", where='outcome="failed"', legend="failed: {{outcome}}"),
        ),
    ],
)

KAFKA = Section(
    "As seen by the workers",
    [
        chart(
            "Lag",
            "As each worker counts it; it ends with the worker.",
            "short",
            Query(total("im_relay_lag_records", "stage", "topic"), "{{stage}} {{topic}}"),
        ),
        chart(
            "Blocked by open transactions",
            "By topic, the worst partition.",
            "s",
            Query(worst("im_relay_blocked_seconds", "stage", "topic"), "{{stage}} {{topic}}"),
            warn=30,
            bad=60,
        ),
        states("Kafka reachable", "By process.", UP, Query(f"1 - {only('im_relay_kafka_unreachable')}", "{{role}} {{instance}}")),
        chart(
            "Partitions owned",
            "By process.",
            "short",
            or_zero(total("im_relay_partitions_owned", "stage", "role", "instance"), "{{role}} {{instance}}", "role"),
            stacked=True,
        ),
        chart("Standby processes", "They own nothing, and take over when another leaves.", "short", totals("im_relay_standby", "stage")),
        chart(
            "Records deleted unread, in 5 minutes",
            "By retention or truncation, before a stage had read them. Normal: none.",
            "short",
            events("im_relay_records_deleted_unread_total", "stage", "topic", "cause"),
            bad=1,
        ),
        chart("Transactions", "By stage and outcome.", "ops", rates("im_relay_transactions_total", "stage", "outcome")),
        chart("Time of a transaction", "From begin to committed.", "s", *quantiles("im_relay_transaction_seconds", "stage"), warn=1, bad=5),
        chart(
            "Producer starts and rebalances, in 5 minutes",
            "Many: workers come and go, or pause for longer than half of kafka.session_timeout.",
            "short",
            events("im_relay_producer_starts_total", "stage", "reason", legend="producer {{stage}} {{reason}}"),
            events("im_relay_rebalances_total", "stage", legend="rebalance {{stage}}"),
            events("im_relay_workers_put_out_total", "stage", legend="put out as silent {{stage}}"),
        ),
        chart(
            "Throttled by brokers",
            "Seconds per second for which answers were held back by a quota of the brokers.",
            "percentunit",
            rates("im_relay_broker_throttled_seconds_total", "role", "api", legend="{{role}} API {{api}}"),
            warn=0.1,
        ),
        chart(
            "Clock skew",
            "How far each process' clock is ahead of the brokers', either way.",
            "s",
            Query(f"abs({only('im_relay_clock_skew_seconds')})", "{{role}} {{instance}}"),
            warn=1,
            bad=5,
        ),
        chart(
            "Misconfigured topics",
            "Settings that lose or refuse what the relay writes, found at a start.",
            "short",
            totals("im_relay_topic_misconfigured", "topic", "setting"),
            bad=1,
        ),
    ],
)

STATE = Section(
    "Local state",
    [
        chart(
            "Size on disk",
            "By process and kind.",
            "bytes",
            Query(worst("im_relay_state_bytes", "role", "instance", "what"), "{{role}} {{what}} {{instance}}"),
        ),
        chart(
            "Free space",
            "By process and kind, and as a share below.",
            "bytes",
            Query(worst("im_relay_state_free_bytes", "role", "instance", "what"), "{{role}} {{what}} {{instance}}"),
        ),
        chart(
            "Disk in use",
            "Share of the disk that is taken, by whatever.",
            "percentunit",
            Query(
                f"1 - {worst('im_relay_state_free_bytes', 'role', 'instance', 'what')} / {worst('im_relay_state_disk_bytes', 'role', 'instance', 'what')}",
                "{{role}} {{what}} {{instance}}",
            ),
            warn=0.8,
            bad=0.9,
        ),
        chart(
            "Growth within an hour",
            "By process and kind.",
            "bytes",
            Query(worst("im_relay_state_growth_bytes", "role", "instance", "what"), "{{role}} {{what}} {{instance}}"),
        ),
        chart(
            "Partitions refused by the disk",
            "Full, forbidden, failing, or damaged again. Normal: none.",
            "short",
            totals("im_relay_state_refused", "stage", "kind"),
            bad=1,
        ),
        chart(
            "State rebuilt, in 5 minutes",
            "It was damaged, incomplete, or another topic's or cluster's. Normal: none.",
            "short",
            events("im_relay_state_rebuilt_total", "stage", "why"),
            events("im_relay_identities_rebuilt_total", legend="identities"),
            warn=1,
        ),
        chart("Time until a partition is ready", "From taking it over.", "s", *quantiles("im_relay_state_rebuild_seconds", "stage")),
        chart(
            "Restore: entries left",
            "Read back beside live work.",
            "short",
            or_zero(total("im_relay_state_restore_left", "stage", "topic"), "{{stage}} {{topic}}", "stage"),
        ),
        chart("Restore: speed", "Entries read back.", "ops", rates("im_relay_state_restored_total", "stage")),
        chart("Restore: time left", "At the present speed.", "s", totals("im_relay_state_restore_eta_seconds", "stage")),
        chart(
            "Restore: known for",
            "How far back the least restored partition is known; empty of meaning once all is restored.",
            "s",
            or_zero(f"time() - max by (stage) ({only('im_relay_state_known_since')} > 0)", "{{stage}}", "stage", named="all restored"),
        ),
        chart(
            "Keys of encryption",
            "Keys that the process which knows most of them holds; 0 while nothing is encrypted.",
            "short",
            or_zero(worst("im_relay_encryption_keys", "kind"), "{{kind}}", "kind"),
        ),
        chart(
            "Read without their content, in 5 minutes",
            "Encrypted records whose key was thrown away (erased, or too old), or which were altered.",
            "short",
            events("im_relay_undecryptable_records_total", "kind", "why"),
        ),
    ],
)

PROCESSES = Section(
    "Processes",
    [
        states("Up", "Whether Prometheus can ask it.", UP, Query(f"up{{{OURS}}}", "{{role}} {{instance}}")),
        chart("Memory", "Resident.", "bytes", Query(f"process_resident_memory_bytes{{{OURS}}}", "{{role}} {{instance}}")),
        chart(
            "CPU", "Cores in use.", "short", Query(f"rate(process_cpu_seconds_total{{{OURS}}}{WINDOW})", "{{role}} {{instance}}"), warn=0.8
        ),
        chart(
            "Log lines left out, in 5 minutes",
            "Floods of one line, by level; the log says which.",
            "short",
            events("im_relay_log_lines_left_out_total", "level"),
            warn=1,
        ),
        chart("Time since start", "By process.", "s", Query(f"time() - process_start_time_seconds{{{OURS}}}", "{{role}} {{instance}}")),
    ],
)

BOARD = Board(
    uids.KAFKA, "im-relay: Kafka and processes", "Lag, transactions, local state, disks and processes.", [WATCHED, KAFKA, STATE, PROCESSES]
)
