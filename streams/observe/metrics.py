"""Every metric, once: what it counts, in which unit, with which labels. docs/metrics.md is printed from here.

A label never holds what a person wrote, a user, a conversation or a message: only names of the settings and fixed words,
so that the number of series stays small and nothing private leaves.
"""

# Over 300 lines: all metrics are declared in one place.

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, generate_latest

from streams.observe.metric_types import (
    CALLS,
    DECLARED,
    END_TO_END,
    LONG,
    QUICK,
    RECORDS,
    REGISTRY,
    MetricSpec,
    begin,
    counter,
    gauge,
    histogram,
)
from streams.observe.printable import clean_exposition

begin("Ingress: incoming callbacks")
CALLBACKS = counter(
    "callbacks",
    "requests",
    ["app", "platform", "status", "reason"],
    "Requests answered, by HTTP status. For 200 the reason is `stored`, `known` (stored before) or `probe`, otherwise why it was refused.",
)
CALLBACK_BYTES = counter("callback_bytes", "bytes", ["app", "platform"], "Bodies stored in Kafka.")
TIME_TO_DURABLE = histogram(
    "time_to_durable_seconds",
    "seconds",
    ["platform"],
    "From a complete, authenticated body to Kafka's acknowledgement by all in-sync replicas.",
    QUICK,
)
CALLBACKS_WAITING = gauge("callbacks_waiting", "requests", [], "Callbacks that wait for Kafka's acknowledgement.")
STORE_UP = gauge("store_up", "0 or 1", [], "Whether Kafka answered the ingress at the last attempt.")
STORE_RESTARTS = counter("store_restarts", "producers", ["reason"], "Producers of the ingress that were replaced after an error.")
SIGNATURES_SINCE = gauge(
    "signatures_known_since_seconds",
    "seconds since 1970",
    [],
    "Signatures used since then are known; older callbacks get 503 until the rest is restored. 0: all are known.",
)
INGRESS_ERRORS = counter("ingress_errors", "requests", ["error"], "Defects caught while answering, each answered with 503.")

begin("Ports: connections")
CONNECTIONS = gauge("connections", "connections", ["port"], "Open connections of a port, named by its section of the settings.")
CONNECTION_BYTES = gauge("connection_bytes", "bytes", ["port"], "Bytes held by all connections: unfinished heads and bodies.")
CONNECTIONS_CLOSED = counter(
    "connections_closed",
    "connections",
    ["port", "reason"],
    "Connections closed by the relay: `connections` (limit reached), `full` (all others were being answered), `memory`, `slow-head`, "
    "`slow-body`, `head` and `trailers` (too large), `pipelined`, `bad-request`.",
)

begin("Convert: from callbacks to deliveries")
CONVERT_IN = counter("convert_records_in", "records", ["app", "platform"], "Callbacks read from Kafka.")
CONVERT_OUT = counter(
    "convert_records_out",
    "records",
    ["app", "platform", "direction", "kind", "outcome"],
    "Results of callbacks. direction is `source>target`, kind is the tag of the body or operation.",
)
ECHOES = counter("echoes", "records", ["app", "platform"], "Callbacks about messages that the relay itself sent.")
MARKS_REFUSED = counter(
    "marks_refused",
    "messages",
    ["app", "stage", "reason"],
    "Echo marks that were rejected. In `convert`: `unfit` (forged, or on a forwarded message), `client` (sent by a user's client), "
    "`unkeyed` (of a release without keys); the message is relayed as its sender's own. In `deliver`, for echoes: `no-intent`, "
    "`other-app`, `other-kind` (its kind carries no mark there), `unkeyed`; it settles nothing.",
)
LOSSES = counter("losses", "events", ["direction", "what"], "Parts of events that the target does not support.")
CONVERT_BATCH = histogram("convert_batch_records", "records", [], "Records of one transaction.", RECORDS)
CONVERT_SECONDS = histogram("convert_batch_seconds", "seconds", [], "Conversion of one batch, without Kafka.", QUICK)
PLUGIN_CALLS = counter(
    "plugin_calls",
    "calls",
    ["plugin", "outcome"],
    "Calls of a plug-in by result: `replaced`, `dropped`, `not_mine`, `failed` (it raised, or returned an invalid answer).",
)
PLUGIN_SECONDS = counter("plugin_seconds", "seconds", ["plugin"], "Time spent in a plug-in.")
RULES = gauge("rules", "1", ["digest"], "The rules in force, named by the digest in the log.")
RULES_READ = counter(
    "rules_read",
    "readings",
    ["outcome"],
    "Reloads of a changed settings file: `taken`, `same` rules, `refused` (the old ones stay in force).",
)
RULES_REFUSED = gauge("rules_refused", "0 or 1", [], "1 while the settings file, as it was last read, is wrong: older rules are in force.")
IDENTITY_ENTRIES = gauge("identities_entries", "entries", ["platform", "kind"], "Entries of the identity table.")
IDENTITIES_REBUILT = counter(
    "identities_rebuilt", "renewals", [], "Tables on disk that differed from their topic and were rebuilt from its beginning."
)

begin("Exactly once: stages that read and write Kafka")
TRANSACTIONS = counter(
    "transactions",
    "transactions",
    ["stage", "outcome"],
    "Kafka transactions: `committed`, or `unknown` (no answer: restarted from the last committed offsets).",
)
TRANSACTION_SECONDS = histogram("transaction_seconds", "seconds", ["stage"], "One transaction, from begin to committed.", QUICK)
PRODUCER_STARTS = counter("producer_starts", "producers", ["stage", "reason"], "Transactional producers started.")
REBALANCES = counter("rebalances", "rebalances", ["stage"], "Rebalances of the partitions.")
PARTITIONS_OWNED = gauge("partitions_owned", "partitions", ["stage"], "Partitions that this process owns.")
STANDBY = gauge("standby", "0 or 1", ["stage"], "1 while every partition has another owner; this process takes over when one leaves.")
WORKERS_PUT_OUT = counter(
    "workers_put_out",
    "workers",
    ["stage"],
    "Workers of the group that this process found silent for half of `kafka.session_timeout`, and whose partitions were given to others at once.",
)
DELETED_UNREAD = counter(
    "records_deleted_unread",
    "records",
    ["stage", "topic", "cause"],
    "Records that the brokers deleted before the stage had read them, by `retention` or `truncation` of the log. Includes transaction markers.",
)
LAG = gauge(
    "lag_records",
    "records",
    ["stage", "topic", "partition"],
    "Records between the last committed offset and the end of the log, including those held back by an open transaction.",
)

BROKER_THROTTLED = counter(
    "broker_throttled_seconds",
    "seconds",
    ["api"],
    "Time for which brokers delayed answers because of their quotas, by API number of Kafka's protocol (0 produce, 1 fetch).",
)
BLOCKED = gauge(
    "blocked_seconds",
    "seconds",
    ["stage", "topic", "partition"],
    "For how long an open transaction has blocked the records after it; 0 if none does.",
)
CLOCK_SKEW = gauge(
    "clock_skew_seconds", "seconds", [], "How far the clock of this machine is ahead of the brokers'; negative if it is behind."
)
TOPIC_MISCONFIGURED = gauge(
    "topic_misconfigured", "1", ["topic", "setting"], "Settings of topics found at start that would lose or refuse the relay's records."
)
KAFKA_UNREACHABLE = gauge("kafka_unreachable", "0 or 1", [], "1 if no broker was reachable at the last attempt.")

begin("Deliver: requests to platforms")
SENDS = counter("sends", "events", ["app", "platform", "api", "outcome"], "Completed events: `delivered`, `refused`, `unsure`, `gave_up`.")
ATTEMPTS = counter(
    "attempts",
    "requests",
    ["app", "platform", "api", "outcome"],
    "HTTP requests by the meaning of the answer: `delivered`, `not_sent`, `locked_out` (key, signature, clock, address or plan: "
    "messages wait for you), `unsure`, `refused`.",
)
REQUEST_SECONDS = histogram("request_seconds", "seconds", ["app", "platform", "api"], "One HTTP request to a platform.", CALLS)
IN_FLIGHT = gauge("requests_in_flight", "requests", ["app"], "HTTP requests waiting for an answer.")
THROTTLED = counter(
    "throttled", "requests", ["app", "platform", "api"], "Answers that said the rate limit was exceeded; each slows down its quota."
)
QUOTA_WAITING = gauge("quota_waiting", "requests", ["app", "class"], "Requests waiting for the quota: `live`, `backfill`.")
QUOTA_RATIO = gauge("quota_ratio", "0 to 1", ["app", "limit"], "Share of the full quota in use after rate-limit answers; 1 is all of it.")
BREAKER = gauge("breaker", "0, 1, 2", ["app", "platform", "api"], "0 closed, 1 half open (few requests probe), 2 open (all wait).")
OPEN_EVENTS = gauge("open_events", "events", ["platform"], "Events read and not yet settled.")
HELD_CONVERSATIONS = gauge(
    "held_conversations", "conversations", ["platform", "why"], "Waiting conversations: `retry`, `in_doubt`, `media`, `app` (held)."
)
IN_DOUBT = counter(
    "in_doubt", "events", ["platform", "step"], "Sends whose result is unknown: `opened`, then `echo`, `lookup`, `resent` or `held`."
)
IN_DOUBT_SECONDS = histogram(
    "in_doubt_seconds", "seconds", ["platform", "step"], "Time that a send was in doubt, by how it was settled.", LONG
)
PARKED = gauge(
    "parked", "records", ["platform"], "Records of floods: read, and parked outside the window until their conversation or source has room."
)
HELD_DUPLICATES = counter(
    "held_duplicates", "events", ["platform"], "Duplicates and replays of an event that is held in doubt for a person: they are skipped."
)
RESENDS_AVOIDED = counter(
    "resends_avoided", "requests", ["platform"], "Resends that were cancelled because the target called back about an earlier attempt."
)
DUPLICATES_DETECTED = counter(
    "duplicates_detected", "events", ["platform"], "Events that the target has twice: an echo with another message id than the ledger's."
)
OWN_ACTIONS_ECHOED = counter(
    "own_actions_echoed",
    "events",
    ["app"],
    "Recalls, edits, group changes and the like that the relay itself made and the platform called back: they end here.",
)
DENIED = counter(
    "denied",
    "events",
    ["app", "kind", "reason"],
    "Recalls, edits and receipts that were not relayed: the message belongs to another user (`other-author`) or conversation "
    "(`other-conversation`), which also ends a search in several places.",
)
UNRESOLVED_REFERENCES = counter(
    "unresolved_references", "events", ["app", "operation"], "Recalls, edits and reactions whose message never reached the target."
)
OUT_OF_ORDER = counter("out_of_order", "messages", ["app"], "Live messages that were sent after a later one.")
ALREADY_DELIVERED = counter("already_delivered", "events", ["platform"], "Skipped: the ledger lists the event as delivered.")
END_TO_END_SECONDS = histogram(
    "end_to_end_seconds",
    "seconds",
    ["direction"],
    "Live messages only: from the source platform's timestamp to the target's acceptance, including the skew of both clocks.",
    END_TO_END,
)
HISTORICAL = counter(
    "historical",
    "events",
    ["direction"],
    "Delivered, and not live: replayed, found by `im-relay gaps`, or put back from the dead letters. Not part of any latency.",
)
DEAD_LETTERS = counter(
    "dead_letters", "records", ["stage", "cause", "whose"], "Records set aside for a person; at fault: `ours` or `theirs`."
)
FOREIGN = counter(
    "foreign_records",
    "records",
    ["stage", "topic", "why"],
    "Records that no role of the relay writes in this form: `unreadable`, `headers`, `misplaced` (not in the partition of its key), "
    "`key`, `id`, `app`. Another program writes to the brokers.",
)
HELD = gauge("stage_held", "0 or 1", ["stage"], "1 while a stage holds an app (`im_relay_app_held`), or is held until it is upgraded.")
APP_HELD = gauge(
    "app_held",
    "0 or 1",
    ["stage", "app", "cause"],
    "1 while records of an app wait because earlier ones became dead letters of one cause on the relay's side.",
)
RELEASED = counter("apps_released", "times", ["stage", "by"], "Held apps that were released: by `message` (one got through) or `command`.")
REBUILD_SECONDS = histogram(
    "state_rebuild_seconds", "seconds", ["stage"], "From taking over a partition until its local state suffices for live work.", LONG
)
RESTORED = counter("state_restored", "entries", ["stage"], "Entries restored from Kafka into the local state.")
RESTORE_LEFT = gauge(
    "state_restore_left",
    "offsets",
    ["stage", "topic", "partition"],
    "Offsets left to restore, in parallel with live work; old events wait for it.",
)
RESTORE_KNOWN_SINCE = gauge(
    "state_known_since",
    "seconds since 1970",
    ["stage", "partition"],
    "Everything written since then is known; 0 if everything is. Older events wait.",
)
RESTORE_ETA = gauge("state_restore_eta_seconds", "seconds", ["stage"], "Time until all local state is restored, at the present speed.")
STATE_REBUILT = counter(
    "state_rebuilt",
    "stores",
    ["stage", "why"],
    "Local state rebuilt from Kafka: `damaged`, `sample` (entries are missing), `topic` (of an earlier topic), `cluster` (of another cluster).",
)
STATE_BYTES = gauge(
    "state_bytes",
    "bytes",
    ["what"],
    "Disk space used by local state: `ledger`, `identities`, `signatures`, `media`, `temporary` (files in transfer).",
)
STATE_GROWTH = gauge("state_growth_bytes", "bytes", ["what"], "Growth since an hour ago, or since the start.")
STATE_FREE = gauge("state_free_bytes", "bytes", ["what"], "Free space on that disk for this process.")
STATE_DISK = gauge("state_disk_bytes", "bytes", ["what"], "Size of that disk.")
STATE_REFUSED = gauge(
    "state_refused",
    "partitions",
    ["stage", "kind"],
    "Partitions that wait because their local state cannot be used: `full`, `forbidden`, `locked`, `failing`, `damaged` (again, soon after it was rebuilt).",
)
AWAITING_RESTORE = gauge(
    "awaiting_restore", "events", ["platform"], "Events older than the local state knows about: they wait for the restore."
)
SENT_BEYOND_LEDGER = counter(
    "sent_beyond_ledger",
    "events",
    ["platform"],
    "Sent although the ledger no longer reaches back to them: replays and filled gaps older than the ledger.",
)

begin("Media: file transfer")
MEDIA_JOBS = counter(
    "media_jobs",
    "files",
    ["direction", "kind", "codec", "outcome"],
    "Completed transfers. codec is `from>to` by the first bytes of both, outcome is `carried`, `reused` (transferred before) or why not.",
)
MEDIA_BYTES = counter("media_bytes", "bytes", ["direction", "kind", "way"], "Bytes of files; way is `in` or `out`.")
MEDIA_AUDIO = counter("media_audio_seconds", "seconds", ["direction", "codec"], "Audio in transferred voice messages.")
MEDIA_STEP_SECONDS = histogram(
    "media_step_seconds",
    "seconds",
    ["kind", "step"],
    "Time of one step of a transfer with all its attempts: `fetch`, `scan`, `press` (read, check, transcode), `put`.",
    CALLS,
)
MEDIA_IN_PROGRESS = gauge("media_in_progress", "files", [], "Files in progress in a worker.")
MEDIA_CRASHES = counter("media_crashes", "processes", ["kind"], "Processes that crashed on a file; each was replaced.")
MEDIA_SANDBOX = gauge(
    "media_sandbox",
    "0 or 1",
    ["layer"],
    "Isolation of the processes that read files, as tried at start: `seccomp`, `landlock`, `network` (a namespace of their own).",
)
MEDIA_SCANS = counter(
    "media_scans",
    "files",
    ["kind", "verdict"],
    "Answers of the virus scanner: `clean`, `infected`, `too-large` for it, `away` (no answer).",
)
MEDIA_WAIT_SECONDS = histogram(
    "media_wait_seconds",
    "seconds",
    ["direction", "kind"],
    "From reading a message with a file until its file is there or it no longer waits.",
    LONG,
)
MEDIA_MESSAGES = counter(
    "media_messages",
    "messages",
    ["direction", "kind", "fate"],
    "Messages with files that were released: `carried`, or why the receiver sees name and address in place of the file.",
)

begin("Files: the store of `im-relay files`")
FILE_REQUESTS = counter("files_requests", "requests", ["method", "status"], "Requests by `GET`, `HEAD`, `PUT`, `other`, and `2xx` … `5xx`.")
FILE_BYTES = counter("files_bytes", "bytes", ["method"], "Bytes uploaded (`PUT`) and downloaded (`GET`).")
FILES = gauge("files_kept", "files", [], "Files on the disk at the last scan.")
FILES_SIZE = gauge("files_kept_bytes", "bytes", [], "Their bytes.")
FILES_FREE = gauge("files_free_bytes", "bytes", [], "Bytes that can still be uploaded; uploads beyond that are answered 507.")

begin("Logs")
LOG_LINES_LEFT_OUT = counter(
    "log_lines_left_out", "lines", ["level"], "Lines that were the same as many others within 10 s: the log says how many of which."
)

begin("Migration: history written to the new app")

MIGRATED = counter(
    "migrated",
    "items and messages",
    ("kind", "outcome"),
    "Results of a migration's items and messages. Items: `made`, `there` (existed before), `changed`, `refused`. Messages: `made`, "
    "`live` (delivered by the relay), `skipped`, `stopped` (the rest of the conversation waits for a person), `dropped`; `known`: fed "
    "again, skipped.",
)
MIGRATE_DOUBTS = counter(
    "migrate_doubts",
    "requests",
    ("app", "step"),
    "Requests of a migration whose result was unknown: `opened`, then `arrived` (found at the target, or its repeat was refused as not later), `repeated`, or `held` for a person.",
)
MIGRATE_WAITING = gauge(
    "migrate_waiting", "items and messages", ("platform", "partition"), "Items and messages of a migration in progress."
)
MIGRATE_OPEN_HOURS = gauge(
    "migrate_open", "1 or 0", ("app",), "1 while requests of the migration may leave: it is not paused, and within its hours."
)

begin("Gaps: missing callbacks")
GAP_CALLBACKS = counter(
    "gap_callbacks",
    "callbacks",
    ["app", "platform", "outcome"],
    "Records of a platform compared with the received callbacks: `known`, `recovered` (written in its place), `unstored` (Kafka did not "
    "accept it), `unreadable`, `left_out` (it would have no effect).",
)
GAP_REQUESTS = counter(
    "gap_requests",
    "requests",
    ["app", "platform", "api", "outcome"],
    "Requests about lost callbacks: `answered`, `throttled`, `no_answer`; api is `file` for a file that an answer named.",
)
GAP_SEARCHES = counter(
    "gap_searches", "searches", ["app", "outcome"], "Completed searches: `whole`, `partial` (not all was visible), `failed` (or no answer)."
)
GAP_SECONDS = histogram("gap_search_seconds", "seconds", ["app"], "One search of one app.", LONG)

begin("Watch: the relay from outside, by a process that does not do the work")
WATCH_LAG = gauge(
    "watch_lag_records",
    "records",
    ["stage", "platform", "topic"],
    "Records after the last one that the stage's consumer group committed as done, to the end of the log, of partitions in which one waits. "
    "Also what an open transaction holds back. `platform` is that of a `deliver`, else empty, here and below.",
)
WATCH_OLDEST = gauge(
    "watch_oldest_seconds",
    "seconds",
    ["stage", "platform", "app", "direction", "class"],
    "Age of the oldest record that is not done, by its source app; 0 where none waits. Of a live message, since its callback came in; of "
    "`backfill`, since it was written. Of several apps in one partition only the one that is first in line is seen.",
)
WATCH_STUCK = gauge(
    "watch_stuck_partitions",
    "partitions",
    ["stage", "platform", "topic"],
    "Partitions in which a record waits and nothing was committed for a minute; the log names them.",
)
WATCH_UNOWNED = gauge(
    "watch_unowned_partitions", "partitions", ["stage", "platform"], "Partition numbers that no worker of the consumer group owns."
)
WATCH_MEMBERS = gauge("watch_members", "workers", ["stage", "platform"], "Workers in the consumer group.")
WATCH_LETTERS = gauge(
    "watch_open_letters",
    "records",
    ["stage", "cause", "whose", "app"],
    "Dead letters that lie in the topic and were neither replayed nor dropped; app is empty where it is not known.",
)
WATCH_TRANSACTIONS = gauge("watch_open_transactions", "transactions", ["topic"], "Transactions that are open in the topic's partitions.")
WATCH_TRANSACTION_SECONDS = gauge("watch_open_transaction_seconds", "seconds", ["topic"], "For how long the oldest of them has been open.")
WATCH_OFFLINE = gauge(
    "watch_offline_partitions", "partitions", ["topic"], "Partitions without a leader: nothing can be read or written there."
)
WATCH_UNDER_REPLICATED = gauge(
    "watch_under_replicated_partitions", "partitions", ["topic"], "Partitions of which a copy is missing or behind."
)
WATCH_LAST_LOOK = gauge(
    "watch_last_look_seconds",
    "seconds since 1970",
    [],
    "When all of this was last seen; what is older is no longer true, but ages, which grow.",
)
WATCH_LOOKS = counter(
    "watch_looks", "looks", ["outcome"], "Looks at the cluster: `whole`, `partial` (dead letters are still being read), `failed`."
)
WATCH_LOOK_SECONDS = histogram("watch_look_seconds", "seconds", [], "One look.", CALLS)

begin("Canary: test messages through the whole loop")
CANARY_MESSAGES = counter(
    "canary_messages",
    "messages",
    ["direction", "kind", "outcome"],
    "Test messages of `im-relay watch` by what became of them: `on_time`, `late`, `changed` (arrived as something else), `undelivered` (the target app "
    "has not called back), `uncalled` (the source app has not called back), `unsent` (the source app has not taken it). `kind` is `text`, `picture`, `voice`, `recall`.",
)
CANARY_STATE = gauge(
    "canary_state",
    "0 to 6",
    ["direction", "kind"],
    "Outcome of the last one: 0 on time, 1 late, 2 changed, 3 undelivered, 4 uncalled, 5 unsent, 6 unseen: Kafka did not answer.",
)
CANARY_SECONDS = histogram(
    "canary_seconds",
    "seconds",
    ["direction", "kind"],
    "From the request to the source app until the target app's callback of the message was stored, by one clock.",
    END_TO_END,
)
CANARY_LAST_SUCCESS = gauge(
    "canary_last_success_seconds",
    "seconds since 1970",
    ["direction", "kind"],
    "When the last one that arrived unchanged was called back by the target app.",
)
CANARY_LAST_RUN = gauge(
    "canary_last_run_seconds", "seconds since 1970", ["apps"], "When the last run ended. None where no canary is set up."
)

begin("Certificates and tokens: what expires, and what was refused")
CERTIFICATE_EXPIRY = gauge(
    "certificate_expiry_seconds",
    "seconds since 1970",
    ["what", "name"],
    "When a certificate expires: `client` and `ca` of `kafka.security`, `broker` as a broker serves it, `endpoint` of `watch.endpoints`; of a chain or bundle the first to expire. "
    "`name` is the setting, or host and port.",
)
CERTIFICATE_READS = counter(
    "certificate_reads", "looks", ["what", "name", "outcome"], "Looks at what a broker or an endpoint serves: `read`, `failed`."
)
TOKENS = counter(
    "token_requests",
    "requests",
    ["app", "platform", "outcome"],
    "Requests for a platform's access token: `granted`, `refused` (key, secret or app are wrong), `unanswered` (no answer, too many requests, or an error of the platform), "
    "`worn_out` (a new token was refused as well).",
)


def exposition(registry: CollectorRegistry = REGISTRY) -> bytes:
    """All metrics in Prometheus' text format 0.0.4."""
    return clean_exposition(generate_latest(registry).decode("utf-8", "surrogatepass")).encode()


def declared() -> Sequence[MetricSpec]:
    from streams.observe import encryption_metrics  # noqa: F401 - declares the last ones of the page

    return DECLARED
