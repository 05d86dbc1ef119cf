"""Every setting, once: docs/settings.md is printed from here.

One TOML file (`--config`, or `IM_RELAY_CONFIG`), and over it the environment: `IM_RELAY_KAFKA__BOOTSTRAP=…`. A secret is
given as it is, or as the path of a file that holds it: `app_secret` or `app_secret_file`. A relative path in the file is from
where the file lies; one of the environment, or a default, from where the process stands.
"""

# Over 300 lines: all settings are declared in one place.

import os
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from aiokafka.errors import KafkaError
from pydantic import Field, PrivateAttr, ValidationError, field_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as PydanticSettingsError

from converters import PLATFORMS
from converters.core.address import public
from converters.core.event_id import LONGEST
from converters.platform import Platform
from converters.routing.route import App
from streams.console.settings import ConsoleSettings
from streams.deliver.settings import DeliverSettings
from streams.files.settings import FilesSettings
from streams.kafka.security import SecuritySettings
from streams.media.scan.settings import ScannerSettings
from streams.media.store.settings import MediaStoreSettings
from streams.outbound.proxies import ProxySettings
from streams.settings import check, errors, file, renamed, role_secrets
from streams.settings.listening import ListenSettings, ServerSettings
from streams.settings.marks import MarksSettings
from streams.settings.role_secrets import EVERYTHING, SecretScope
from streams.settings.rules import RuleSettings, rules_of
from streams.settings.secret_settings import Section, networks, too_short

if TYPE_CHECKING:
    from streams.kafka.cluster import Cluster
    from streams.kafka.topics import Topic

APP_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST - 1}}}")


class SettingsError(Exception):
    """A setting is missing or wrong; the text says which, what was seen, what was expected, and where to change it."""


class KafkaSettings(Section):
    """The cluster, and how its topics are laid out."""

    bootstrap: str = Field("127.0.0.1:9092", description="Brokers, `host:port` with commas between.")
    prefix: str = Field("", pattern=r"^[A-Za-z0-9._-]*$", description="Put before every topic, group and transactional id.")
    partitions: int = Field(12, ge=1, le=1000, description="Partitions of each topic; fixed once messages flow.")
    session_timeout: float = Field(
        6.0, ge=1, description="Seconds until a silent worker loses its partitions; brokers take no less than 6, unless they are told otherwise."
    )
    instance: str = Field(
        "", pattern=r"^[A-Za-z0-9._-]{0,200}$",
        description="The worker's name in its groups (`group.instance.id`): when it is killed and started again, it has its partitions back at once. "
        "No two processes of a role may have the same. Empty: a name that lies in the role's state directory.",
    )
    transaction_timeout: float = Field(
        15.0, ge=1, le=60, description="Seconds until the broker aborts a transaction that was left open."
    )
    connect_timeout: float = Field(3.0, gt=0, description="Seconds to wait for a connection to one address.")
    request_timeout: float = Field(
        5.0, ge=1, description="Seconds to wait for an answer that a broker can give at once; then it is asked again, by a new connection."
    )
    keepalive: float = Field(
        5.0, ge=0.1, description="Seconds after which a connection at rest is tried, so that no balancer or firewall forgets it; "
        "less than half of what these allow (often 240 or 350)."
    )
    allow_untested_versions: bool = Field(False, description="Take brokers older than Kafka 3.7, or of makers on which the relay was not tried.")
    security: SecuritySettings = Field(SecuritySettings(), description="How the brokers are spoken to.")

    @cached_property
    def cluster(self) -> "Cluster":
        """What clients are made for: the same for all of a process."""
        from streams.kafka.cluster import Cluster

        return Cluster(self.bootstrap, self.security, untried=self.allow_untested_versions)

    def topic(self, topic: "Topic", platform: str | None = None) -> str:
        """The topic's name on the brokers."""
        return topic.name(platform, prefix=self.prefix)


class IngressSettings(ServerSettings):
    """Where the platforms call back."""

    port: int = Field(8080, ge=0, le=65535, description="Port of `POST /callbacks/<app>`.")
    max_body: int = Field(262_144, ge=1024, description="Bytes of a callback's body; more is answered 413.")
    read_timeout: float = Field(4.0, gt=0, description="Seconds in which a body must have come.")
    store_timeout: float = Field(
        3.0, gt=0, le=4.5, description="Seconds Kafka may take; then 503, so that the platform sends again (it waits 5)."
    )
    max_waiting: int = Field(20_000, ge=1, description="Callbacks waiting for Kafka; beyond it 503 at once.")
    connections: int = Field(
        2048, ge=8,
        description="Open connections. Platforms and proxies need some hundred; each costs up to 30 kB. Beyond it the slowest stranger is closed. "
        "Fewer where the limit of descriptors (`ulimit -n`) leaves no room.",
    )
    head_timeout: float = Field(10.0, gt=0, description="Seconds in which the head of a request must have come.")
    max_memory: int = Field(
        33_554_432, ge=1_048_576,
        description="Bytes of all unfinished requests and unanswered bodies together: 32,000 usual callbacks, or 128 of the largest. "
        "Beyond it the slowest is answered 503.",
    )
    rate: int = Field(
        20_000, ge=0, description="Authentic callbacks a second of one app from one source, in each process; beyond it 503, with Retry-After. 0 is none."
    )
    refusals: int = Field(
        200,
        ge=0,
        description="Requests a second of one source that are refused, in each process; beyond it 429 before anything is read. Not where something "
        "authentic came from within a day. 0 is none.",
    )
    proxy_hops: int = Field(
        0,
        ge=0,
        le=16,
        description="How many proxies of yours stand before this: the source is the address that the first of them wrote, so many from the right of "
        "X-Forwarded-For. 0: whoever opens the connection.",
    )
    proxies: list[str] = Field(
        default_factory=list, description="Networks of the nearest of them; the header of anybody else is not believed. Empty: everybody's is."
    )
    state: str = Field(
        "",
        description="Directory in which it is remembered which signatures were used, where they do not cover what is said; any disk will do: it is "
        "rebuilt from the callbacks. Empty: that of `deliver.state`.",
    )

    @field_validator("proxies")
    @classmethod
    def _networks(cls, given: list[str]) -> list[str]:
        return networks(given)


class ConvertSettings(Section):
    """Decode and route."""

    max_records: int = Field(2000, ge=1, description="Records of one partition in one transaction.")
    cycle: float = Field(
        0.02, ge=0, le=1, description="Seconds between two transactions of a busy partition, at the most: less while the cluster is quick."
    )
    state: str = Field(
        "", json_schema_extra={"format": "path"},
        description="Directory of the table of identities, any disk will do: it is rebuilt from its topic. Empty: that of `deliver.state`.",
    )


class MediaSettings(ProxySettings):
    """Files brought over by `im-relay media`. What it fetches, strangers have named: [media](media.md) says how it is kept safe."""

    used_by = frozenset({"media"})

    carry: bool = Field(True, description="Bring files over; if not, messages show name and address, and no role `media` is needed.")
    concurrency: int = Field(16, ge=1, le=1000, description="Files of one worker under way at once.")
    processes: int = Field(2, ge=1, le=64, description="Processes of one worker that read, check and transcode.")
    max_bytes: int = Field(100 << 20, ge=1024, description="Bytes of a file; a larger one is not brought over.")
    allow: list[str] = Field(
        default_factory=list,
        description="Hosts that may be fetched from wherever they are: `host`, `host:port`, `*.suffix`, or a network as `10.1.0.0/16`. "
        "All others only at public addresses.",
    )
    connect_timeout: float = Field(5.0, gt=0, description="Seconds to wait for a connection.")
    read_timeout: float = Field(10.0, gt=0, description="Seconds to wait for the next bytes.")
    fetch_timeout: float = Field(120.0, gt=0, description="Seconds for one download in all.")
    retry_for: float = Field(300.0, ge=0, description="Seconds in which what may yet succeed is tried again.")
    max_pixels: int = Field(50_000_000, ge=1, description="Of a picture or a video's frame.")
    max_duration: float = Field(3600.0, gt=0, description="Seconds of sound that are transcoded.")
    max_cpu_seconds: int = Field(30, ge=1, description="Seconds of CPU that one file may take.")
    max_video_cpu_seconds: int = Field(
        120, ge=0, description="Seconds of CPU in which a video that phones do not play is made into H.264 and AAC; what takes longer goes as a file. "
        "0: none is.",
    )
    max_memory: int = Field(1 << 30, ge=256 << 20, description="Bytes of memory of one process.")
    sandbox: Literal["require", "prefer", "off"] = Field(
        "require",
        description="Whether the processes that read strangers' files are kept by the kernel from all but their own file. `require`: the role does "
        "not start where the kernel cannot; `prefer`: it says so and goes on without; `off`: as if it could not.",
    )
    directory: Path = Field(Path(".im-relay/media"), description="Directory of temporary files.")
    scanner: ScannerSettings = Field(ScannerSettings(), description="A virus scanner.")
    store: MediaStoreSettings = Field(MediaStoreSettings(), description="Where files lie for platforms that take no uploads.")


class GapsSettings(Section):
    """Callbacks that never came, looked for by `im-relay gaps --run` in what the platforms keep."""

    interval: float = Field(600.0, ge=1, description="Seconds from the beginning of one search to that of the next.")
    window: float = Field(10_800.0, gt=0, description="Seconds that a search looks back; less where a platform keeps less.")
    delay: float = Field(120.0, ge=0, description="Seconds of the newest past that are left out: their callbacks may yet come.")
    lookback: float = Field(
        86_400.0, ge=0, description="Seconds before the span whose callbacks tell which conversations there are to ask about."
    )
    groups: bool = Field(True, description="Ask about all groups and rooms of `identities` as well.")
    state: str = Field("", json_schema_extra={"format": "path"}, description="As `convert.state`.")


class WatchSettings(Section):
    """What `im-relay watch` looks at from outside: backlogs and their age, dead letters, owners. See [operations](operations.md#the-watcher)."""

    interval: float = Field(5.0, ge=1, le=60, description="Seconds from the beginning of one look to that of the next.")
    timeout: float = Field(20.0, ge=1, description="Seconds after which a look has failed.")


class Migrate(Section):
    """A migration: what was there before the relay, written to the new app by `im-relay migrate work`."""

    directory: Path = Field(Path(".im-relay/migrate"), description="Directory of the bundles, and of what commands remember of runs.")
    ahead: int = Field(
        100_000, ge=1000, description="Records that are fed before they are done, at the most; at the default quotas, less than an hour's."
    )
    window: int = Field(2000, ge=10, description="Items and messages of one partition in hand at once.")
    in_flight: int = Field(64, ge=1, le=1000, description="Requests of one partition under way at once.")
    share: float = Field(
        0.9, gt=0, le=1, description="Of every quota of the target, what a migration may use; the rest is for live traffic. 1 where nothing is live yet."
    )
    recent: float = Field(
        2_592_000.0, ge=0,
        description="Seconds; messages that were said within them before they are imported can be recalled, quoted and answered after it.",
    )
    passwords: Path | None = Field(
        None, description="File of given passwords, readable by its owner alone: `im-relay migrate passwords --given`. All other accounts get derived ones."
    )


class PluginSettings(Section):
    """The customer's own conversions, installed packages with entry points of the group `im_relay.converters`. See [plug-ins](plugins.md)."""

    use: list[str] = Field(["*"], description="Which are asked, in this order; `*` is all that are installed and not named, by name.")


class ObserveSettings(ListenSettings):
    """What a role shows of itself."""

    port: int = Field(9090, ge=0, le=65535, description="Port of `/metrics`, `/livez`, `/readyz`.")
    log: Literal["json", "text"] = Field("text", description="How log lines look.")
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="From which level on.")


class TracingSettings(Section):
    """Spans of what becomes of a message, for an OpenTelemetry collector. Needs `pip install 'im-relay[tracing]'`, or an image built with `--build-arg LOCK=tracing`."""

    enabled: bool = Field(False, description="Export spans. They hold ids and outcomes, never what people write.")
    endpoint: str = Field(
        "http://127.0.0.1:4318/v1/traces",
        pattern=r"^https?://[^\s/@?#]+(/[^\s@?#]*)?$",
        description="Where the collector takes OTLP over HTTP. Headers and certificates: the exporter's own variables, `OTEL_EXPORTER_OTLP_HEADERS` and "
        "`OTEL_EXPORTER_OTLP_CERTIFICATE`.",
    )
    ratio: float = Field(1.0, gt=0, le=1, description="Share of callbacks that are traced, decided by the ingress.")
    timeout: float = Field(5.0, gt=0, le=60, description="Seconds for one request to the collector.")


class AppSettings(Section):
    """One app on one platform. Its name is the `<app>` of `POST /callbacks/<app>`."""

    platform: str = Field(description="Which platform it is on.")
    target: str = Field(description="The app that receives its messages.")
    sources: list[str] = Field(
        default_factory=list,
        description="Networks from which its platform calls back, as `203.0.113.0/24`; others are answered 403. Empty: all. Behind proxies see "
        "`ingress.proxy_hops`.",
    )
    account: dict[str, Any] = Field(default_factory=dict, description="Keys, secrets, addresses: see the platform's page.")
    rules: list[RuleSettings] = Field(default_factory=list, description="Which of its messages go over, and how: below.")

    @field_validator("sources")
    @classmethod
    def _networks(cls, given: list[str]) -> list[str]:
        return networks(given)


class HoldSettings(Section):
    """When `convert` or `deliver` holds an app, because of a fault of ours: [operations](operations.md#held-apps)."""

    records: int = Field(
        100, ge=1, description="Records of an app in a row, without one that gets through, that become dead letters of one cause of ours."
    )
    window: float = Field(60.0, gt=0, description="Seconds within which they come.")
    sources: int = Field(
        10, ge=1, description="Conversations or senders that they are of, at the least, where a message could be the cause: so one person cannot hold an app."
    )
    retry: float = Field(60.0, gt=0, description="Seconds after which one message of a held app is tried; `im-relay release` does not wait.")


class _Environment(EnvSettingsSource):
    """The environment, with variables of renamed settings under today's names."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return renamed.in_environment(super()._load_env_vars())[0]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="IM_RELAY_", env_nested_delimiter="__", extra="forbid", frozen=True, nested_model_default_partial_update=True
    )

    kafka: KafkaSettings = KafkaSettings()
    ingress: IngressSettings = IngressSettings()
    convert: ConvertSettings = ConvertSettings()
    deliver: DeliverSettings = DeliverSettings()
    hold: HoldSettings = HoldSettings()
    media: MediaSettings = MediaSettings()
    files: FilesSettings = FilesSettings()
    marks: MarksSettings = MarksSettings()
    gaps: GapsSettings = GapsSettings()
    watch: WatchSettings = WatchSettings()
    migrate: Migrate = Migrate()
    console: ConsoleSettings = ConsoleSettings()
    plugins: PluginSettings = PluginSettings()
    observe: ObserveSettings = ObserveSettings()
    tracing: TracingSettings = TracingSettings()
    apps: dict[str, AppSettings] = Field(default_factory=dict, description="The apps, by name: 1 to 64 of a-z, A-Z, 0-9, `.`, `_`, `-`.")

    _process: SecretScope = PrivateAttr(default=EVERYTHING)
    _renamed: tuple[str, ...] = PrivateAttr(default=())

    @property
    def process(self) -> SecretScope:
        """Whose secrets are read."""
        return self._process

    @property
    def renamed(self) -> tuple[str, ...]:
        """A sentence for each setting that was given under an old name."""
        return self._renamed

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del env_settings, dotenv_settings, file_secret_settings
        return (_Environment(settings_cls), init_settings)  # the environment is over the file

    def platforms(self) -> list[str]:
        """The platforms of the apps, each once, in order."""
        return sorted({app.platform for app in self.apps.values()}) or sorted(PLATFORMS)


def load(path: Path | None = None, process: SecretScope = EVERYTHING) -> Settings:
    """Read the settings file and the environment, with the secrets that *process* uses and no other. Raises SettingsError."""
    path = path or (Path(named) if (named := os.environ.get("IM_RELAY_CONFIG")) else None)
    where = str(path) if path else "the environment (IM_RELAY_…)"
    given: dict[str, Any] = {}
    environment, old = renamed.in_environment(os.environ)
    if path is not None:
        try:
            now, before = renamed.in_file(file.read(path))
            given = file.placed(now, Settings, path.parent)
        except ValueError as error:
            raise SettingsError(str(error)) from None
        old = before + old
    lines = errors.stray(environment, Settings)
    try:
        with role_secrets.reading_as(process):
            settings = Settings(**given)
        settings._process, settings._renamed = process, renamed.warnings(old)  # noqa: SLF001 - of this module
    except ValidationError as error:
        lines += errors.all_wrong(error.errors(include_url=False), Settings, environment)
        raise _wrong(where, lines) from None
    except PydanticSettingsError as error:  # a table or a list in a variable, and not as JSON
        raise _wrong(where, [*lines, *errors.unread(environment, Settings)] or [str(error)]) from None
    if lines := lines + check.problems(settings):
        raise _wrong(where, lines)
    resolve(settings)
    return settings


def require_apps(settings: Settings) -> Settings:
    """The same, for whoever has nothing to do without an app. Raises SettingsError."""
    if not settings.apps:
        raise SettingsError(check.NO_APPS)
    return settings


def _wrong(where: str, lines: list[str]) -> SettingsError:
    return SettingsError(f"settings in {where}:\n" + "\n".join(f"  {line}" for line in dict.fromkeys(lines)))


def resolve(settings: Settings) -> dict[str, App]:
    """The apps as the converters want them: accounts read, the process' secrets fetched, targets checked. Raises SettingsError."""
    apps: dict[str, App] = {}
    for name, app in settings.apps.items():
        if not APP_NAME.fullmatch(name):
            raise SettingsError(
                f"apps.{name!r}: the name of an app is 1 to {LONGEST} of a-z, A-Z, 0-9, '.', '_' and '-', and begins with a letter or a digit; "
                "it stands in addresses, event ids and metrics. Rename it in the settings and at the platform's callback address"
            )
        platform = PLATFORMS.get(app.platform)
        if platform is None:
            known = ", ".join(sorted(PLATFORMS))
            meant = errors.nearest(app.platform, PLATFORMS)
            raise SettingsError(f"apps.{name}.platform is {app.platform!r}; known are: {known}" + (f"; did you mean {meant}?" if meant else ""))
        if app.target not in settings.apps:
            known = ", ".join(sorted(settings.apps))
            meant = errors.nearest(app.target, set(settings.apps) - {name})
            raise SettingsError(
                f"apps.{name}.target is {app.target!r}, which is no app here; there are: {known}" + (f"; did you mean {meant}?" if meant else "")
            )
        account = _with_files(app.account, platform, settings.process, f"apps.{name}.account")
        try:
            account = settings.marks.into(account)
        except ValueError as error:
            raise SettingsError(f"apps.{name}.account: {error}") from None
        try:
            made = msgspec.convert(account, platform.account, strict=False)
        except msgspec.ValidationError as error:
            raise SettingsError(check.account_problem(name, app.platform, error, account)) from None
        if short := too_short(app.account, made, (key for key, uses in platform.secrets.items() if "mark" not in uses), platform.shortest):
            raise SettingsError(f"apps.{name}.account.{short}")
        unknown = sorted(set(account) - set(platform.account.__struct_encode_fields__))
        if unknown:
            expected = ", ".join(platform.account.__struct_encode_fields__)
            raise SettingsError(f"apps.{name}.account has {', '.join(unknown)}; expected are: {expected}")
        try:
            rules = rules_of(app.rules, _target_platform(settings, app.target))
        except ValueError as error:
            raise SettingsError(f"apps.{name}.rules: {error}") from None
        apps[name] = App(name=name, platform=platform, account=made, target=app.target, rules=rules)
    return apps


def marking(settings: Settings) -> dict[str, App]:
    """The same for whoever has to know, or to sign, what the relay sends: without a secret it would take its own messages for people's.

    Raises SettingsError.
    """
    apps = resolve(settings)
    if any(not app.account.mark_secret for app in apps.values()):
        raise SettingsError(settings.marks.missing)
    return apps


def _target_platform(settings: Settings, target: str) -> Platform:
    named = settings.apps[target].platform
    if named not in PLATFORMS:
        raise ValueError(f"apps.{target}.platform is {named!r}; known are: {', '.join(sorted(PLATFORMS))}")
    return PLATFORMS[named]


def shown(settings: Settings) -> dict[str, Any]:
    """The settings for a person; of the accounts only what can be no secret. Raises SettingsError where they are wrong."""
    marking(settings)
    try:
        settings.kafka.cluster.credentials.proof()
    except KafkaError as error:
        raise SettingsError(str(error)) from None
    plain: dict[str, Any] = settings.model_dump(mode="json")
    for app in plain["apps"].values():
        app["account"] = {
            key: value if key.endswith("_file") or key == "base_url" else "…" for key, value in app["account"].items()
        }
    return _public(plain)  # type: ignore[no-any-return]


def _public(value: Any) -> Any:
    """*value* without what addresses carry of secrets."""
    if isinstance(value, dict):
        return {key: _public(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_public(one) for one in value]
    return public(value) if isinstance(value, str) else value


def _with_files(account: Mapping[str, Any], platform: Platform, process: SecretScope, where: str) -> dict[str, Any]:
    """The account with its secrets, as far as *process* uses them; in place of the others what nobody knows."""
    out: dict[str, Any] = {}
    for key, value in account.items():
        name = key.removesuffix("_file")
        if name in platform.secrets and not process.wants(platform, name):
            out[name] = role_secrets.unknown() if value else ""
            continue
        if not key.endswith("_file"):
            out[key] = value
            continue
        try:
            out[name] = role_secrets.read(str(value))
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"{where}.{key}: cannot read {value}: {type(error).__name__}; name the file that holds it, from where the settings file lies"
            ) from None
        if not out[name]:
            raise SettingsError(f"{where}.{key}: {value} is empty; write the secret into it, one line and nothing else")
        if not out[name].isprintable():
            raise SettingsError(f"{where}.{key}: {value} has more than one line, or what is no letter; write the secret into it, one line and nothing else")
    return out
