"""`im-relay`: every command."""

from streams.cli import roles
from streams.cli.console import console, console_user
from streams.cli.dead import app as dead
from streams.cli.doctor import doctor
from streams.cli.erase import erase
from streams.cli.fidelity import fidelity
from streams.cli.gaps import gaps
from streams.cli.identities import app as identities
from streams.cli.keys import app as keys
from streams.cli.local_kafka import app as kafka
from streams.cli.preview import preview
from streams.cli.program import program
from streams.cli.release import release
from streams.cli.replay import replay
from streams.cli.report import report
from streams.cli.size import size
from streams.cli.topics import app as topics
from streams.cli.trace import trace
from streams.cli.transactions import app as transactions
from streams.migrate.commands import app as migrate

app = program()
app.add_typer(kafka, name="kafka")
app.add_typer(topics, name="topics")
app.add_typer(transactions, name="transactions")
app.add_typer(identities, name="identities")
app.add_typer(keys, name="keys")
app.add_typer(dead, name="dead")
app.add_typer(migrate, name="migrate")
app.command()(replay)
app.command()(gaps)
app.command()(release)
app.command()(trace)
app.command()(report)
app.command()(size)
app.command()(erase)
app.command()(preview)
app.command()(doctor)
app.command()(fidelity)
app.command()(console)
app.command(name="console-user")(console_user)
roles.register(app)
