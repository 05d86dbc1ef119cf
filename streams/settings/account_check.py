"""The account of an app: what its platform wants of it, and what was written instead."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from converters import PLATFORMS
from converters.core.address import public
from converters.core.localized import Localized, joined, localized
from converters.platform import AnyPlatform
from streams.settings import role_secrets
from streams.settings.errors import nearest, told
from streams.settings.role_secrets import SecretScope

_MSGSPEC = re.compile(r"(?P<said>.*?)(?: - at `\$(?P<at>[^`]*)`)?", re.DOTALL)


def account_problem(name: str, platform: str, error: msgspec.ValidationError, given: Mapping[str, Any]) -> Localized:
    """What msgspec says of the account of app *name*, in our words."""
    where = f"apps.{name}.account"
    found = _MSGSPEC.fullmatch(str(error))
    said, key = (found["said"], (found["at"] or "").lstrip(".")) if found else (str(error), "")
    (about,) = msgspec.json.schema(PLATFORMS[platform].account)["$defs"].values()
    if not key:
        if said.partition(" ")[0] in about["properties"]:
            return localized("{where}.{said}", where=where, said=said)
        return localized("{where} ({platform}): {said}", where=where, platform=platform, said=said)
    if expected := _expected(about["properties"].get(key, {})):
        return localized(
            "{shown} is {seen}; expected {expected}", shown=f"{where}.{key}", seen=told(key, given.get(key)), expected=expected
        )
    return localized("{shown}: {error}", shown=f"{where}.{key}", error=said)


def _expected(about: Mapping[str, Any]) -> str:
    if "enum" in about:
        return joined([f'"{each}"' for each in about["enum"]], localized(" or "))
    match about.get("type"):
        case "integer":
            words = localized("a whole number")
        case "number":
            words = localized("a number")
        case "boolean":
            words = localized("true or false, without quotes")
        case "string":
            words = localized("a text in quotes")
        case _:
            return ""
    if "minimum" in about:
        words = localized("{what}, {least} or more", what=words, least=about["minimum"])
    elif "exclusiveMinimum" in about:
        words = localized("{what}, more than {least}", what=words, least=about["exclusiveMinimum"])
    if "maximum" in about:
        words = localized("{what}, {most} or less", what=words, most=about["maximum"])
    if "pattern" in about:
        words = localized("{what} like {pattern}", what=words, pattern=about["pattern"])
    return words


def account_lines(where: str, given: Mapping[str, Any], kind: type[Any], platform: str) -> Iterator[str]:
    """A line for each of its keys that cannot be meant so."""
    (about,) = msgspec.json.schema(kind)["$defs"].values()
    fields: dict[str, Any] = about["properties"]
    needed = about.get("required", [])
    for key in given:
        name = key if key in fields else key.removesuffix("_file")
        if name not in fields:
            meant = nearest(key, fields)
            advice = (
                localized("did you mean {name}?", name=meant)
                if meant
                else localized("platform {platform} has: {fields}", platform=platform, fields=", ".join(fields))
            )
            yield localized("{where}.{key} is no setting; {advice}", where=where, key=key, advice=advice)
        elif name != key and name in given:
            yield localized("{where} has both {name} and {key}: take one of them out", where=where, name=name, key=key)
    for name in needed:
        if name not in given and f"{name}_file" not in given:
            yield localized(
                '{where}.{name} is missing ({about}): write {name} = "…", or {name}_file = "PATH"',
                where=where,
                name=name,
                about=about["properties"][name].get("description", "").rstrip("."),
            )
    for key, value in given.items():
        name = key if key in fields else key.removesuffix("_file")
        if name not in fields or not isinstance(value, str):
            continue
        if not value.strip():
            if name in needed or key != name:
                what = (
                    localized("the path of a file that holds it")
                    if key != name
                    else localized("its value, or {name}_file = the path of a file that holds it", name=name)
                )
                yield localized("{where}.{key} is empty: write {what}", where=where, key=key, what=what)
        elif value != value.strip() or any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
            yield localized("{where}.{key} has a space at one of its ends, or a line break in it: write it without", where=where, key=key)
    base = given.get("base_url")
    if isinstance(base, str) and base.strip():
        yield from _base(f"{where}.base_url", base.strip())


def _base(where: str, url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        yield localized("{where} is no address: write it as https://host", where=where)
        return
    shown = re.sub(r"^[^/@]*@", "…@", public(url))
    if parts.scheme not in ("http", "https") or "://" not in url:
        rest = re.sub(r"^[^/@]*@", "", re.sub(r"^[A-Za-z]*:?/+", "", url)).partition("?")[0]
        yield localized(
            '{where} is "{shown}"; expected an address with http:// or https://: write base_url = "https://{rest}"',
            where=where,
            shown=shown,
            rest=rest,
        )
    elif not host:
        yield localized('{where} is "{shown}"; there is no host in it: write it as https://host', where=where, shown=shown)
    elif parts.fragment:
        yield localized(
            '{where} is "{shown}"; expected an address without #: write base_url = "{scheme}://{host}{path}"',
            where=where,
            shown=shown,
            scheme=parts.scheme,
            host=host,
            path=parts.path,
        )
    elif re.search(r"[\s\\]", url) or port == 0:
        yield localized('{where} is "{shown}"; expected an address as https://host or https://host:443', where=where, shown=shown)


def with_files(app: str, account: Mapping[str, Any], platform: AnyPlatform, process: SecretScope) -> dict[str, Any]:
    """The account of *app* with its secrets, as far as *process* uses them; in place of the others what nobody knows. Raises ValueError."""
    out: dict[str, Any] = {}
    where = f"apps.{app}.account"
    for key, value in account.items():
        name = key.removesuffix("_file")
        if name in platform.secrets and not process.wants(app, platform, name):
            out[name] = role_secrets.unknown() if value else ""
            continue
        if not key.endswith("_file"):
            out[key] = value
            continue
        try:
            out[name] = role_secrets.read(str(value))
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(
                localized(
                    "{where}.{key}: cannot read {value}: {kind}; name the file that holds it, from where the settings file lies",
                    where=where,
                    key=key,
                    value=value,
                    kind=type(error).__name__,
                )
            ) from None
        if not out[name]:
            raise ValueError(
                localized(
                    "{where}.{key}: {value} is empty; write the secret into it, one line and nothing else",
                    where=where,
                    key=key,
                    value=value,
                )
            )
        if not out[name].isprintable():
            raise ValueError(
                localized(
                    "{where}.{key}: {value} has more than one line, or what is no letter; write the secret into it, one line and nothing else",
                    where=where,
                    key=key,
                    value=value,
                )
            )
    return out
