"""`im-relay release`: what is held goes on."""

from typing import Annotated

import typer

from converters.core.localized import localized
from streams.cli.common import CommandContext, ask, now, operator_name
from streams.cli.options import Config, Json
from streams.cli.terminal import print_json, print_line, print_notice
from streams.dead_letters.release import Release, dump
from streams.exactly_once.producers import FencedError, Outputs, Producers, UnknownResultError
from streams.kafka import topics
from streams.locale.messages import translated
from streams.operate.topic_reader import OperateError

StageName = Annotated[str, typer.Option(help="convert or deliver.  [default: both]")]
AppName = Annotated[str, typer.Option("--app", help="The held app, even if it is not in the settings.  [default: all]")]


def release(stage: StageName = "", app: AppName = "", config: Config = None, *, json: Json = False) -> None:
    """Tell the workers to go on with apps that they hold, once the cause is mended. No worker is restarted.

    `/readyz` of the role and `im_relay_app_held` show what is held, and why. Example: im-relay release --app NAME -c relay.toml
    """
    if stage not in ("", "convert", "deliver"):
        raise typer.BadParameter(translated("no stage {stage!r} can hold an app; there are: convert, deliver", stage=stage))
    relay = CommandContext(config)
    print_notice(
        translated(
            "will tell {what} to go on with {more}", what=stage or localized("convert and deliver"), more=app or localized("every held app")
        )
    )
    order = Release(stage=stage, app=app, at=now(), by=operator_name())
    ask(_write(relay, order), relay.kafka.cluster)
    if json:
        print_json({"stage": order.stage or None, "app": order.app or None, "at": order.at, "by": order.by})
        return
    print_line(
        translated(
            "told {what} to go on with {more}; /readyz shows whether it does",
            what=stage or localized("convert and deliver"),
            more=app or localized("every held app"),
        )
    )


async def _write(relay: CommandContext, order: Release) -> None:
    topic = relay.topic(topics.CONTROL)
    async with relay.reader() as reader:
        reader.partitions(topic)  # says so where it is missing
    producers = Producers(relay.link, f"{relay.prefix}operate.release", "")
    try:
        await producers.start()
        outputs = Outputs()
        outputs.add(topic, 0, order.stage.encode(), dump(order))
        await producers.commit(outputs, {})
    except (UnknownResultError, FencedError) as error:
        raise OperateError(localized("the order may not have been written ({error}): say it again", error=error)) from None
    finally:
        await producers.close()
