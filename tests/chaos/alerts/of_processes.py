"""Faults of the relay's own processes: killed, restarted again and again, taken away, with a wrong clock."""

import signal

from tests.attachments import picture
from tests.chaos.alerts.fault import Fault, fires
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

    def restarts() -> None:
        for _ in range(4):
            killed("watch-2")
            scene.roles["watch-2"].start()
            scene.wait_ready(scene.roles["watch-2"], 120.0)
            prometheus.await_scrape(scene.roles["watch-2"])

    def deliver_killed() -> None:
        killed(f"deliver-{source}")
        scene.target.say("alice", "bob", "nobody delivers this", type="person")

    def media_killed() -> None:
        killed("media")
        scene.source.send("alice", "bob", PICTURE, type="person")

    return [
        Fault("restarts", "a process is killed four times", (fires("ImRelayRestarts", role="watch-2"),), restarts),
        Fault(
            "role-gone",
            "a role is taken out of what is scraped",
            (fires("ImRelayRoleMissing", role="files"),),
            lambda: prometheus.listed(scene, without="files"),
            lambda: prometheus.listed(scene),
        ),
        Fault(
            "clock",
            "the clock of one process is 100 s ahead",
            (fires("ImRelayClockWrong", role="deliver-rongcloud"),),
            lambda: scene.restart("deliver-rongcloud", CLOCK_AHEAD="100"),
            lambda: scene.restart("deliver-rongcloud", CLOCK_AHEAD=""),
        ),
        Fault(
            "canary-gone",
            "the watcher that runs the canary is stopped",
            (fires("ImRelayCanaryAbsent", namespace="elsewhere"),),
            scene.roles["watch-3"].stop,
            scene.roles["watch-3"].start,
            beside=(fires("ImRelayDown", role="watch-3"),),
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
                fires("ImRelaySloBurnsFast", direction=f"{target}>{source}"),
            ),
            deliver_killed,
            scene.roles[f"deliver-{source}"].start,
            round=2,
            beside=(fires("ImRelayCanaryLost"),),
        ),
        Fault(
            "media-killed",
            "media is killed",
            (fires("ImRelayMediaBehind"), fires("ImRelayDown", role="media")),
            media_killed,
            scene.roles["media"].start,
            round=2,
            beside=(
                fires("ImRelayPartitionsUnowned", stage="media"),
                fires("ImRelayPartitionStuck", stage="media"),
                fires("ImRelayCanaryChanged"),
            ),
        ),
        Fault(
            "source-errs",
            f"{source} answers every request with an error",
            (fires("ImRelayCanaryUnsent", direction=f"{source}>{target}"),),
            lambda: scene.source.mood(error_500=1.0),
            scene.source.mood,
            round=2,
            beside=(fires("ImRelayCanaryUnsent"), fires("ImRelaySloBurnsFast"), fires("ImRelayCanaryAbsent")),
        ),
    ]
