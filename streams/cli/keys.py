"""`im-relay keys`: the keys of what is encrypted."""

import typer

from converters.core.localized import localized
from streams.cli.common import CommandContext, ask, confirm
from streams.cli.exit_codes import fail, nothing
from streams.cli.options import Config, Json, Yes
from streams.cli.terminal import CommandGroup, print_json, print_line, print_notice, print_table
from streams.cli.times import shown
from streams.locale.messages import translated
from streams.operate.topic_reader import OperateError
from streams.settings.role_secrets import READING

app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help="The keys of what is encrypted at rest.")


@app.command()
def status(config: Config = None, *, json: Json = False) -> None:
    """Show how many keys there are, since when, and how many are wrapped by another master key than the first.

    Exit codes: 0 shown, 2 settings or Kafka are wrong, or the master key is. Example: im-relay keys status
    """
    from streams.encryption.upkeep import status as of

    relay = _encrypting(config)
    assert relay.kafka.cluster.cipher is not None
    found = ask(of(relay.kafka.cluster.cipher.ring), relay.kafka.cluster)
    if json:
        print_json(
            {
                "persons": found.persons,
                "periods": found.periods,
                "over": found.over,
                "since": found.since,
                "old_master": found.old,
                "master": found.master,
            }
        )
        return
    print_table(
        [translated("keys"), translated("count")],
        [
            [translated("of persons"), str(found.persons)],
            [translated("of periods"), str(found.periods)],
            [translated("of periods that are over"), str(found.over)],
            [translated("wrapped by the second master key"), str(found.old)],
        ],
    )
    print_line(
        translated(
            "fingerprint of master_key: {master}; end of the oldest period: {since} UTC",
            master=found.master,
            since=shown(found.since)[:16] if found.since else "-",
        )
    )


@app.command()
def rewrap(config: Config = None, *, yes: Yes = False, json: Json = False) -> None:
    """Wrap all keys with encryption.master_key, so that the second master key can go, and throw away those of periods that are over.

    Exit codes: 0 done, 1 there is nothing to do or nobody confirmed, 2 it could not be done. Example: im-relay keys rewrap
    """
    from streams.encryption.upkeep import rewrap as rewrapped
    from streams.encryption.upkeep import status as of

    relay = _encrypting(config)
    cipher = relay.kafka.cluster.cipher
    assert cipher is not None
    found = ask(of(cipher.ring), relay.kafka.cluster)
    if not found.old and not found.over:
        nothing(translated("all keys are wrapped by the first master key, and none is over"))
    print_notice(translated("will wrap {old} keys anew and throw {over} away", old=found.old, over=found.over))
    confirm(translated("Change them?"), yes=yes)
    done, over = ask(rewrapped(cipher.ring, relay.link, relay.prefix), relay.kafka.cluster)
    if json:
        print_json({"what": "rewrapped", "keys": done, "over": over})
    else:
        print_line(translated("{done} keys wrapped anew, {over} thrown away", done=done, over=over))


def _encrypting(config: Config) -> CommandContext:
    relay = CommandContext(config, READING)
    if relay.kafka.cluster.cipher is None:
        fail(OperateError(localized("no master key is set: see encryption.master_key_file")))
    return relay
