"""Every setting, declared once: `make pages` prints docs/settings.md from here.

One TOML file (`--config`, or `IM_RELAY_CONFIG`); environment variables override it: `IM_RELAY_KAFKA__BOOTSTRAP=…`. A secret
is given as its value, or as the path of a file that holds it: `app_secret` or `app_secret_file`. A relative path in the file
is relative to the file's directory; one in the environment, or a default, to the working directory of the process.
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
from converters.core.localized import Localized, ReportedError, joined, localized, text_of
from converters.platform import AnyPlatform
from converters.routing.route import App
from streams.console.settings import ConsoleSettings
from streams.deliver.settings import DeliverSettings
from streams.encryption.settings import EncryptionSettings
from streams.files.settings import FilesSettings
from streams.kafka.security import SecuritySettings
from streams.media.scan.settings import ScannerSettings
from streams.media.store.settings import MediaStoreSettings
from streams.outbound.proxies import ProxySettings
from streams.settings import account_check, check, errors, file, renamed, role_secrets
from streams.settings.gaps import GapsSettings
from streams.settings.listening import ServerSettings
from streams.settings.marks import MarksSettings
from streams.settings.observing import ObserveSettings, TracingSettings
from streams.settings.role_secrets import EVERYTHING, SecretScope
from streams.settings.rules import RuleSettings, rules_of
from streams.settings.secret_settings import Section, networks, too_short
from streams.watch.settings import CanarySettings, WatchSettings

if TYPE_CHECKING:
    from streams.kafka.cluster import Cluster
    from streams.kafka.topics import Topic

APP_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST - 1}}}")


class SettingsError(ReportedError):
    """A setting is missing or wrong; the text says which, what was seen, what was expected, and where to change it."""


class KafkaSettings(Section):
    """The cluster, and the layout of its topics."""

    bootstrap: str = Field("127.0.0.1:9092", description="Brokers: `host:port`, separated by commas.")
    prefix: str = Field("", pattern=r"^[A-Za-z0-9._-]*$", description="Prefix of every topic, group and transactional id.")
    partitions: int = Field(12, ge=1, le=1000, description="Partitions of each topic. Cannot change once messages flow.")
    session_timeout: float = Field(
        6.0,
        ge=1,
        description="Seconds until a worker that does not answer loses its partitions; half of it where others of its role see that it is silent. "
        "Brokers accept no less than 6 by default.",
    )
    instance: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,200}$",
        description="Name of the worker in its consumer groups (`group.instance.id`). A worker that is killed and started again gets its "
        "partitions back at once. Each process of a role needs its own. Empty: a name kept in the role's state directory.",
    )
    transaction_timeout: float = Field(15.0, ge=1, le=60, description="Seconds until the broker aborts a transaction that was left open.")
    connect_timeout: float = Field(3.0, gt=0, description="Seconds to wait for a connection to one address.")
    request_timeout: float = Field(
        5.0,
        ge=1,
        description="Seconds to wait for an answer that a broker can give at once. Then the request is repeated on a new connection.",
    )
    keepalive: float = Field(
        5.0,
        ge=0.1,
        description="Seconds after which an idle connection is probed, so that no load balancer or firewall drops it. Less than half of their idle timeout (often 240 or 350).",
    )
    allow_untested_versions: bool = Field(
        False, description="Accept brokers older than Kafka 3.7, or of vendors on which the relay was not tested."
    )
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
    """The endpoint for the platforms' callbacks."""

    port: int = Field(8080, ge=0, le=65535, description="Port of `POST /callbacks/<app>`.")
    max_body: int = Field(262_144, ge=1024, description="Bytes of a callback's body. A larger one is answered 413.")
    read_timeout: float = Field(4.0, gt=0, description="Seconds within which the body must arrive.")
    store_timeout: float = Field(
        3.0, gt=0, le=4.5, description="Seconds Kafka may take; then 503, so that the platform sends again (platforms wait 5 seconds)."
    )
    max_waiting: int = Field(20_000, ge=1, description="Callbacks that may wait for Kafka. Beyond it 503 at once.")
    connections: int = Field(
        2048,
        ge=8,
        description="Open connections. Platforms and proxies need some hundred; each costs up to 30 kB. Beyond it the slowest unauthenticated one is closed. Lowered automatically where the limit of file descriptors (`ulimit -n`) requires it.",
    )
    head_timeout: float = Field(10.0, gt=0, description="Seconds within which the head of a request must arrive.")
    max_memory: int = Field(
        33_554_432,
        ge=1_048_576,
        description="Bytes of all unfinished requests and unanswered bodies together: 32,000 usual callbacks, or 128 of the largest. "
        "Beyond it the slowest is answered 503.",
    )
    rate: int = Field(
        20_000,
        ge=0,
        description="Authenticated callbacks per second of one app from one source, in each process. Beyond it 503 with Retry-After. 0: no limit.",
    )
    refusals: int = Field(
        200,
        ge=0,
        description="Rejected requests per second of one source, in each process. Beyond it 429 before anything is read. Not applied to sources that sent an authenticated callback within a day. 0: no limit.",
    )
    proxy_hops: int = Field(
        0,
        ge=0,
        le=16,
        description="Number of your proxies in front of the ingress. The source address is that entry of X-Forwarded-For, counted from the right. 0: the peer of the connection.",
    )
    proxies: list[str] = Field(
        default_factory=list,
        description="Networks of the nearest proxies. The header is ignored from any other address. Empty: it is accepted from all.",
    )
    state: str = Field(
        "",
        description="Directory that records the used signatures, where a signature does not cover the body. Any disk will do: it is rebuilt from the callbacks. Empty: that of `deliver.state`.",
    )

    @field_validator("proxies")
    @classmethod
    def _networks(cls, given: list[str]) -> list[str]:
        return networks(given)


class ConvertSettings(Section):
    """Decode and route."""

    max_records: int = Field(2000, ge=1, description="Records of one partition in one transaction.")
    cycle: float = Field(
        0.02, ge=0, le=1, description="Maximum seconds between two transactions of a busy partition; less while the cluster is fast."
    )
    state: str = Field(
        "",
        json_schema_extra={"format": "path"},
        description="Directory of the identity table. Any disk will do: it is rebuilt from its topic. Empty: that of `deliver.state`.",
    )


class MediaSettings(ProxySettings):
    """Files transferred by `im-relay media`. Their addresses come from strangers: [media](media.md) describes the protections."""

    used_by = frozenset({"media"})

    carry: bool = Field(True, description="Transfer files. If false, messages show name and address, and no `media` role is needed.")
    concurrency: int = Field(16, ge=1, le=1000, description="Files that one worker transfers at once.")
    processes: int = Field(2, ge=1, le=64, description="Processes of one worker that read, check and transcode files.")
    max_bytes: int = Field(100 << 20, ge=1024, description="Maximum bytes of a file. Larger ones are not transferred.")
    allow: list[str] = Field(
        default_factory=list,
        description="Hosts that may be fetched from at any address: `host`, `host:port`, `*.suffix`, or a network such as `10.1.0.0/16`. All others only at public addresses.",
    )
    connect_timeout: float = Field(5.0, gt=0, description="Seconds to wait for a connection.")
    read_timeout: float = Field(10.0, gt=0, description="Seconds to wait for further bytes.")
    fetch_timeout: float = Field(120.0, gt=0, description="Seconds for one download in total.")
    retry_for: float = Field(300.0, ge=0, description="How long retryable failures are retried, in seconds.")
    max_pixels: int = Field(50_000_000, ge=1, description="Maximum pixels of a picture or video frame.")
    max_duration: float = Field(3600.0, gt=0, description="Maximum seconds of audio that is transcoded.")
    max_cpu_seconds: int = Field(30, ge=1, description="Maximum CPU seconds for one file.")
    max_video_cpu_seconds: int = Field(
        120,
        ge=0,
        description="Maximum CPU seconds to transcode a video that phones do not play into H.264 and AAC. Beyond it the video is sent as a file. 0: none is transcoded.",
    )
    max_memory: int = Field(1 << 30, ge=256 << 20, description="Maximum bytes of memory of one process.")
    sandbox: Literal["require", "prefer", "off"] = Field(
        "require",
        description="Whether the kernel confines the processes that read strangers' files. `require`: the role does not start where the kernel cannot; `prefer`: it logs that and continues without; `off`: no sandbox.",
    )
    directory: Path = Field(Path(".im-relay/media"), description="Directory of temporary files.")
    scanner: ScannerSettings = Field(ScannerSettings(), description="A virus scanner.")
    store: MediaStoreSettings = Field(MediaStoreSettings(), description="Storage for platforms that accept no uploads.")


class Migrate(Section):
    """A migration: history, users and groups written to the new app by `im-relay migrate work`."""

    directory: Path = Field(Path(".im-relay/migrate"), description="Directory of bundles and of the commands' own records of runs.")
    ahead: int = Field(100_000, ge=1000, description="Maximum records fed ahead of completion; at the default quotas, less than an hour's.")
    window: int = Field(2000, ge=10, description="Items and messages of one partition in progress at once.")
    in_flight: int = Field(64, ge=1, le=1000, description="Concurrent requests of one partition.")
    share: float = Field(
        0.9,
        gt=0,
        le=1,
        description="Share of each quota of the target that a migration may use; the rest is for live traffic. 1 where nothing is live yet.",
    )
    recent: float = Field(
        2_592_000.0,
        ge=0,
        description="Seconds. Messages sent within them before their import can be recalled, quoted and answered afterwards.",
    )
    passwords: Path | None = Field(
        None,
        description="File of given passwords, readable by its owner alone: `im-relay migrate passwords --given`. All other accounts get derived ones.",
    )


class PluginSettings(Section):
    """The customer's own conversions: installed packages with entry points of the group `im_relay.converters`. See
    [plug-ins](plugins.md).
    """

    use: list[str] = Field(
        ["*"], description="Which plug-ins are called, in this order; `*` is all that are installed and not listed, by name."
    )


class AppSettings(Section):
    """One app on one platform. Its name is the `<app>` of `POST /callbacks/<app>`."""

    platform: str = Field(description="The platform of the app.")
    target: str = Field(description="The app that receives its messages.")
    sources: list[str] = Field(
        default_factory=list,
        description="Networks from which the platform calls back, such as `203.0.113.0/24`; others are answered 403. Empty: all. Behind proxies see `ingress.proxy_hops`.",
    )
    account: dict[str, Any] = Field(default_factory=dict, description="Keys, secrets and addresses: see the platform's section.")
    rules: list[RuleSettings] = Field(default_factory=list, description="Which of its messages are relayed, and how: see below.")

    @field_validator("sources")
    @classmethod
    def _networks(cls, given: list[str]) -> list[str]:
        return networks(given)


class HoldSettings(Section):
    """When `convert` or `deliver` holds an app because of an error on the relay's side: see [operations](operations.md#held-apps)."""

    records: int = Field(
        100,
        ge=1,
        description="Consecutive records of an app that become dead letters of one cause on the relay's side, without a success in between.",
    )
    window: float = Field(60.0, gt=0, description="Seconds within which they occur.")
    sources: int = Field(
        10,
        ge=1,
        description="Minimum number of conversations or senders they belong to, where a message could be the cause: one user cannot hold an app.",
    )
    retry: float = Field(
        60.0, gt=0, description="Seconds after which one message of a held app is tried. `im-relay release` does not wait."
    )


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
    encryption: EncryptionSettings = EncryptionSettings()
    gaps: GapsSettings = GapsSettings()
    watch: WatchSettings = WatchSettings()
    canary: CanarySettings = CanarySettings()
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
    where = str(path) if path else localized("the environment (IM_RELAY_…)")
    given: dict[str, Any] = {}
    environment, old = renamed.in_environment(os.environ)
    if path is not None:
        try:
            now, before = renamed.in_file(file.read(path))
            given = file.placed(now, Settings, path.parent)
        except ValueError as error:
            raise SettingsError(text_of(error)) from None
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
    if settings.encryption.given:
        from streams.encryption.made import encrypting

        encrypting(settings)
    return settings


def require_apps(settings: Settings) -> Settings:
    """The same, for whoever has nothing to do without an app. Raises SettingsError."""
    if not settings.apps:
        raise SettingsError(check.NO_APPS)
    return settings


def _wrong(where: str, lines: list[str]) -> SettingsError:
    return SettingsError(localized("settings in {where}:\n  {lines}", where=where, lines=joined(list(dict.fromkeys(lines)), "\n  ")))


def _no_platform(name: str, platform: str) -> Localized:
    return localized(
        "apps.{name}.platform is {platform!r}; known are: {known}{meant}",
        name=name,
        platform=platform,
        known=", ".join(sorted(PLATFORMS)),
        meant=_meant(errors.nearest(platform, PLATFORMS)),
    )


def _meant(name: str | None) -> str:
    return localized("; did you mean {name}?", name=name) if name else ""


def resolve(settings: Settings) -> dict[str, App]:
    """The apps as the converters want them: accounts read, the process' secrets fetched, targets checked. Raises SettingsError."""
    apps: dict[str, App] = {}
    for name, app in settings.apps.items():
        if not APP_NAME.fullmatch(name):
            raise SettingsError(
                localized(
                    "apps.{name!r}: the name of an app is 1 to {longest} of a-z, A-Z, 0-9, '.', '_' and '-', and begins with a letter or a digit; it stands in addresses, event ids and metrics. Rename it in the settings and at the platform's callback address",
                    name=name,
                    longest=LONGEST,
                )
            )
        platform = PLATFORMS.get(app.platform)
        if platform is None:
            raise SettingsError(_no_platform(name, app.platform))
        if app.target not in settings.apps:
            raise SettingsError(
                localized(
                    "apps.{name}.target is {target!r}, which is no app here; there are: {known}{meant}",
                    name=name,
                    target=app.target,
                    known=", ".join(sorted(settings.apps)),
                    meant=_meant(errors.nearest(app.target, set(settings.apps) - {name})),
                )
            )
        try:
            account = account_check.with_files(name, app.account, platform, settings.process)
        except ValueError as error:
            raise SettingsError(text_of(error)) from None
        try:
            account = settings.marks.into(account)
        except ValueError as error:
            raise SettingsError(localized("apps.{name}.account: {error}", name=name, error=error)) from None
        try:
            made = msgspec.convert(account, platform.account, strict=False)
        except msgspec.ValidationError as error:
            raise SettingsError(account_check.account_problem(name, app.platform, error, account)) from None
        if short := too_short(app.account, made, (key for key, uses in platform.secrets.items() if "mark" not in uses), platform.shortest):
            raise SettingsError(localized("apps.{name}.account.{short}", name=name, short=short))
        unknown = sorted(set(account) - set(platform.account.__struct_encode_fields__))
        if unknown:
            expected = ", ".join(platform.account.__struct_encode_fields__)
            raise SettingsError(
                localized(
                    "apps.{name}.account has {unknown}; expected are: {expected}", name=name, unknown=", ".join(unknown), expected=expected
                )
            )
        try:
            rules = rules_of(app.rules, _target_platform(settings, app.target))
        except ValueError as error:
            raise SettingsError(localized("apps.{name}.rules: {error}", name=name, error=error)) from None
        apps[name] = App(
            name=name, platform=platform, account=made, target=app.target, rules=rules, canary=settings.canary.conversation(name)
        )
    return apps


def marking(settings: Settings) -> dict[str, App]:
    """The same for whoever has to know, or to sign, what the relay sends: without a secret it would take its own messages for people's.

    Raises SettingsError.
    """
    apps = resolve(settings)
    if any(not app.account.mark_secret for app in apps.values()):
        raise SettingsError(settings.marks.missing)
    return apps


def _target_platform(settings: Settings, target: str) -> AnyPlatform:
    named = settings.apps[target].platform
    if named not in PLATFORMS:
        raise ValueError(_no_platform(target, named))
    return PLATFORMS[named]


def shown(settings: Settings) -> dict[str, Any]:
    """The settings for a person; of the accounts only what can be no secret. Raises SettingsError where they are wrong."""
    marking(settings)
    try:
        settings.kafka.cluster.credentials.proof()
    except KafkaError as error:
        raise SettingsError(text_of(error)) from None
    plain: dict[str, Any] = settings.model_dump(mode="json")
    for app in plain["apps"].values():
        app["account"] = {key: value if key.endswith("_file") or key == "base_url" else "…" for key, value in app["account"].items()}
    return _public(plain)  # type: ignore[no-any-return]


def _public(value: Any) -> Any:
    """*value* without what addresses carry of secrets."""
    if isinstance(value, dict):
        return {key: _public(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_public(one) for one in value]
    return public(value) if isinstance(value, str) else value
