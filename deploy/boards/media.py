# ruff: noqa: INP001 - a part of deploy/dashboards.py
"""Files that are brought over, and the embedded store."""

from deploy.boards import uids
from deploy.boards.board import Board, Section
from deploy.boards.panels import ON, chart, states
from deploy.boards.queries import OURS, Query, events, of_role, only, or_zero, quantiles, rates, total, worst

MEDIA = Section(
    "Media",
    [
        chart(
            "Oldest file to bring over",
            "Age of the oldest job, read from Kafka by the role watch.",
            "s",
            or_zero(worst("im_relay_watch_oldest_seconds", "direction", where='stage="media"'), "{{direction}}", "direction"),
            warn=30,
            bad=120,
        ),
        chart(
            "Files", "By result. `reused`: brought over before.", "ops", rates("im_relay_media_jobs_total", "direction", "kind", "outcome")
        ),
        chart(
            "Files not carried, in 5 minutes",
            "By reason: the message goes on with name and address instead.",
            "short",
            events("im_relay_media_jobs_total", "direction", "outcome", where='outcome!~"carried|reused"'),
            warn=1,
        ),
        chart(
            "Messages with files",
            "As they went on: `carried`, or why without.",
            "mps",
            rates("im_relay_media_messages_total", "direction", "kind", "fate"),
        ),
        chart(
            "Wait of a message for its file",
            "Beyond deliver.order_hold later messages pass.",
            "s",
            *quantiles("im_relay_media_wait_seconds", "direction"),
            warn=5,
            bad=30,
        ),
        chart(
            "Time of a step",
            "`fetch`, `scan`, `press` (read, check, transcode), `put`.",
            "s",
            *quantiles("im_relay_media_step_seconds", "step"),
        ),
        chart(
            "Transcoding",
            "Files carried, by form before and after.",
            "ops",
            rates("im_relay_media_jobs_total", "codec", where='outcome="carried"'),
        ),
        chart("Bytes", "In and out.", "Bps", rates("im_relay_media_bytes_total", "direction", "kind", "way")),
        chart(
            "Voice carried",
            "Seconds of sound per second, by form.",
            "short",
            rates("im_relay_media_audio_seconds_total", "direction", "codec"),
        ),
        chart(
            "Files in progress", "All workers.", "short", Query(total("im_relay_media_in_progress", where=of_role("media")), "in progress")
        ),
        chart(
            "Crashes and scans, in 5 minutes",
            "Reader processes that a file ended; answers of the virus scanner.",
            "short",
            events("im_relay_media_crashes_total", "kind", legend="crash: {{kind}}"),
            events("im_relay_media_scans_total", "verdict", legend="scan: {{verdict}}"),
        ),
        states(
            "Sandbox",
            "Layers around the processes that read files. Missing: this kernel has none.",
            ON,
            or_zero(f"min by (layer) (im_relay_media_sandbox{{{OURS}}})", "{{layer}}", "layer"),
        ),
    ],
)

FILES = Section(
    "Embedded store (role files)",
    [
        chart(
            "Requests",
            "By method and class of status. 4xx of GET: an expired or changed link.",
            "reqps",
            rates("im_relay_files_requests_total", "method", "status"),
        ),
        chart("Bytes", "Uploaded and downloaded.", "Bps", rates("im_relay_files_bytes_total", "method")),
        chart(
            "Disk",
            "Kept, and free for uploads; beyond it they are refused.",
            "bytes",
            or_zero(only("im_relay_files_kept_bytes", of_role("files")), "kept {{instance}}", "instance", named="(role not in use)"),
            or_zero(only("im_relay_files_free_bytes", of_role("files")), "free {{instance}}", "instance", named="(role not in use)"),
        ),
        chart(
            "Files kept",
            "On the disk.",
            "short",
            or_zero(only("im_relay_files_kept", of_role("files")), "{{instance}}", "instance", named="(role not in use)"),
        ),
    ],
)

BOARD = Board(uids.MEDIA, "im-relay: media", "Pictures, voices, videos and files on their way to the other side.", [MEDIA, FILES])
