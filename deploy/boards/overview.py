# ruff: noqa: INP001 - a part of deploy/dashboards.py
"""One screen: does messaging work, where not, since when."""

from deploy.boards import uids
from deploy.boards.board import Board, Section
from deploy.boards.panels import BREAKERS, CANARY, HELD, UP, chart, number, state, states
from deploy.boards.queries import NO_SAMPLES, OURS, Query, lasting_rates, of_role, only, or_zero, quantile, rates, watched, worst

LATE, VERY_LATE = 5, 60
"""Seconds: the objective for a live message, and what everybody notices."""
LOW = 6
"""Height of a chart: all of the board is on one screen."""
LOOK_IS_OLD = 60
"""Seconds after which what the watcher says is no longer the present."""

NOW = Section(
    "Now",
    [
        state(
            "Canary",
            "Outcome of the last test messages, the worst kind, by direction. Undelivered: the target app has not called back; uncalled: the source app has not; "
            "unsent: the app took none; unseen: Kafka did not answer.",
            CANARY,
            or_zero(worst("im_relay_canary_state", "direction"), "{{direction}}", "direction", named="no canary", zero=-1),
            wide=8,
            to=uids.DELIVERY,
        ),
        number(
            "Alerts firing",
            "Rules of im-relay that fire, in all namespaces; their names are in the panel Alerts.",
            "short",
            or_zero('count(ALERTS{alertname=~"ImRelay.*",alertstate="firing"})'),
            warn=1,
            bad=3,
        ),
        number(
            "Oldest undelivered",
            "Age of the oldest live message that a stage has not finished, by direction. Read from Kafka by the role watch, "
            "so it grows also while a worker is dead or a platform hangs.",
            "s",
            Query(worst("im_relay_watch_oldest_seconds", "direction", where='class="live"'), "{{direction}}"),
            warn=LATE,
            bad=VERY_LATE,
            wide=8,
            to=uids.DELIVERY,
        ),
        number(
            "Watcher's last look",
            "Age of what the role watch says. Beyond a minute, its figures are those of the past.",
            "s",
            Query(f"time() - max({only('im_relay_watch_last_look_seconds', of_role('watch'))})"),
            warn=LOOK_IS_OLD,
            bad=5 * LOOK_IS_OLD,
        ),
        number(
            "Processes down", "Processes that Prometheus cannot ask.", "short", or_zero(f"count(up{{{OURS}}} == 0)"), bad=1, to=uids.KAFKA
        ),
        number(
            "Partitions without owner",
            "Nobody works on these.",
            "short",
            or_zero(watched("im_relay_watch_unowned_partitions")),
            bad=1,
            to=uids.KAFKA,
        ),
        number(
            "Open dead letters",
            "Set aside, and neither replayed nor dropped yet, by whose fault. List: im-relay dead list.",
            "short",
            or_zero(watched("im_relay_watch_open_letters", "whose"), "{{whose}}", "whose"),
            warn=1,
            bad=100,
            to=uids.DELIVERY,
        ),
        state(
            "Kafka, seen by ingress",
            "Down: callbacks are answered 503, and platforms repeat them for a limited time.",
            UP,
            Query(f"min({only('im_relay_store_up', of_role('ingress'))})"),
            to=uids.INGRESS,
        ),
        state(
            "Apps",
            "Held: records of an app wait because those before them became dead letters. See im-relay release.",
            HELD,
            or_zero(worst("im_relay_app_held", "app"), "{{app}}", "app", named="all"),
            to=uids.DELIVERY,
        ),
        state(
            "Circuit breakers",
            "Open: requests to the platform wait, because the last ones failed.",
            BREAKERS,
            or_zero(worst("im_relay_breaker", "app"), "{{app}}", "app", named="all"),
            to=uids.DELIVERY,
        ),
    ],
)

WHERE = Section(
    "Where, and since when",
    [
        chart(
            "Oldest undelivered message",
            f"By direction and stage. Dashed: {LATE} s, the objective, and {VERY_LATE} s.",
            "s",
            Query(worst("im_relay_watch_oldest_seconds", "direction", "stage", where='class="live"'), "{{direction}} in {{stage}}"),
            warn=LATE,
            bad=VERY_LATE,
            to=uids.DELIVERY,
            high=LOW,
        ),
        chart(
            "Records behind",
            "Records no stage has finished, as the role watch reads them from Kafka.",
            "short",
            Query(watched("im_relay_watch_lag_records", "stage", "platform"), "{{stage}} {{platform}}"),
            to=uids.KAFKA,
            high=LOW,
        ),
        states(
            "Alerts",
            "Rules that fire.",
            {0: ("quiet", "green"), 1: ("fires", "red")},
            or_zero('max by (alertname) (ALERTS{alertname=~"ImRelay.*",alertstate="firing"})', "{{alertname}}", "alertname"),
            high=LOW,
        ),
        chart(
            "Callbacks stored",
            "Callbacks answered 200, by app. A line at 0: the platform does not call back.",
            "reqps",
            lasting_rates("im_relay_callbacks_total", "app", where='status="200"'),
            to=uids.INGRESS,
            high=LOW,
        ),
        chart(
            "Delivered",
            "Events that platforms accepted, by app. Compare with callbacks stored.",
            "mps",
            lasting_rates("im_relay_sends_total", "app", where='outcome="delivered"'),
            to=uids.DELIVERY,
            high=LOW,
        ),
        chart(
            "Not delivered",
            "Answers of platforms other than success, by app and meaning: unsure is no answer in time.",
            "reqps",
            rates("im_relay_attempts_total", "app", "outcome", where='outcome!="delivered"'),
            to=uids.DELIVERY,
            high=LOW,
        ),
        chart(
            "End to end, p99",
            "Of messages that arrived, by direction: says nothing of those that did not. Skew of clocks included.",
            "s",
            or_zero(quantile(0.99, "im_relay_end_to_end_seconds", "direction"), "{{direction}}", "direction", named=NO_SAMPLES),
            warn=LATE,
            bad=VERY_LATE,
            to=uids.DELIVERY,
            high=LOW,
        ),
        states(
            "Processes",
            "Down: Prometheus cannot ask one of that role.",
            UP,
            Query(f"min by (role) (up{{{OURS}}})", "{{role}}"),
            to=uids.KAFKA,
            high=LOW,
        ),
        states(
            "Kafka, seen by each role",
            "Down: no broker answered one of its processes when last asked.",
            UP,
            Query(f"1 - {worst('im_relay_kafka_unreachable', 'role')}", "{{role}}"),
            to=uids.KAFKA,
            high=LOW,
        ),
    ],
)

BOARD = Board(
    uids.OVERVIEW, "im-relay: overview", "Does messaging work; where not; since when. Each panel links to its details.", [NOW, WHERE]
)
