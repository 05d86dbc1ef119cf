# ruff: noqa: INP001 - a script beside the files it writes
"""Writes what is derived: the Grafana dashboard, the chart's copies of it and of the alerts, the chart's schema.

`python -m deploy.dashboards` writes; with `--check` it only says what is stale, and exits with 1.
"""

import sys
from pathlib import Path

from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable, QueryVariable, Row
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from deploy import chart as chart_schema
from deploy.panels import OURS, SOURCE, WINDOW, chart, number, only, per_second, quantiles, total

ROOT = Path(__file__).parents[1]
DASHBOARD = "deploy/grafana/dashboards/im-relay.json"
ALERTS = "deploy/prometheus/alerts.yml"
CHART_FILES = "helm/im-relay/files"


def overview(board: Dashboard) -> None:
    board.with_row(Row("Now"))
    board.with_panel(
        number("Kafka, seen by the ingress", "1: callbacks can be stored.", "short",
               "min(" + only("im_relay_store_up", 'role="ingress"') + ")", bad=1, low=True)
    )  # fmt: skip
    board.with_panel(
        number("Delivered", "By all workers, to all platforms.", "mps",
               per_second("im_relay_sends_total", where='outcome="delivered"'))
    )  # fmt: skip
    board.with_panel(
        number("End to end, p99", "From the source's timestamp to the target's acceptance.", "s",
               quantiles("im_relay_end_to_end_seconds")[-1][0], bad=30)
    )  # fmt: skip
    board.with_panel(
        number("Behind", "Records that no stage has settled yet.", "short", total("im_relay_lag_records"), bad=10_000)
    )
    board.with_panel(
        number("In doubt now", "Conversations that wait for proof of a send.", "short",
               total("im_relay_held_conversations", where='why="in_doubt"'), bad=50)
    )  # fmt: skip
    board.with_panel(
        number("Dead letters of ours", "Since the processes started. Each is a defect of the relay or its settings.", "short",
               total("im_relay_dead_letters_total", where='whose="ours"') + " or vector(0)", bad=1)
    )  # fmt: skip


def traffic(board: Dashboard) -> None:
    board.with_row(Row("Messages"))
    board.with_panel(
        chart("In", "Callbacks read from Kafka, by app.", "mps",
              (per_second("im_relay_convert_records_in_total", "app"), "{{app}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Out", "What is to be delivered, by direction and kind.", "mps",
              (per_second("im_relay_convert_records_out_total", "direction", "kind", where='outcome="delivery"'),
               "{{direction}} {{kind}}"))
    )  # fmt: skip
    board.with_panel(
        chart("End to end", "From the source's own timestamp to the target's acceptance; the clocks' skew included.", "s",
              *quantiles("im_relay_end_to_end_seconds", "direction"))
    )  # fmt: skip
    board.with_panel(
        chart("Ends at convert", "Dropped with a reason, or made a dead letter.", "mps",
              (per_second("im_relay_convert_records_out_total", "outcome", "kind", where='outcome!="delivery"'),
               "{{outcome}}: {{kind}}"),
              (per_second("im_relay_echoes_total", "app"), "echo of our own: {{app}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Dead letters", "Since the processes started, by stage, cause and whose fault.", "short",
              (total("im_relay_dead_letters_total", "stage", "cause", "whose"), "{{whose}}: {{stage}} {{cause}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Records of others", "What lies in the relay's topics and no role of it has written: who else may write there?", "short",
              (total("im_relay_foreign_records_total", "stage", "topic", "why"), "{{stage}}: {{topic}} {{why}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Plug-ins", "How the customer's conversions answered, and the time that each takes of one second.", "short",
              (per_second("im_relay_plugin_calls_total", "plugin", "outcome"), "{{plugin}} {{outcome}}"),
              (per_second("im_relay_plugin_seconds_total", "plugin"), "{{plugin}} seconds"))
    )  # fmt: skip
    board.with_panel(
        chart("Rules", "How many workers have which rules: one line, but for moments. And what came of the settings file's changes.",
              "short",
              (total("im_relay_rules", "digest"), "rules {{digest}}"),
              (total("im_relay_rules_read_total", "outcome"), "file {{outcome}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Losses", "Parts of events that the target cannot carry.", "eps",
              (per_second("im_relay_losses_total", "direction", "what"), "{{direction}} {{what}}"))
    )  # fmt: skip


def ingress(board: Dashboard) -> None:
    board.with_row(Row("Ingress"))
    board.with_panel(
        chart("Callbacks", "Answers by HTTP status and reason. 503 is sent again by the platform, 401 is not ours.", "reqps",
              (per_second("im_relay_callbacks_total", "app", "status", "reason"), "{{app}} {{status}} {{reason}}"), stacked=True)
    )  # fmt: skip
    board.with_panel(
        chart("Time to durable", "From an authentic body to the acknowledgement of all in-sync replicas.", "s",
              *quantiles("im_relay_time_to_durable_seconds", "platform"))
    )  # fmt: skip
    board.with_panel(
        chart("Waiting for Kafka", "Callbacks not yet acknowledged, by process.", "short",
              (total("im_relay_callbacks_waiting", "instance", where='role="ingress"'), "{{instance}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Kafka answers", "1 while it does, by process.", "short",
              (only("im_relay_store_up", 'role="ingress"'), "{{instance}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Connections", "Open ones, by port, and what all of them hold: unfinished heads, and bodies.", "short",
              (total("im_relay_connections", "port"), "{{port}}"),
              (total("im_relay_connection_bytes", "port"), "{{port}}: bytes"))
    )  # fmt: skip
    board.with_panel(
        chart("Connections closed by us", "`connections`, `full` and `memory`: there was no room; the others were too slow or too large.", "cps",
              (per_second("im_relay_connections_closed_total", "port", "reason"), "{{port}} {{reason}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Signatures used: known for", "By process, while it reads back; older callbacks wait for it.", "s",
              ("time() - (" + only("im_relay_signatures_known_since_seconds", 'role="ingress"') + " > 0)", "{{instance}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Stored", "Bytes of callbacks' bodies.", "Bps", (per_second("im_relay_callback_bytes_total", "app"), "{{app}}"))
    )
    board.with_panel(
        chart("Replaced producers, defects", "Since the processes started.", "short",
              (total("im_relay_store_restarts_total", "reason"), "producer replaced: {{reason}}"),
              (total("im_relay_ingress_errors_total", "error"), "defect: {{error}}"))
    )  # fmt: skip


def exact(board: Dashboard) -> None:
    board.with_row(Row("Kafka: lag and transactions"))
    board.with_panel(
        chart("Lag", "Records after the last one that was committed as done, to the end of the log.", "short",
              (total("im_relay_lag_records", "stage", "topic"), "{{stage}} {{topic}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Held back by open transactions", "For how long, by topic; the worst partition. See im-relay transactions list.", "s",
              ("max by (stage, topic) (" + only("im_relay_blocked_seconds") + ")", "{{stage}} {{topic}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Kafka cannot be reached", "1 while no broker answers, by process.", "short",
              (only("im_relay_kafka_unreachable"), "{{role}} {{instance}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Throttled by brokers", "Seconds a second for which answers were held back because a quota of the brokers was used up.", "s",
              (per_second("im_relay_broker_throttled_seconds_total", "role", "api"), "{{role}}: request {{api}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Clock", "How far each process' clock is ahead of the brokers'.", "s", (only("im_relay_clock_skew_seconds"), "{{role}} {{instance}}"))
    )
    board.with_panel(
        chart("Topics that are unfit", "Settings that lose or refuse what the relay writes, found at a start.", "short",
              (total("im_relay_topic_misconfigured", "topic", "setting"), "{{topic}}: {{setting}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Partitions owned", "By process. A stage whose sum falls short has partitions that nobody works on. Who stands by owns none.", "short",
              (total("im_relay_partitions_owned", "stage", "role", "instance"), "{{role}} {{instance}}"),
              (total("im_relay_standby", "stage"), "{{stage}}: stand by"), stacked=True)
    )  # fmt: skip
    board.with_panel(
        chart("Records deleted unread", "What the brokers deleted before a stage had read it, since the processes started; it should be none.", "short",
              (total("im_relay_records_deleted_unread_total", "stage", "topic", "cause"), "{{stage}} {{topic}}: {{cause}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Transactions", "By stage and outcome.", "ops",
              (per_second("im_relay_transactions_total", "stage", "outcome"), "{{stage}} {{outcome}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Transaction time", "From begin to committed.", "s", *quantiles("im_relay_transaction_seconds", "stage"))
    )
    board.with_panel(
        chart("Producer starts, rebalances", "Since the processes started.", "short",
              (total("im_relay_producer_starts_total", "stage", "reason"), "producers {{stage}}: {{reason}}"),
              (total("im_relay_rebalances_total", "stage"), "rebalances {{stage}}"))
    )  # fmt: skip
    board.with_panel(
        chart("State rebuilds", "Reading a partition's state back from Kafka: the mean since the processes started.", "s",
              (total("im_relay_state_rebuild_seconds_sum", "stage") + " / "
               + total("im_relay_state_rebuild_seconds_count", "stage"), "{{stage}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Restore", "Entries still to be read back beside live work, and read a second; what was said before the known time waits.", "short",
              (total("im_relay_state_restore_left", "stage", "topic"), "left {{stage}} {{topic}}"),
              (per_second("im_relay_state_restored_total", "stage"), "{{stage}} a second"),
              (total("im_relay_awaiting_restore", "platform"), "{{platform}} events that wait"))
    )  # fmt: skip
    board.with_panel(
        chart("Restore: time", "Until it is done, and how far back the partition is that is known least: it should fall to 0.", "s",
              (total("im_relay_state_restore_eta_seconds", "stage"), "{{stage}} to go"),
              ("time() - max by (stage) (" + only("im_relay_state_known_since") + " > 0)", "{{stage}} known for"))
    )  # fmt: skip
    board.with_panel(
        chart("State made anew", "Local state that was damaged, had forgotten, or was another topic's or cluster's; since the processes started. It should be none.", "short",
              (total("im_relay_state_rebuilt_total", "stage", "why"), "{{stage}}: {{why}}"),
              (total("im_relay_identities_rebuilt_total"), "identities"))
    )  # fmt: skip
    board.with_panel(
        chart("Local state: room", "What it takes of its disk, how much more than an hour ago, and what is free, by process.", "bytes",
              ("max by (role, instance, what) (" + only("im_relay_state_bytes") + ")", "{{what}} {{instance}}"),
              ("max by (role, instance, what) (" + only("im_relay_state_growth_bytes") + ")", "{{what}} {{instance}}, growth"),
              ("max by (role, instance, what) (" + only("im_relay_state_free_bytes") + ")", "{{what}} {{instance}}, free"),
              ("max by (role, instance, what) (" + only("im_relay_state_disk_bytes") + ")", "{{what}} {{instance}}, disk"))
    )  # fmt: skip
    board.with_panel(
        chart("Local state refused", "Partitions that wait because the disk is full, forbidden, failing, or has damaged them again. It should be none.", "short",
              (total("im_relay_state_refused", "stage", "kind"), "{{stage}}: {{kind}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Records of one transaction", "At convert.", "short", *quantiles("im_relay_convert_batch_records"))
    )
    board.with_panel(
        chart("Converting one batch", "Without Kafka.", "s", *quantiles("im_relay_convert_batch_seconds"))
    )
    board.with_panel(
        chart("Identities", "Entries of the table, in one process.", "short",
              ("max by (platform, kind) (" + only("im_relay_identities_entries") + ")", "{{platform}} {{kind}}"))
    )  # fmt: skip


def deliver(board: Dashboard) -> None:
    board.with_row(Row("Delivery"))
    board.with_panel(
        chart("Sends", "Events that ended, by outcome.", "eps",
              (per_second("im_relay_sends_total", "app", "outcome"), "{{app}} {{outcome}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Attempts", "Requests by what the answer meant. Many not_sent: throttled, blocked, or no token.", "reqps",
              (per_second("im_relay_attempts_total", "app", "api", "outcome"), "{{app}} {{api}} {{outcome}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Request time", "One HTTP request, by app and api.", "s", *quantiles("im_relay_request_seconds", "app", "api"))
    )
    board.with_panel(
        chart("Open events, requests in flight", "Read and not yet settled; waiting for an answer.", "short",
              (total("im_relay_open_events", "platform"), "open {{platform}}"),
              (total("im_relay_requests_in_flight", "app"), "in flight {{app}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Conversations held", "By what they wait for.", "short",
              (total("im_relay_held_conversations", "platform", "why"), "{{platform}} {{why}}"), stacked=True)
    )  # fmt: skip
    board.with_panel(
        chart("In doubt", "Since the processes started: opened, and how it was settled.", "short",
              (total("im_relay_in_doubt_total", "platform", "step"), "{{platform}} {{step}}"),
              (total("im_relay_already_delivered_total", "platform"), "{{platform}} known as delivered"),
              (total("im_relay_duplicates_detected_total", "platform"), "{{platform}} doubled"),
              (total("im_relay_resends_avoided_total", "platform"), "{{platform}} spared by an echo"),
              (total("im_relay_held_duplicates_total", "platform"), "{{platform}} copies of what is held"),
              (total("im_relay_sent_beyond_ledger_total", "platform"), "{{platform}} older than the ledger"))
    )  # fmt: skip
    board.with_panel(
        chart("Time in doubt", "From a doubt's beginning to its end, by how it ended.", "s",
              *quantiles("im_relay_in_doubt_seconds", "step"))
    )  # fmt: skip
    board.with_panel(
        chart("Out of the ordinary", "A second: messages behind a later one, recalls and the like that named nothing, our own doing called back, what is past.",
              "ops", (per_second("im_relay_out_of_order_total", "app"), "{{app}} late"),
              (per_second("im_relay_unresolved_references_total", "app", "operation"), "{{app}} {{operation}} in vain"),
              (per_second("im_relay_own_actions_echoed_total", "app"), "{{app}} ours"),
              (per_second("im_relay_historical_total", "direction"), "{{direction}} past"))
    )  # fmt: skip
    board.with_panel(
        chart("Not believed", "A second: marks that do not fit or are no evidence, and what was not carried because its sender may not do it.",
              "ops", (per_second("im_relay_marks_refused_total", "app", "stage", "reason"), "{{app}} {{stage}} {{reason}}"),
              (per_second("im_relay_denied_total", "app", "kind", "reason"), "{{app}} {{kind}} {{reason}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Quotas", "Requests that wait for their turn, and answers that said it was too much.", "short",
              (total("im_relay_quota_waiting", "app", "class"), "waiting {{app}} {{class}}"),
              (per_second("im_relay_throttled_total", "app", "api"), "throttled {{app}} {{api}} a second"))
    )  # fmt: skip
    board.with_panel(
        chart("Speed", "Of the full quota, after answers of too much; 1 is all of it.", "percentunit",
              (f"min by (app, limit) (im_relay_quota_ratio{{{OURS}}})", "{{app}} {{limit}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Held", "1 while records of an app wait, because those before them became dead letters of one cause of ours.", "short",
              (f"max by (stage, app, cause) (im_relay_app_held{{{OURS}}})", "{{stage}} {{app}} {{cause}}"),
              (total("im_relay_stage_held", "stage"), "{{stage}}"),
              (total("im_relay_apps_released_total", "stage", "by"), "{{stage}} goes on again by {{by}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Parked", "What of floods is read and waits for its conversation or source to have room.", "short",
              (total("im_relay_parked", "platform"), "{{platform}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Breakers", "0 closed, 1 half open: a few try, 2 open: all wait.", "short",
              (f"max by (app, api) (im_relay_breaker{{{OURS}}})", "{{app}} {{api}}"))
    )  # fmt: skip


def media(board: Dashboard) -> None:
    board.with_row(Row("Media: files brought over"))
    board.with_panel(
        chart("Jobs", "By how they ended; reused: the same file was brought over before.", "ops",
              (per_second("im_relay_media_jobs_total", "direction", "kind", "outcome"), "{{direction}} {{kind}} {{outcome}}"))
    )  # fmt: skip
    board.with_panel(
        chart("What is made into what", "Files carried, by form.", "ops",
              (per_second("im_relay_media_jobs_total", "codec", where='outcome="carried"'), "{{codec}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Messages with files", "As they went on: with the file, or with its name and address in its place, and why.", "mps",
              (per_second("im_relay_media_messages_total", "direction", "kind", "fate"), "{{direction}} {{kind}} {{fate}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Wait in the conversation", "Of a message for its file. From deliver.order_hold on, the later ones pass.", "s",
              *quantiles("im_relay_media_wait_seconds", "direction"))
    )  # fmt: skip
    board.with_panel(
        chart("Time of a step", "Fetching, reading and transcoding, putting there.", "s", *quantiles("im_relay_media_step_seconds", "step"))
    )
    board.with_panel(
        chart("Bytes", "Of files, in and out.", "Bps",
              (per_second("im_relay_media_bytes_total", "direction", "kind", "way"), "{{direction}} {{kind}} {{way}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Sound", "Seconds of voice carried in a second, by form.", "short",
              (per_second("im_relay_media_audio_seconds_total", "direction", "codec"), "{{direction}} {{codec}}"))
    )  # fmt: skip
    board.with_panel(
        chart("In hand, and crashes", "Files under way; processes that a file has ended, and answers of the virus scanner, a second.", "short",
              (total("im_relay_media_in_progress", "role"), "under way"),
              (per_second("im_relay_media_crashes_total", "kind"), "crashes {{kind}}"),
              (per_second("im_relay_media_scans_total", "verdict"), "scans {{verdict}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Sandbox", "1 where the layer keeps the processes that read files, 0 where the kernel has none.", "short",
              (f"min by (layer) (im_relay_media_sandbox{{{OURS}}})", "{{layer}}"))
    )  # fmt: skip


def files(board: Dashboard) -> None:
    board.with_row(Row("Files: the embedded store"))
    board.with_panel(
        chart("Requests", "By method and kind of answer. 4xx of GET: a link that is over or was changed.", "reqps",
              (per_second("im_relay_files_requests_total", "method", "status"), "{{method}} {{status}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Bytes", "Put and fetched.", "Bps", (per_second("im_relay_files_bytes_total", "method"), "{{method}}"))
    )
    board.with_panel(
        chart("On the disk", "Bytes of the files, and what may still come; uploads beyond are refused.", "bytes",
              (only("im_relay_files_kept_bytes", 'role="files"'), "kept"), (only("im_relay_files_free_bytes", 'role="files"'), "free"))
    )  # fmt: skip
    board.with_panel(chart("Files", "On the disk.", "short", (only("im_relay_files_kept", 'role="files"'), "files")))


def gaps(board: Dashboard) -> None:
    board.with_row(Row("Callbacks that never came"))
    board.with_panel(
        chart("Compared", "What a platform keeps, by whether it had come; recovered was missing, and is written in its place.", "cps",
              (per_second("im_relay_gap_callbacks_total", "app", "outcome"), "{{app}} {{outcome}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Searches", "Since the processes started. Partial: not all could be seen; the log says what.", "short",
              (total("im_relay_gap_searches_total", "app", "outcome"), "{{app}} {{outcome}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Questions", "To the platform, by how they ended.", "reqps",
              (per_second("im_relay_gap_requests_total", "app", "api", "outcome"), "{{app}} {{api}} {{outcome}}"))
    )  # fmt: skip
    board.with_panel(chart("Search time", "One search of one app.", "s", *quantiles("im_relay_gap_search_seconds", "app")))


def migrate(board: Dashboard) -> None:
    board.with_row(Row("Migration: what was there before"))
    board.with_panel(
        chart("Written", "Items and messages, by what became of them; known: fed once more, and nothing was done.", "ops",
              (per_second("im_relay_migrated_total", "kind", "outcome"), "{{kind}} {{outcome}}"))
    )  # fmt: skip
    board.with_panel(
        chart("In hand", "Items and messages that a worker has read and not written.", "short",
              (total("im_relay_migrate_waiting", "platform"), "{{platform}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Doubts", "Requests whose answer stayed away, by how that was settled.", "ops",
              (per_second("im_relay_migrate_doubts_total", "app", "step"), "{{app}} {{step}}"))
    )  # fmt: skip
    board.with_panel(
        chart("Open", "1 while requests may leave: not paused, and within its hours.", "short",
              (f"max by (app) (im_relay_migrate_open{{{OURS}}})", "{{app}}"))
    )  # fmt: skip


def processes(board: Dashboard) -> None:
    board.with_row(Row("Processes"))
    board.with_panel(
        chart("Up", "1 while a process can be asked for its metrics.", "short", (f"up{{{OURS}}}", "{{role}} {{instance}}"))
    )
    board.with_panel(
        chart("Memory", "Resident.", "bytes", (f"process_resident_memory_bytes{{{OURS}}}", "{{role}} {{instance}}"))
    )
    board.with_panel(
        chart("CPU", "Cores.", "short", (f"rate(process_cpu_seconds_total{{{OURS}}}{WINDOW})", "{{role}} {{instance}}"))
    )


def build() -> str:
    board = (
        Dashboard("im-relay")
        .uid("im-relay")
        .tags(["im-relay"])
        .description("Written by deploy/dashboards.py; changes belong there.")
        .refresh("10s")
        .time("now-30m", "now")
        .timezone("browser")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .with_variable(DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .with_variable(
            QueryVariable("namespace")
            .label("Namespace")
            .datasource(SOURCE)
            .query("label_values(im_relay_store_up, namespace)")
            .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
            .include_all(True)
            .all_value(".*")
            .current(models.VariableOption(text="All", value="$__all", selected=True))
        )
    )
    for part in (overview, traffic, ingress, exact, deliver, media, files, gaps, migrate, processes):
        part(board)
    made = board.build()
    for place, panel in enumerate(made.panels or (), 1):
        panel.id_val = place
    return JSONEncoder(sort_keys=True, indent=2).encode(made) + "\n"


def outputs() -> dict[str, str]:
    """Every derived file, by its path from the root, with what belongs in it."""
    dashboard = build()
    return {
        DASHBOARD: dashboard,
        f"{CHART_FILES}/im-relay.json": dashboard,
        f"{CHART_FILES}/alerts.yml": (ROOT / ALERTS).read_text(encoding="utf-8"),
        chart_schema.SCHEMA: chart_schema.schema(ROOT),
        chart_schema.SECRETS: chart_schema.secrets(),
    }


def main(*, check: bool) -> int:
    stale = [
        path
        for path, text in outputs().items()
        if not (ROOT / path).exists() or (ROOT / path).read_text(encoding="utf-8") != text
    ]
    for path in stale:
        if check:
            sys.stderr.write(f"{path} is stale: python -m deploy.dashboards\n")
            continue
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(outputs()[path], encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
