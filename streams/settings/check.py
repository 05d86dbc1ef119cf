"""Settings that are each well formed and cannot work all the same: found before a role starts, each with what to write."""

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from converters import PLATFORMS, canary
from converters.core.localized import Localized, localized, text_of
from streams.outbound.proxies import proxies
from streams.settings.account_check import account_lines
from streams.settings.errors import nearest
from streams.settings.listening import ListenSettings

if TYPE_CHECKING:
    from streams.settings.root import Settings

NO_APPS = localized(
    "there are no apps: name the settings file with --config (or IM_RELAY_CONFIG), and in it the two apps that are to be joined, each as [apps.NAME] with platform, target and account"
)
_BROKER = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s:/\[\],]+):([0-9]{1,5})")
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?")


def problems(settings: "Settings") -> list[str]:
    """A line for each; none where all is well. Reads no file of a secret, and makes no directory."""
    return [
        *_brokers(settings.kafka.bootstrap),
        *_listening(settings),
        *_waits(settings),
        *_media(settings),
        *_proxies(settings),
        *_limits(settings),
        *_directories(settings),
        *_apps(settings),
        *_canary(settings),
        *_console(settings),
    ]


def _brokers(bootstrap: str) -> Iterator[str]:
    if not bootstrap.strip():
        yield localized('kafka.bootstrap is empty; expected brokers: write bootstrap = "host:9092", more of them with commas between')
        return
    for broker in bootstrap.split(","):
        one = broker.strip()
        if not one:
            yield localized(
                'kafka.bootstrap is "{bootstrap}"; there is nothing between two of its commas: take one out', bootstrap=bootstrap
            )
        elif "://" in one:
            yield localized(
                'kafka.bootstrap has "{one}"; expected host:port without a scheme: write {example}',
                one=one,
                example=one.partition("://")[2].rstrip("/") or "host:9092",
            )
        elif (found := _BROKER.fullmatch(one)) is None:
            yield localized('kafka.bootstrap has "{one}"; expected host:port: write {example}', one=one, example=_with_port(one))
        elif not 0 < int(found[1]) < 65536:
            yield localized('kafka.bootstrap has "{one}"; a port is 1 to 65535', one=one)


def _with_port(one: str) -> str:
    try:
        return f"[{one}]:9092" if ip_address(one).version == 6 else f"{one}:9092"
    except ValueError:
        return f"{one}:9092" if _HOST.fullmatch(one) else "host:9092"


def _listening(settings: "Settings") -> Iterator[str]:
    sections: dict[str, ListenSettings] = {
        "ingress": settings.ingress,
        "files": settings.files,
        "console": settings.console,
        "observe": settings.observe,
    }
    for name, section in sections.items():
        if not section.hosts():
            yield localized('{name}.host is empty; expected an address to listen on: write host = "0.0.0.0"', name=name)
        for host in section.hosts():
            if not _is_host(host):
                host_only = host.partition("://")[2].rstrip("/") or host
                host_only = host_only.rsplit(":", 1)[0] if host_only.count(":") == 1 else host_only
                write = host_only.strip("[]") if _is_host(host_only.strip("[]")) else "0.0.0.0"  # noqa: S104 - an example
                yield localized(
                    '{name}.host has "{host}"; expected an address or a name, without scheme and port: write host = "{write}"',
                    name=name,
                    host=host,
                    write=write,
                )
    ports = {"ingress": settings.ingress.port, "files": settings.files.port, "console": settings.console.port}
    for name, port in ports.items():
        if port and port == settings.observe.port and not set(sections[name].hosts()).isdisjoint(settings.observe.hosts()):
            yield localized(
                "{name}.port and observe.port are both {port}, in one process: write another for one of them", name=name, port=port
            )


def _is_host(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return _HOST.fullmatch(host) is not None and not re.fullmatch(r"[0-9.]+", host)
    return True


def _waits(settings: "Settings") -> Iterator[str]:
    deliver, kafka = settings.deliver, settings.kafka
    if deliver.backoff > deliver.backoff_max:
        yield localized(
            "deliver.backoff is {backoff:g}, more than deliver.backoff_max, {backoff_max:g}: write a smaller one, or raise the other",
            backoff=deliver.backoff,
            backoff_max=deliver.backoff_max,
        )
    if settings.gaps.delay >= settings.gaps.window:
        yield localized(
            "gaps.delay is {delay:g}, and gaps.window {window:g}: nothing is left to look at; write a smaller delay, or a longer window",
            delay=settings.gaps.delay,
            window=settings.gaps.window,
        )
    if kafka.session_timeout > 1800:
        yield localized(
            "kafka.session_timeout is {session_timeout:g} seconds; brokers take 1800 at the most, unless they are told otherwise: write 6",
            session_timeout=kafka.session_timeout,
        )


def _media(settings: "Settings") -> Iterator[str]:
    if not settings.media.allow:
        return
    from streams.media.ssrf_guard import AddressPolicy

    for entry in settings.media.allow:
        try:
            AddressPolicy([entry])
        except ValueError as error:
            yield localized("media.allow: {error}", error=error)


def _proxies(settings: "Settings") -> Iterator[str]:
    for name, section in (("deliver", settings.deliver), ("media", settings.media)):
        if not section.is_used(settings.process):
            continue  # what it does not use it does not know
        try:
            proxies(section, name)
        except ValueError as error:
            yield text_of(error)


def _limits(settings: "Settings") -> Iterator[str]:
    for app, limits in settings.deliver.limits.items():
        if app not in settings.apps:
            meant = nearest(app, settings.apps)
            there = localized("did you mean {name}?", name=f"deliver.limits.{meant}") if meant else _there_are(settings.apps)
            yield localized("deliver.limits.{app} is of no app here; {there}", app=app, there=there)
            continue
        for limit, amount in limits.items():
            if amount < 0:
                yield localized(
                    "deliver.limits.{app}.{limit} is {amount:g}; expected 0 or more, and 0 is none", app=app, limit=limit, amount=amount
                )
        platform = PLATFORMS.get(settings.apps[app].platform)
        if platform is None:
            continue
        from streams.outbound.rate_limiter import overridden

        try:
            overridden(platform.limits, limits)
        except ValueError as error:
            yield localized("deliver.limits.{app}: {error}", app=app, error=error)


def _there_are(apps: Iterable[str]) -> Localized:
    return localized("there are: {names}", names=", ".join(sorted(apps)) or localized("none"))


def _directories(settings: "Settings") -> Iterator[str]:
    given: dict[str, str | Path] = {
        "convert.state": settings.convert.state,
        "deliver.state": settings.deliver.state,
        "gaps.state": settings.gaps.state,
        "media.directory": settings.media.directory,
        "files.directory": settings.files.directory,
    }
    for name, path in given.items():
        if not str(path).strip() or (isinstance(path, Path) and path == Path()):
            if name not in ("convert.state", "gaps.state"):
                yield localized(
                    '{name} is empty; expected a directory: write {key} = "/var/lib/im-relay/…"', name=name, key=name.partition(".")[2]
                )
            continue
        for at in (Path(path), *Path(path).parents):
            if at.is_dir():
                break
            if at.exists():
                yield localized(
                    "{name} is {path}; {at} is a file, and no directory can be made there: name another", name=name, path=path, at=at
                )
                break


def _apps(settings: "Settings") -> Iterator[str]:
    seen: dict[str, str] = {}
    for name, app in settings.apps.items():
        if app.target == name:
            others = ", ".join(sorted(each for each in settings.apps if each != name)) or localized(
                "none yet, it has to be added as [apps.NAME]"
            )
            yield localized(
                'apps.{name}.target is "{name}", the app itself; name the app that receives its messages: {others}',
                name=name,
                others=others,
            )
        platform = PLATFORMS.get(app.platform)
        if platform is None:
            continue
        yield from account_lines(f"apps.{name}.account", app.account, platform.account, app.platform)
        same = repr((app.platform, sorted((key, str(value)) for key, value in app.account.items())))
        if app.account and same in seen:
            yield localized(
                "apps.{name}.account is that of apps.{seen}: an app is named once; take one out, or give the other's keys",
                name=name,
                seen=seen[same],
            )
        seen.setdefault(same, name)


def _canary(settings: "Settings") -> Iterator[str]:
    for name in settings.canary.apps:
        if (app := settings.apps.get(name)) is None:
            meant = nearest(name, settings.apps)
            yield localized(
                "canary.apps has {name}, which is no app here; {advice}",
                name=name,
                advice=localized("did you mean {name}?", name=meant) if meant else _there_are(settings.apps),
            )
        elif app.target not in settings.canary.apps:
            yield localized(
                "canary.apps has {name}, whose target is {target}; expected two apps that are each other's target",
                name=name,
                target=app.target,
            )
        elif (platform := PLATFORMS.get(app.platform)) is not None and not canary.fit(platform):
            yield localized(
                "canary.apps has {name}, and nobody can speak by the API of platform {platform}; name two apps of others, or leave canary.apps out",
                name=name,
                platform=app.platform,
            )


def _console(settings: "Settings") -> Iterator[str]:
    """Where somebody is to log in there, that they can; without its secrets nobody knows."""
    console = settings.console
    if console.is_used(settings.process) and (console.proxies or console.users.get_secret_value()):
        yield from filter(None, [console.problem()])
