"""The operator's rules as the settings have them: `[[apps.<app>.rules]]`, checked, and made into what the converters use."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Literal, Self, get_args

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from converters.core.bodies import Body
from converters.core.localized import localized
from converters.core.operations import Operation, Post
from converters.platform import AnyPlatform
from converters.routing.rules import Rule
from converters.routing.user_ids import fold

KINDS = frozenset(str(each.__struct_config__.tag) for each in (*get_args(Body), *get_args(Operation)) if each is not Post)
"""What a rule can name."""

_NEEDS = {"replace": "pattern", "proxy": "proxy"}
_BELONGS = {"pattern": "replace", "replacement": "replace", "text": "show", "proxy": "proxy"}
MOST = 256
"""Places in one text. Each search is linear; as many as there are letters would not be."""
_MEMORY = 1 << 20  # bytes for a compiled pattern; what needs more is refused


class RuleSettings(BaseModel):
    """Each message of the app passes through the list. A rule matches if all its conditions do. `send` and `drop` decide; after any
    other action the next rule is evaluated; a message that reaches the end is sent. Ids are canonical. See
    [routing](routing.md).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", description="Unique in the app. Dropped messages are counted as `rule:<name>`.")
    do: Literal["send", "drop", "show", "replace", "create", "proxy"] = Field(
        description="`show`: convert to readable text; `replace`: replace what `pattern` matches; `create`: create the sender's account first; "
        "`proxy`: send in another account's name."
    )
    kinds: list[str] = Field(
        default_factory=list, description="Kinds as in docs/fidelity.md: `image`, `recall`, … An edit also counts as its body's kind."
    )
    conversations: list[Literal["direct", "group", "room"]] = Field(default_factory=list, description="Types of conversation.")
    groups: list[str] = Field(default_factory=list, description="These groups and rooms.")
    users: list[str] = Field(
        default_factory=list, description="Sent by one of these users, or to one of them in a one-to-one conversation."
    )
    cohorts: list[str] = Field(default_factory=list, description="Cohorts of `im-relay identities mark`.")
    percent: float = Field(100.0, ge=0, le=100, description="Percentage, always the same ones: who is in 10 is in 20 as well.")
    of: Literal["conversation", "sender", "receiver"] = Field(
        "conversation", description="Whose cohort and percentage; `receiver` applies to one-to-one conversations only."
    )
    sender: Literal["any", "has-account", "no-account"] = Field("any", description="Whether `identities` lists an account at the target.")
    receiver: Literal["any", "on-target", "elsewhere"] = Field(
        "any", description="One-to-one conversations: whether `identities` lists the receiver as a user of the target's app."
    )
    text: str = Field("", max_length=500, description="For `show`: text shown in place of the content.")
    pattern: str = Field("", max_length=500, description="For `replace`: a regular expression of RE2.")
    replacement: str = Field("", max_length=100, description="For `replace`: literal replacement, without groups.")
    proxy: str = Field("", max_length=64, description="For `proxy`: the account's id at the target.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        unknown = sorted(set(self.kinds) - KINDS)
        if unknown:
            raise ValueError(
                localized("kinds has {unknown}; known are: {kinds}", unknown=", ".join(unknown), kinds=", ".join(sorted(KINDS)))
            )
        needed = _NEEDS.get(self.do)
        if needed and not getattr(self, needed):
            raise ValueError(localized('do = "{do}" needs {needed}', do=self.do, needed=needed))
        for field, do in _BELONGS.items():
            if getattr(self, field) and self.do != do:
                raise ValueError(localized('{field} belongs to do = "{do}"; seen is do = "{seen}"', field=field, do=do, seen=self.do))
        if self.pattern:
            rewriting(self.pattern, "")
        return self


def rewriting(pattern: str, replacement: str) -> Callable[[str], str]:
    """A text with what *pattern* finds replaced, and after MOST of these cut off. Linear in the text's length. Raises ValueError."""
    import re2  # half of the commands need no rules

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        why = error.args[0] if error.args else ""
        why = why.decode(errors="replace") if isinstance(why, bytes) else str(why)
        raise ValueError(
            localized("pattern is no regular expression of RE2, which has no look-around and no back-references: {why}", why=why)
        ) from None
    if compiled.search(""):
        raise ValueError(localized("pattern fits where nothing is: it would be replaced between all letters"))

    def rewrite(text: str) -> str:
        if not compiled.search(text):  # nearly always, and much faster
            return text
        ends: list[int] = []

        def found(match: Any) -> str:
            ends.append(match.end())
            return replacement

        written = str(compiled.sub(found, text, count=MOST))
        if len(ends) < MOST:
            return written
        return written[: len(written) - len(text) + ends[-1]] + "…"

    return rewrite


def rules_of(settings: Sequence[RuleSettings], target: AnyPlatform) -> tuple[Rule, ...]:
    """What the converters use. Raises ValueError, its text after `apps.<app>.rules`."""
    names = [rule.name for rule in settings]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(localized("there are two of the name {twice}", twice=", ".join(twice)))
    for rule in settings:
        if rule.do == "create" and target.register is None:
            raise ValueError(
                localized('{name}: do = "create", but {platform} has no call that makes accounts', name=rule.name, platform=target.name)
            )
        if rule.proxy and not target.user_ids.possible(rule.proxy):
            raise ValueError(
                localized(
                    "{name}: proxy is {proxy!r}, which {platform} takes as no user's id",
                    name=rule.name,
                    proxy=rule.proxy,
                    platform=target.name,
                )
            )
    return tuple(map(_made, settings))


def digest(rules: Mapping[str, Sequence[RuleSettings]]) -> str:
    """12 hex characters, the same for the same rules of the same apps."""
    plain: dict[str, Any] = {app: [rule.model_dump() for rule in of] for app, of in sorted(rules.items()) if of}
    return blake2b(orjson.dumps(plain), digest_size=6).hexdigest()


def _made(rule: RuleSettings) -> Rule:
    return Rule(
        name=rule.name,
        do=rule.do,
        kinds=frozenset(rule.kinds),
        conversations=frozenset(rule.conversations),
        groups=_lowered(rule.groups),
        users=_lowered(rule.users),
        cohorts=_lowered(rule.cohorts),
        percent=rule.percent,
        of=rule.of,
        sender=rule.sender,
        receiver=rule.receiver,
        text=rule.text,
        rewrite=rewriting(rule.pattern, rule.replacement) if rule.pattern else None,
        proxy=rule.proxy,
    )


def _lowered(ids: Sequence[str]) -> frozenset[str]:
    return frozenset(fold(each) for each in ids)
