"""Settings that cannot work are refused before anything starts, by name, with what was seen and what to write: each text as it is."""

import codecs
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from converters import PLATFORMS
from converters.platforms.yunxin.account import YunxinAccount
from streams.cli.app import app
from streams.settings.root import load, resolve
from tests.narrowed import of_kind

SECRET = "v3ry-S3cret-of-an-app"
GOOD = f"""\
[marks]
secret = "{SECRET}-of-marks"
[apps.old]
platform = "yunxin"
target = "new"
account = {{app_key = "k", app_secret = "{SECRET}"}}
[apps.new]
platform = "easemob"
target = "old"
account = {{org = "o", app = "a", client_id = "i", client_secret = "{SECRET}", callback_secret = "{SECRET}"}}
"""
NO_APPS = (
    "there are no apps: name the settings file with --config (or IM_RELAY_CONFIG), and in it the two apps that are to be joined, each as "
    "[apps.NAME] with platform, target and account"
)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # A relay that other tests keep running sets some of ours, and they would win over the file.
    ours = [name for name in os.environ if name.startswith("IM_RELAY_")]
    for name in (*ours, "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "relay.toml"
    path.write_text(GOOD)
    return path


def refused(config: Path | None, environment: dict[str, str] | None = None) -> str:
    """What `im-relay settings` says, without the name of the file."""
    done = CliRunner().invoke(app, ["settings", *(["-c", str(config)] if config else [])], env=environment or {})
    assert isinstance(done.exception, SystemExit), done.exception
    assert (done.exit_code, done.stdout) == (2, "")
    assert SECRET not in done.stderr
    said = done.stderr.removeprefix("im-relay: ").rstrip("\n")
    return said.replace(f"{config}", "relay.toml").removeprefix("settings in relay.toml:\n  ")


ADDED = {
    '[kafka]\nbootstrap = "kafka-1"': 'kafka.bootstrap has "kafka-1"; expected host:port: write kafka-1:9092',
    '[kafka]\nbootstrap = "a:9092,,b:9092"': 'kafka.bootstrap is "a:9092,,b:9092"; there is nothing between two of its commas: take one out',
    '[kafka]\nbootstrap = "SASL_SSL://a:9092"': 'kafka.bootstrap has "SASL_SSL://a:9092"; expected host:port without a scheme: write a:9092',
    '[kafka]\nbootstrap = ["a:9092", "b:9092"]': 'kafka.bootstrap is a list; expected a text: write bootstrap = "a:9092,b:9092"',
    '[kafka]\nbootstrap = ""': 'kafka.bootstrap is empty; expected brokers: write bootstrap = "host:9092", more of them with commas between',
    '[kafka]\nbootstrap = "a:99999"': 'kafka.bootstrap has "a:99999"; a port is 1 to 65535',
    '[kafka]\nbootstrap = "::1"': 'kafka.bootstrap has "::1"; expected host:port: write [::1]:9092',
    "[kafka]\nbootstrap = 9092": 'kafka.bootstrap is 9092; expected a text in quotes: write bootstrap = "9092"',
    '[kafka]\nbootstrp = "a:1"': "kafka.bootstrp is no setting; did you mean kafka.bootstrap?",
    "[kafka]\nmax_body = 1": "kafka.max_body is no setting; there is ingress.max_body: move it to that section",
    "[kafka]\npartitions = 0": "kafka.partitions is 0; expected 1 or more",
    "[kafka]\npartitions = 12.5": "kafka.partitions is 12.5; expected a whole number: write partitions = 12",
    "[kafka]\npartitions = true": "kafka.partitions is true; expected a number, and neither true nor false",
    '[kafka]\npartitions = "twelve"': 'kafka.partitions is "twelve"; expected a whole number',
    '[kafka]\nsession_timeout = "10s"': 'kafka.session_timeout is "10s"; expected a number of seconds: write session_timeout = 10',
    "[kafka]\nsession_timeout = 7200": (
        "kafka.session_timeout is 7200 seconds; brokers take 1800 at the most, unless they are told otherwise: write 6"
    ),
    "[kafka]\ntransaction_timeout = 61": "kafka.transaction_timeout is 61; expected 60 or less",
    "[kafka]\nsession_timeout = inf": "kafka.session_timeout is inf; expected a number that has an end: write a large one",
    '[kafka]\nprefix = "a b"': "kafka.prefix is \"a b\"; expected letters of a-z and A-Z, digits, '.', '_' and '-'",
    "[kafak]\nbootstrap = 'a:1'": "kafak is no setting; did you mean kafka?",
    '[canary]\napps = ["old"]': 'canary: apps: expected the names of two apps: write apps = ["old", "new"], or leave it out',
    '[canary]\napps = ["old", "neu"]': "canary.apps has old, whose target is new; expected two apps that are each other's target\n  canary.apps has neu, which is no app here; did you mean new?",
    '[canary]\nusers = ["a", "a"]': "canary: users: both are the same; name two",
    "[canary]\npatience = 60": "canary: patience is 60, and interval 60: one run must end before the next; write a shorter patience",
    "[canary]\non_time = 30": "canary: on_time is 30, and patience 30: write a longer patience",
    '[watch]\nendpoints = ["https://relay.example.com"]': "watch.endpoints: 'https://relay.example.com' is no endpoint: write it as relay.example.com or relay.example.com:8443",
    "[x]\ny = 1": "x is no setting; the sections are: SECTIONS",
    '[deliver]\nretry_for = "6h"': 'deliver.retry_for is "6h"; expected a number of seconds: write retry_for = 21600',
    '[deliver]\ntimeout = "500ms"': 'deliver.timeout is "500ms"; expected a number of seconds: write timeout = 0.5',
    "[deliver]\ntimeout = 0": "deliver.timeout is 0; expected more than 0",
    "[deliver]\nbackoff = 40": "deliver.backoff is 40, more than deliver.backoff_max, 30: write a smaller one, or raise the other",
    '[deliver]\nin_doubt = "skip"': 'deliver.in_doubt is "skip"; expected "resend" or "hold"',
    '[deliver]\nquotas = "maybe"': 'deliver.quotas is "maybe"; expected true or false, without quotes',
    '[deliver]\nstate = ""': 'deliver.state is empty; expected a directory: write state = "/var/lib/im-relay/…"',
    '[deliver]\nstate = "relay.toml/state"': (
        "deliver.state is relay.toml/state; relay.toml is a file, and no directory can be made there: name another"
    ),
    "[deliver]\nstate = 3": 'deliver.state is 3; expected a path in quotes: write state = "…"',
    "[deliver]\nlimits.olt.messages = 3": "deliver.limits.olt is of no app here; did you mean deliver.limits.old?",
    "[deliver]\nlimits.old.messages = -3": "deliver.limits.old.messages is -3; expected 0 or more, and 0 is none",
    '[deliver]\nproxy = "proxy:3128"': (
        "deliver.proxy is without a scheme; expected a proxy that is spoken to in HTTP: write http://proxy:3128"
    ),
    f'[media]\nproxy = "socks5://user:{SECRET}@proxy:1080"': (
        "media.proxy is of socks5; expected a proxy that is spoken to in HTTP: write http://proxy:1080"
    ),
    '[ingress]\nport = "high"': 'ingress.port is "high"; expected a whole number',
    "[ingress]\nport = 70000": "ingress.port is 70000; expected 65535 or less",
    "[ingress]\nport = 9090": "ingress.port and observe.port are both 9090, in one process: write another for one of them",
    '[ingress]\nmax_body = "1MiB"': 'ingress.max_body is "1MiB"; expected a whole number of bytes: write max_body = 1048576',
    '[ingress]\nhost = "localhost:8080"': (
        'ingress.host has "localhost:8080"; expected an address or a name, without scheme and port: write host = "localhost"'
    ),
    '[ingress]\nhost = "http://0.0.0.0:8080"': (
        'ingress.host has "http://0.0.0.0:8080"; expected an address or a name, without scheme and port: write host = "0.0.0.0"'
    ),
    '[ingress]\nhost = ["0.0.0.0", "10.1"]': (
        'ingress.host has "10.1"; expected an address or a name, without scheme and port: write host = "0.0.0.0"'
    ),
    "[ingress]\nhost = []": 'ingress.host is empty; expected an address to listen on: write host = "0.0.0.0"',
    "[gaps]\nwindow = 60": "gaps.delay is 120, and gaps.window 60: nothing is left to look at; write a smaller delay, or a longer window",
    "[ingress]\nkeep_alive = 0": "ingress.keep_alive is 0; expected 1 or more",
    '[observe]\nlog = "xml"': 'observe.log is "xml"; expected "json" or "text"',
    '[observe]\nlevel = "INFO"': 'observe.level is "INFO"; expected "debug", "info", "warning" or "error"',
    '[media]\nallow = "files.example"': 'media.allow is "files.example"; expected a list: write allow = ["files.example"]',
    '[media]\nallow = ["10.1.0.0/33"]': "media.allow: not a network: 10.1.0.0/33",
    '[media]\nmax_bytes = "100 MB"': 'media.max_bytes is "100 MB"; expected a whole number of bytes: write max_bytes = 100000000',
    '[media.store]\nkind = "s3"': "media.store: bucket is missing: kind is s3",
    '[media.store]\nkind = "files"\nendpoint = "files:8090"': (
        'media.store.endpoint is "files:8090"; expected an address that begins with http:// or https://, or nothing'
    ),
    "[plugins]\nuse = 3": "plugins.use is 3; expected a list",
    '[apps.third]\nplatform = "own"\ntarget = "old"\naccount = "x"': (
        'apps.third.account is "x"; expected a section: write [apps.third.account], and its keys below'
    ),
    "[apps.old]\nx = 1": (
        "settings file relay.toml is not TOML: Cannot declare ('apps', 'old') twice (at line 11, column 10). Each section, and each app, is written "
        "once: put the two together, or give one another name"
    ),
}


@pytest.mark.parametrize(("added", "said"), ADDED.items(), ids=[one.replace("\n", " ")[:60] for one in ADDED])
def test_what_cannot_work_is_refused(config: Path, added: str, said: str) -> None:
    from streams.settings.root import Settings

    config.write_text(GOOD + added.replace("relay.toml/state", f"{config}/state") + "\n")
    assert refused(config) == said.replace("SECTIONS", ", ".join(Settings.model_fields))


OLD = f'account = {{app_key = "k", app_secret = "{SECRET}"}}'
APP_KEY = '"k"'
CHANGED = {
    (f'"{SECRET}"', '""'): "apps.old.account.app_secret is empty: write its value, or app_secret_file = the path of a file that holds it",
    (f'"{SECRET}"', '"  "'): "apps.old.account.app_secret is empty: write its value, or app_secret_file = the path of a file that holds it",
    (f'"{SECRET}"', f'"{SECRET} "'): (
        "apps.old.account.app_secret has a space at one of its ends, or a line break in it: write it without"
    ),
    (f'app_secret = "{SECRET}"', 'app_secret_file = ""'): (
        "apps.old.account.app_secret_file is empty: write the path of a file that holds it"
    ),
    (f'app_secret = "{SECRET}"', 'app_secret_file = "/nowhere/secret"'): (
        "apps.old.account.app_secret_file: cannot read /nowhere/secret: FileNotFoundError; name the file that holds it, from where the settings "
        "file lies"
    ),
    (APP_KEY, '"k", app_secret_file = "x"'): "apps.old.account has both app_secret and app_secret_file: take one of them out",
    (APP_KEY, '"k", app_kye = "x"'): "apps.old.account.app_kye is no setting; did you mean app_key?",
    (
        'app_key = "k", ',
        "",
    ): 'apps.old.account.app_key is missing (App Key, from the console): write app_key = "…", or app_key_file = "PATH"',
    (APP_KEY, "12"): "apps.old.account.app_key is something that is not shown; expected a text in quotes",
    (APP_KEY, '"k", api = "v3"'): 'apps.old.account.api is "v3"; expected "v1" or "v2"',
    (APP_KEY, '"k", file_days = -1'): "apps.old.account.file_days is -1; expected a whole number, 0 or more",
    (APP_KEY, '"k", echo = "maybe"'): 'apps.old.account.echo is "maybe"; expected true or false, without quotes',
    (OLD, ""): (
        'apps.old.account.app_key is missing (App Key, from the console): write app_key = "…", or app_key_file = "PATH"\n'
        '  apps.old.account.app_secret is missing (App Secret. Signs requests and incoming copies): write app_secret = "…", or '
        'app_secret_file = "PATH"'
    ),
    ('target = "new"', 'target = "old"'): 'apps.old.target is "old", the app itself; name the app that receives its messages: new',
    ('target = "new"', 'target = "nwe"'): "apps.old.target is 'nwe', which is no app here; there are: new, old; did you mean new?",
    ('target = "new"\n', ""): "apps.old.target is missing: write target = …",
    ('"yunxin"', '"yunxn"'): "apps.old.platform is 'yunxn'; known are: easemob, own, rongcloud, yunxin; did you mean yunxin?",
    ('org = "o"', 'org = "demo#relay"'): ('apps.new.account.org is "demo#relay", the whole App Key: write org = "demo" and app = "relay"'),
    ('app = "a"', 'app = "demo#relay"'): ('apps.new.account.app is "demo#relay", the whole App Key: write org = "demo" and app = "relay"'),
    ('org = "o"', 'org = "o", base_url = "a1.easemob.com"'): (
        'apps.new.account.base_url is "a1.easemob.com"; expected an address with http:// or https://: write base_url = "https://a1.easemob.com"'
    ),
    ('org = "o"', 'org = "o", base_url = "ftp://a1.easemob.com"'): (
        'apps.new.account.base_url is "ftp://a1.easemob.com"; expected an address with http:// or https://: write base_url = "https://a1.easemob.com"'
    ),
    ('org = "o"', 'org = "o", base_url = "https://"'): (
        'apps.new.account.base_url is "https://"; there is no host in it: write it as https://host'
    ),
    ('org = "o"', f'org = "o", base_url = "u:{SECRET}@h"'): (
        'apps.new.account.base_url is "…@h"; expected an address with http:// or https://: write base_url = "https://h"'
    ),
    ('org = "o"', 'org = "o", base_url = "https:/h/x"'): (
        'apps.new.account.base_url is "https:/h/x"; expected an address with http:// or https://: write base_url = "https://h/x"'
    ),
    ('org = "o"', 'org = "o", base_url = "https://h/x#y"'): (
        'apps.new.account.base_url is "https://h/x#y"; expected an address without #: write base_url = "https://h/x"'
    ),
    ("[apps.old]", '[apps."a:b"]'): (
        "apps.'a:b': the name of an app is 1 to 64 of a-z, A-Z, 0-9, '.', '_' and '-', and begins with a letter or a digit; it stands in addresses, "
        "event ids and metrics. Rename it in the settings and at the platform's callback address"
    ),
    (OLD, f"{OLD}\n[apps.third]\nplatform = 'yunxin'\ntarget = 'new'\n{OLD}"): (
        "apps.third.account is that of apps.old: an app is named once; take one out, or give the other's keys"
    ),
    ('"yunxin"', "yunxin"): (
        'settings file relay.toml is not TOML: Invalid value (at line 4, column 12). A text is in quotes: key = "value"'
    ),
    ("[apps.old]", "[[apps]]"): "apps is a list; expected a section: write [apps.NAME], and its keys below",
}


@pytest.mark.parametrize(("change", "said"), CHANGED.items(), ids=[one[1].replace("\n", " ")[:50] or "gone" for one in CHANGED])
def test_what_an_app_cannot_be_is_refused(config: Path, change: tuple[str, str], said: str) -> None:
    seen, instead = change
    assert seen in GOOD
    text = GOOD.replace(seen, instead, 1)
    if instead == "[[apps]]":
        text = "[[apps]]\nplatform = 'own'\n"
    config.write_text(text)
    assert refused(config) == said


ENVIRONMENT = {
    ("IM_RELAY_KAFK__BOOTSTRAP", "a:1"): (
        "IM_RELAY_KAFK__BOOTSTRAP is in the environment and is no setting; did you mean IM_RELAY_KAFKA__BOOTSTRAP? Name it so, or unset it"
    ),
    ("IM_RELAY_KAFKA_BOOTSTRAP", "a:1"): (
        "IM_RELAY_KAFKA_BOOTSTRAP is in the environment and is no setting; did you mean IM_RELAY_KAFKA__BOOTSTRAP? Name it so, or unset it"
    ),
    ("IM_RELAY_KAFKA__BOOTSTRP", "a:1"): (
        "IM_RELAY_KAFKA__BOOTSTRP is in the environment and is no setting; did you mean IM_RELAY_KAFKA__BOOTSTRAP? Name it so, or unset it"
    ),
    ("im_relay_kafk__prefix", "a"): (
        "im_relay_kafk__prefix is in the environment and is no setting; did you mean IM_RELAY_KAFKA__PREFIX? Name it so, or unset it"
    ),
    ("IM_RELAY_MEDIA__STORE__KND", "s3"): (
        "IM_RELAY_MEDIA__STORE__KND is in the environment and is no setting; did you mean IM_RELAY_MEDIA__STORE__KIND? Name it so, or unset it"
    ),
    ("IM_RELAY_FOO", SECRET): (
        "IM_RELAY_FOO is in the environment and is no setting; the name is IM_RELAY_, the section, two underscores and the key, such as "
        "IM_RELAY_KAFKA__BOOTSTRAP; unset it"
    ),
    ("IM_RELAY_KAFKA__PARTITIONS", "0"): 'IM_RELAY_KAFKA__PARTITIONS is "0"; expected 1 or more',
    ("IM_RELAY_KAFKA__PARTITIONS", "x"): 'IM_RELAY_KAFKA__PARTITIONS is "x"; expected a whole number',
    ("IM_RELAY_MEDIA__ALLOW", "a.example, b.example"): (
        'IM_RELAY_MEDIA__ALLOW is a list, and in the environment that is JSON: write it as ["a.example","b.example"], or put it into the settings file'
    ),
    ("IM_RELAY_KAFKA", "x"): (
        'IM_RELAY_KAFKA is a table, and in the environment that is JSON: write it as {"KEY": …}, or put it into the settings file'
    ),
    ("HTTPS_PROXY", "socks5://proxy:1080"): (
        'HTTPS_PROXY is of socks5; expected a proxy that is spoken to in HTTP: write http://proxy:1080 (or deliver.proxy = "none", for none)\n'
        '  HTTPS_PROXY is of socks5; expected a proxy that is spoken to in HTTP: write http://proxy:1080 (or media.proxy = "none", for none)'
    ),
}


@pytest.mark.parametrize(("given", "said"), ENVIRONMENT.items(), ids=["=".join(one)[:60] for one in ENVIRONMENT])
def test_variables_that_set_nothing_are_refused(config: Path, given: tuple[str, str], said: str) -> None:
    assert refused(config, dict([given])) == said


def test_variables_of_a_service_with_our_name_are_none_of_ours(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "SERVICE_HOST",
        "SERVICE_PORT",
        "SERVICE_PORT_HTTP",
        "PORT",
        "PORT_80_TCP",
        "PORT_80_TCP_ADDR",
        "FILES_SERVICE_HOST",
        "FILES_PORT_80_TCP_PROTO",
    ):
        monkeypatch.setenv(f"IM_RELAY_{name}", "10.0.0.1")
    assert load(config).kafka.partitions == 12


def test_all_that_is_wrong_is_said_at_once(config: Path) -> None:
    config.write_text(GOOD + "[kafka]\npartitions = 0\nbootstrp = 1\n[observe]\nport = -1\n")
    assert refused(config) == (
        "kafka.partitions is 0; expected 1 or more\n  kafka.bootstrp is no setting; did you mean kafka.bootstrap?\n  observe.port is -1; expected 0 or more"
    )


@pytest.mark.parametrize(
    "arguments",
    [("ingress",), ("convert",), ("deliver", "--platform", "easemob"), ("media",), ("gaps", "--run"), ("watch",), ("settings",)],
    ids=" ".join,
)
def test_without_apps_nothing_starts(arguments: tuple[str, ...], config: Path) -> None:
    done = CliRunner().invoke(app, list(arguments))
    assert (done.exit_code, done.stderr) == (2, f"im-relay: {NO_APPS}\n")
    config.write_text("")
    done = CliRunner().invoke(app, [*arguments, "-c", str(config)])
    assert (done.exit_code, done.stderr) == (2, f"im-relay: {NO_APPS}\n")


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8], ids=["plain", "with a mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_a_file_of_any_editor_is_taken(config: Path, mark: bytes, end: str) -> None:
    secret = config.parent / "secret"
    secret.write_bytes(mark + f"{SECRET}{end}".encode())
    text = GOOD.replace(f'app_secret = "{SECRET}"', 'app_secret_file = "secret"')
    config.write_bytes(mark + text.replace("\n", end).encode())
    assert of_kind(YunxinAccount, resolve(load(config))["old"].account).app_secret == SECRET


def test_a_file_in_another_coding_is_told_to_be_saved_anew(config: Path) -> None:
    config.write_bytes(GOOD.encode("utf-16"))
    assert refused(config) == "settings file relay.toml is UTF-16: save it as UTF-8"
    config.write_bytes(GOOD.encode() + b"# gr\xfc\xdfe\n")
    assert refused(config) == "settings file relay.toml is not UTF-8 (line 11): save it as UTF-8"


def test_an_empty_secret_file_is_refused(config: Path) -> None:
    (config.parent / "secret").write_text("\n")
    config.write_text(GOOD.replace(f'app_secret = "{SECRET}"', 'app_secret_file = "secret"'))
    assert refused(config) == (
        f"apps.old.account.app_secret_file: {config.parent}/secret is empty; write the secret into it, one line and nothing else"
    )


def test_a_secret_file_of_two_lines_is_refused(config: Path) -> None:
    (config.parent / "secret").write_text(f"{SECRET}\nand more\n")
    config.write_text(GOOD.replace(f'app_secret = "{SECRET}"', 'app_secret_file = "secret"'))
    assert refused(config) == (
        f"apps.old.account.app_secret_file: {config.parent}/secret has more than one line, or what is no letter; write the secret into it, one line and "
        "nothing else"
    )


def test_paths_are_from_where_the_file_lies(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the process stands; one that is not there, but from where it stands is, stays as it was in the release before."""
    (elsewhere := tmp_path / "elsewhere").mkdir()
    (elsewhere / "older").write_text("an-older-secret-of-files")
    (tmp_path / "secret").write_text(SECRET)
    monkeypatch.chdir(elsewhere)
    text = GOOD.replace(f'app_secret = "{SECRET}"', 'app_secret_file = "secret"')
    config.write_text(
        text + '[deliver]\nstate = "state"\n[convert]\nstate = "there/state"\n[gaps]\nstate = "/var/x"\n[media]\ndirectory = "media"\n'
        '[files]\nsecret_file = "older"\n[migrate]\npasswords = "given"\n'
    )
    settings = load(config)
    assert of_kind(YunxinAccount, resolve(settings)["old"].account).app_secret == SECRET
    assert settings.deliver.state == tmp_path / "state"
    assert settings.convert.state == f"{tmp_path}/there/state"
    assert (settings.gaps.state, settings.media.directory) == ("/var/x", tmp_path / "media")
    assert settings.migrate.passwords == tmp_path / "given"
    assert settings.files.secret.get_secret_value() == "an-older-secret-of-files"
    monkeypatch.setenv("IM_RELAY_DELIVER__STATE", "of/the/environment")
    assert load(config).deliver.state == Path("of/the/environment")


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_every_platforms_account_refuses_what_is_empty_and_what_is_unknown(config: Path, platform: str) -> None:
    kind = PLATFORMS[platform].account
    needed = [
        name
        for name in kind.__struct_fields__
        if name not in dict(zip(kind.__struct_fields__[::-1], kind.__struct_defaults__[::-1], strict=False))
    ]
    config.write_text(GOOD + f'[apps.third]\nplatform = "{platform}"\ntarget = "old"\n[apps.third.account]\nbase_ulr = "x"\n')
    said = refused(config)
    assert "apps.third.account.base_ulr is no setting; did you mean base_url?" in said
    config.write_text(
        GOOD + f'[apps.third]\nplatform = "{platform}"\ntarget = "old"\n[apps.third.account]\nbase_url = "h"\nlanguage = ""\n'
    )
    said = refused(config)
    assert 'apps.third.account.base_url is "h"; expected an address with http:// or https://: write base_url = "https://h"' in said
    assert said.count(" is missing (") >= 1, needed


def test_a_proxys_password_is_not_shown(config: Path) -> None:
    config.write_text(GOOD + f'[deliver]\nproxy = "http://user:{SECRET}@proxy:3128"\n[media]\nproxy = "http://user:{SECRET}@proxy:3128"\n')
    done = CliRunner().invoke(app, ["settings", "-c", str(config)])
    assert done.exit_code == 0
    assert SECRET not in done.stdout + done.stderr
    assert "user:" not in done.stdout
