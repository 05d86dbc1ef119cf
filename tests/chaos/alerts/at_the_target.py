"""Faults of those to whom messages are sent: they refuse, hang, throttle, answer late, or store twice."""

import time

from tests.chaos.alerts.fault import Fault, fires, in_turn
from tests.chaos.alerts.scene import Scene
from tests.chaos.alerts.talk import Talk

OWN = "own>own"


def faults(scene: Scene, talk: Talk) -> list[Fault]:
    moods = scene.targets.moods

    def well(*names: str) -> None:
        for name in names:
            moods.pop(name, None)

    def drop(cause: str) -> None:
        scene.command("dead", "drop", "--cause", cause, "--reason", "made up", "--yes")

    def throttled() -> None:
        moods["t-throttled"] = 429
        talk.flood("throttled", 250, 6)

    def cut_quota() -> None:
        moods["cut-quota"] = 429
        talk.flood("cut-quota", 100, 2)

    def unknown() -> None:
        moods["t-unknown"] = 404
        talk.say("unknown", people=5, times=30)

    return [
        Fault(
            "throttled",
            "a target answers 429 to everything, and more is said to it than it will ever take",
            (
                fires("ImRelayNothingDelivered", app="t-throttled"),
                fires("ImRelayConversationsHeld", platform="own"),
                fires("ImRelayLagGrows", stage="deliver", platform="own"),
                fires("ImRelayNotDelivered", direction=OWN),
                fires("ImRelayPartitionStuck", stage="deliver", platform="own"),
                fires("ImRelaySloBurnsFast", direction=OWN),
                fires("ImRelaySloBurnsSlowly", direction=OWN),
            ),
            throttled,
            lambda: well("t-throttled"),
            lambda: talk.say("throttled", people=250, times=4),
            beside=(
                fires("ImRelayQuotaCut", app="t-throttled"),
                fires("ImRelayQuotaExhausted", app="t-throttled"),
                fires("ImRelayLagGrows", stage="deliver"),
            ),
        ),
        Fault(
            "locked-out",
            "a target answers 401 to everything",
            (fires("ImRelayLockedOut", app="t-locked"),),
            lambda: moods.update({"t-locked": 401}),
            lambda: well("t-locked"),
            lambda: talk.say("locked", people=10),
        ),
        Fault(
            "refused",
            "a target answers 404 to thirty messages",
            (fires("ImRelayDeadLettersTheirs", cause="refused"),),
            unknown,
            in_turn(lambda: well("t-unknown"), lambda: drop("refused")),
        ),
        Fault(
            "hanging",
            "a target takes requests and never answers",
            (fires("ImRelayBreakerOpen", app="t-hanging"),),
            lambda: moods.update({"t-hanging": "hang"}),
            lambda: well("t-hanging"),
            lambda: talk.say("hanging", people=50, times=2),
            beside=(fires("ImRelayNothingDelivered", app="t-hanging"), fires("ImRelayInDoubtMany", platform="own")),
        ),
        Fault(
            "slow",
            "a target answers each message after 7 s",
            (fires("ImRelayEndToEndSlow", direction=OWN),),
            lambda: moods.update({"t-slow": "slow"}),
            lambda: well("t-slow"),
            lambda: talk.say("slow", people=50),
        ),
        Fault(
            "twice",
            "a target stores a message twice, and calls back both",
            (fires("ImRelayDoubled", platform="own"),),
            in_turn(lambda: moods.update({"t-twice": "twice"}), lambda: talk.say("twice", times=3)),
            lambda: well("t-twice"),
        ),
        Fault(
            "cut-off",
            "a target cuts every third connection instead of answering, and calls nothing back; what is in doubt is held",
            (fires("ImRelayInDoubtMany", platform="easemob"), fires("ImRelayInDoubtHeld", app="s-cut-off")),
            lambda: moods.update({"cut-off": "cut"}),
            in_turn(lambda: well("cut-off"), lambda: drop("in-doubt")),
            lambda: talk.say("cut-off", people=200, times=2),
            beside=(
                fires("ImRelayNotDelivered", direction="own>easemob"),
                fires("ImRelaySloBurnsFast", direction="own>easemob"),
                fires("ImRelaySloBurnsSlowly", direction="own>easemob"),
                fires("ImRelayEndToEndSlow", direction="own>easemob"),
            ),
        ),
        Fault(
            "cut-quota",
            "a platform answers `too much` to everything, as after its quota was cut",
            (fires("ImRelayQuotaCut", app="e-cut-quota"),),
            cut_quota,
            lambda: well("cut-quota"),
            lambda: talk.say("cut-quota", people=100),
            beside=(fires("ImRelayNothingDelivered", app="e-cut-quota"),),
        ),
        Fault(
            "busy",
            "more is said to an app than its quota lets through",
            (fires("ImRelayQuotaExhausted", app="t-busy"),),
            lambda: talk.flood("busy", 50, 3),
            keep=in_turn(lambda: talk.say("busy", people=50), lambda: time.sleep(1.0)),
            beside=(
                fires("ImRelayNotDelivered", direction=OWN),
                fires("ImRelaySloBurnsFast", direction=OWN),
                fires("ImRelaySloBurnsSlowly", direction=OWN),
                fires("ImRelayEndToEndSlow", direction=OWN),
                fires("ImRelayPartitionStuck", stage="deliver", platform="own"),
            ),
        ),
        Fault(
            "token-unanswered",
            "a platform takes the request for a token and never answers",
            (fires("ImRelayTokenUnanswered", app="e-silent-token"),),
            lambda: moods.update({"silent-token": "hang"}),
            lambda: well("silent-token"),
            lambda: talk.say("silent-token", people=5),
            beside=(fires("ImRelayGapsFailing", app="e-silent-token"), fires("ImRelayBreakerOpen", app="e-silent-token")),
        ),
        Fault(
            "token-refused",
            "a platform refuses the key of an app, as after the secret was changed in its console",
            (fires("ImRelayTokenRefused", app="e-wrong-key"),),
            lambda: moods.update({"wrong-key": "no token"}),
            lambda: well("wrong-key"),
            lambda: talk.say("wrong-key", people=5),
            beside=(fires("ImRelayLockedOut", app="e-wrong-key"),),
        ),
    ]
