"""`im-relay migrate probe`: what the vendor's pages leave open is asked of the customer's own app."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from converters.migration_rules import Language
from converters.probing import Answered, Findings, Look, ProbeNames, Question
from streams.cli import terminal
from streams.cli.common import CommandContext, ask, confirm
from streams.cli.language import language_of
from streams.cli.migrate_apply import App as AppOption
from streams.cli.migrate_apply import target_app
from streams.cli.options import Config, Json, Yes
from streams.cli.terminal import print_json, print_notice, print_table
from streams.migrate.probe_words import answer, asked
from streams.settings.role_secrets import migrate

if TYPE_CHECKING:
    from converters.routing.route import App
    from streams.settings.root import Settings

Lang = Annotated[str, typer.Option("--lang", help="en or zh.  [default: that of LANG]")]
WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "question": "question",
        "answer": "answer",
        "careful": "no answer; taken as: {0}",
        "sure": "the probe makes up to 60 accounts and a group on app {0}, whose names begin with improbe, and deletes them at its end. Go on?",
        "look": "Log in on a device as {0}, password {1}. Does it show a conversation with {2}?",
        "later": "once a day has passed, `im-relay migrate probe --later` looks into the history files",
    },
    "zh": {
        "question": "问题",
        "answer": "结论",
        "careful": "无结论，按最谨慎的方式处理",  # noqa: RUF001
        "sure": "探测会在应用 {0} 中创建至多 60 个以 improbe 开头的账号和一个群组，结束时全部删除。是否继续？",  # noqa: RUF001
        "look": "请在设备上以 {0} 登录，密码 {1}。能否看到与 {2} 的会话？",  # noqa: RUF001
        "later": "一天之后，`im-relay migrate probe --later` 会查看历史消息文件",  # noqa: RUF001
    },
}


def register(app: typer.Typer) -> None:
    app.command()(probe)


def probe(
    app: AppOption = "",
    burst: Annotated[
        int,
        typer.Option(
            min=0,
            max=10_000,
            help="Calls a second of user management that the contract allows; they are exceeded for an instant. 0: which quotas are shared is not tried.",
        ),
    ] = 0,
    lang: Lang = "",
    config: Config = None,
    *,
    later: Annotated[bool, typer.Option("--later", help="A day after the probe: whether its messages are in the history files.")] = False,
    look: Annotated[bool, typer.Option("--look", help="Ask a person to look at a device, where that alone tells.")] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Find out on the app itself what the vendor's pages leave open. `apply` takes its answers; what stays open is read with care.

    Example: im-relay migrate probe --app new -c relay.toml
    """
    language = language_of(lang)
    known = CommandContext(config)
    name = target_app(known, app)
    relay = CommandContext(config, migrate(known.apps[name].platform.name))
    say = WORDS[language]
    if not later:
        confirm(say["sure"].format(name), yes=yes)
    found = ask(
        _probed(relay.settings, relay.apps[name], burst, language, later=later, look=look and sys.stdin.isatty()), relay.kafka.cluster
    )
    if json:
        print_json(found)
        return
    plan = relay.apps[name].platform.probe
    assert plan is not None, "the prober has asked"
    print_table([say["question"], say["answer"]], [[asked(one, language), _shown(one, found, language)] for one in plan.questions])
    if found.in_files is None:
        print_notice(say["later"])


async def _probed(settings: "Settings", app: "App", burst: int, language: Language, *, later: bool, look: bool) -> Findings:
    from streams.migrate.apply import findings_of
    from streams.migrate.probe import CallbackEar, Prober
    from streams.outbound.vendor_client import VendorClient

    client = VendorClient(app, settings.deliver, acts=True)
    ear = CallbackEar(settings, app)
    try:
        await ear.start()
        prober = Prober(settings, app, client, ear.heard, _looker(language) if look else _nobody, _tell)
        return await (prober.later(findings_of(settings.migrate.directory, app.name)) if later else prober.run(burst))
    finally:
        await ear.stop()
        await client.close()


def _tell(one: Answered) -> None:
    print_notice(f"{one.name}: {one.seen}")


def _nobody(look: Look, names: ProbeNames) -> None:
    del look, names


def _looker(language: Language) -> Any:
    def looked(look: Look, names: ProbeNames) -> bool:
        # The password is of an account that is deleted in a minute; whoever looks needs it.
        return terminal.confirm(WORDS[language]["look"].format(look.user, names.password, look.other))

    return looked


def _shown(question: Question, found: Findings, language: Language) -> str:
    return answer(found, question, language) or WORDS[language]["careful"].format(question.careful)
