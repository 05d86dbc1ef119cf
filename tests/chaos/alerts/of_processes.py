"""Faults of the relay's own processes: killed, restarted again and again, taken away, with a wrong clock."""

import signal

from tests.attachments import picture
from tests.chaos.alerts.fault import Fault, fires, in_turn
from tests.chaos.alerts.prometheus import Prometheus
from tests.chaos.alerts.scene import Scene

PICTURE = picture(7).media()


def faults(scene: Scene, prometheus: Prometheus) -> list[Fault]:
    source, target = scene.platforms

    def killed(name: str) -> None:
        child = scene.roles[name].child
        assert child is not None
        child.send_signal(signal.SIGKILL)
        child.wait()

    def again() -> None:
        """Kill it once it was asked as it is now: what nobody has seen was no restart."""
        role = scene.roles["watch-2"]
        if role.ready() and prometheus.has_asked(role):
            killed("watch-2")
            role.start()

    def deliver_killed() -> None:
        killed(f"deliver-{source}")
        scene.target.say("alice", "bob", "nobody delivers this", type="person")

    def media_killed() -> None:
        killed("media")
        scene.source.send("alice", "bob", PICTURE, type="person")

    return [
        Fault("restarts", "a process is killed again and again", (fires("ImRelayRestarts", role="watch-2"),), keep=again),
        Fault(
            "clock",
            "the clock of one process is 100 s ahead",
            (fires("ImRelayClockWrong", role="deliver-rongcloud"),),
            lambda: scene.restart("deliver-rongcloud", CLOCK_AHEAD="100"),
            lambda: scene.restart("deliver-rongcloud", CLOCK_AHEAD=""),
        ),
        Fault(
            "watcher-gone",
            "the watcher that runs the canary is scaled to nothing",
            (fires("ImRelayRoleMissing", role="watch-3"), fires("ImRelayCanaryAbsent", namespace="elsewhere")),
            in_turn(scene.roles["watch-3"].stop, lambda: prometheus.gone.add("watch-3"), lambda: prometheus.listed(scene)),
            in_turn(scene.roles["watch-3"].start, lambda: prometheus.gone.discard("watch-3"), lambda: prometheus.listed(scene)),
        ),
        Fault(
            "deliver-killed",
            f"deliver-{source} is killed",
            (
                fires("ImRelayDown", role=f"deliver-{source}"),
                fires("ImRelayPartitionsUnowned", stage="deliver", platform=source),
                fires("ImRelayPartitionStuck", stage="deliver", platform=source),
                fires("ImRelayNotDelivered", direction=f"{target}>{source}"),
                fires("ImRelayCanaryLost", direction=f"{target}>{source}"),
            ),
            deliver_killed,
            scene.roles[f"deliver-{source}"].start,
            after=("state-damaged",),
            beside=(fires("ImRelayCanaryLost"), fires("ImRelaySloBurnsFast", direction=f"{target}>{source}")),
        ),
        Fault(
            "media-killed",
            "media is killed",
            (fires("ImRelayMediaBehind"), fires("ImRelayDown", role="media")),
            media_killed,
            scene.roles["media"].start,
            after=("scanner", "lost-callbacks"),
            beside=(
                fires("ImRelayPartitionsUnowned", stage="media"),
                fires("ImRelayPartitionStuck"),
                fires("ImRelayCanaryChanged"),
                fires("ImRelayNotDelivered", direction=f"{source}>{target}"),
                fires("ImRelaySloBurnsFast", direction=f"{source}>{target}"),
            ),
        ),
        Fault(
            "source-errs",
            f"{source} answers every request with an error",
            (fires("ImRelayCanaryUnsent", direction=f"{source}>{target}"),),
            lambda: scene.source.mood(error_500=1.0),
            scene.source.mood,
            after=("scanner", "lost-callbacks"),
            beside=(fires("ImRelayCanaryUnsent"), fires("ImRelaySloBurnsFast"), fires("ImRelayCanaryAbsent")),
        ),
    ]
