# ruff: noqa: INP001 - a part of deploy/dashboards.py's work
"""What the chart knows of the settings, taken from the settings themselves: its schema, and which role uses which secret."""

import json
from pathlib import Path
from typing import Any

import msgspec
from pydantic import BaseModel, SecretStr

from converters import PLATFORMS
from converters.platform import AnyPlatform
from streams.settings.renamed import RENAMED
from streams.settings.role_secrets import COMMAND, ROLES
from streams.settings.root import Settings
from streams.settings.secret_settings import SecretSection

SCHEMA = "helm/im-relay/values.schema.json"
SECRETS = "helm/im-relay/files/secrets.json"


def secrets() -> str:
    """Which role uses which secret, for the templates. `deliver` and `migrate` are of one platform, and use the secrets of its apps alone."""
    made = {
        "roles": {
            role.name: {"uses": sorted(role.uses), "own_platform": role.name in ("deliver", "migrate")} for role in (*ROLES, COMMAND)
        },
        "accounts": {name: {key: sorted(uses) for key, uses in platform.secrets.items()} for name, platform in PLATFORMS.items()},
        "sections": {
            name: {"keys": sorted(_keys(section)), "secret": sorted(_secret(section)), "used_by": sorted(section.all_that_use_it())}
            for name, section in sections(Settings).items()
        },
    }
    return json.dumps(made, indent=2, sort_keys=True) + "\n"


def sections(model: type[BaseModel], within: str = "") -> dict[str, type[SecretSection]]:
    """The sections that hold secrets, by their dotted names."""
    found: dict[str, type[SecretSection]] = {}
    for key, field in model.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            name = f"{within}.{key}".lstrip(".")
            found |= sections(kind, name)
            if issubclass(kind, SecretSection):
                found[name] = kind
    return found


def _keys(section: type[SecretSection]) -> list[str]:
    return [key for key in section.model_fields if f"{key}_file" in section.model_fields]


def _secret(section: type[SecretSection]) -> list[str]:
    """Those that must not lie in a ConfigMap; others have files only because they are long."""
    return [key for key in _keys(section) if section.model_fields[key].annotation is SecretStr]


def schema(root: Path) -> str:
    """The schema as it lies there, its `settings` and what they refer to made anew; the rest is written by hand."""
    written = json.loads((root / SCHEMA).read_text(encoding="utf-8"))
    made = _plain(Settings.model_json_schema(ref_template="#/$defs/{model}"))
    for old, new in RENAMED.items():  # the relay reads these, too, and warns
        (section, before), (_, now) = old.split("."), new.split(".")
        fields = made["$defs"][made["properties"][section]["$ref"].rpartition("/")[2]]["properties"]
        fields[before] = fields[now] | {"deprecated": True, "description": f"Deprecated: now `{new}`."}
    by_hand = {name: one for name, one in written["$defs"].items() if name.islower()}  # ours begin small
    written["$defs"] = by_hand | made.pop("$defs")
    # The chart fills these in, and its templates read them.
    made["required"] = ["kafka", "ingress", "deliver", "media", "files", "console", "observe", "apps"]
    made["properties"]["apps"]["propertyNames"] = {"pattern": "^[A-Za-z0-9._-]{1,64}$"}
    app = written["$defs"]["AppSettings"]
    app["required"] = ["platform", "target", "account"]
    app["properties"]["platform"]["enum"] = list(PLATFORMS)
    app["properties"]["target"]["minLength"] = 1
    app["allOf"] = [
        {
            "if": {"properties": {"platform": {"const": name}}, "required": ["platform"]},
            "then": {"properties": {"account": _account(platform)}},
        }
        for name, platform in PLATFORMS.items()
    ]
    for section in (
        "IngressSettings",
        "FilesSettings",
        "ConsoleSettings",
        "ObserveSettings",
    ):  # 0 is any free one, which no Service could name
        written["$defs"][section]["properties"]["port"] |= {"minimum": 1}
    written["properties"]["settings"] = made
    return json.dumps(written, indent=2, ensure_ascii=False) + "\n"


def _account(platform: AnyPlatform) -> dict[str, Any]:
    """An account as the chart takes it: each value may be in a file, and a needed one is there in one of both forms.

    That a secret has to be in a file is told by the template, in more words than a schema has.
    """
    (about,) = msgspec.json.schema(platform.account)["$defs"].values()
    fields: dict[str, Any] = {}
    for key, field in about["properties"].items():
        fields[key] = {name: one for name, one in field.items() if name != "default"}
        if field.get("type") == "string":
            fields[f"{key}_file"] = {"type": "string", "pattern": "^/", "description": f"A file that holds it: {field['description']}"}
    needed = [{"anyOf": [{"required": [key]}, {"required": [f"{key}_file"]}]} for key in about.get("required", ())]
    return {"additionalProperties": False, "properties": fields, "allOf": needed}


def _plain(made: Any) -> Any:
    """Without titles, which repeat the names, and without defaults of whole sections."""
    if isinstance(made, list):
        return [_plain(each) for each in made]
    if not isinstance(made, dict):
        return made
    left_out = {"title", "format"} | ({"default"} if "$ref" in made else set())
    return {
        key: {name: _plain(one) for name, one in value.items()} if key in ("properties", "$defs") else _plain(value)
        for key, value in made.items()
        if key not in left_out
    }
