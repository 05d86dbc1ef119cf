"""The operator's rules: which of what one app's people do goes over, and how. Pure; the settings are read in `streams/settings/rules.py`."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Literal

from msgspec import Struct, structs

from converters.core.bodies import Body, Command, Forwarded, Link, Notice, Text
from converters.core.event_id import beside
from converters.core.model import Conversation, Delivery, Direct, Event, Group, Loss, Room, conversation_key, direct
from converters.core.operations import (
    BlockChanged,
    Edit,
    FriendChanged,
    Operation,
    Post,
    Presence,
    Reaction,
    Read,
    Received,
    Typing,
    kind_of,
)
from converters.routing.identity_table import IdentityLookup, Kind
from converters.text.fallback_text import Language, shown
from converters.text.nickname import introduced

INTRODUCTION = "by"
"""The operation of an event id: see `introduction`."""
LONGEST = 65_536
"""Characters of a text after a replacement; a message's own length is bounded by the callback's."""

Whose = Literal["conversation", "sender", "receiver"]


class Rule(Struct, frozen=True, kw_only=True):
    """One rule. It fits where all its conditions do; an empty one always does. Ids are canonical."""

    name: str
    do: Literal["send", "drop", "show", "replace", "create", "proxy"]
    """`send` and `drop` decide; after the others the next rule is looked at."""
    kinds: frozenset[str] = frozenset()
    """Of `kind_of`; an edit is `edit` and of its body's kind."""
    conversations: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    """One of them speaks, or receives in a talk of two."""
    cohorts: frozenset[str] = frozenset()
    percent: float = 100.0
    of: Whose = "conversation"
    """Whose cohort and share are meant; `receiver` fits talks of two only."""
    sender: Literal["any", "has-account", "no-account"] = "any"
    receiver: Literal["any", "on-target", "elsewhere"] = "any"
    """Of a talk of two: whether the receiver is on the target's app."""
    text: str = ""
    rewrite: Callable[[str], str] | None = None
    """Of `replace`: a text with what the pattern finds replaced. Linear in its length."""
    proxy: str = ""
    """The id at the target."""


class RuleInput(Struct, frozen=True):
    """What rules are asked about; everything canonical."""

    operation: Operation
    conversation: Conversation
    """A group or room without an entry has an empty id."""
    sender: str
    """Empty where nobody did it."""
    sender_name: str
    receiver: str
    """The other one in a talk of two; else empty."""
    target: str
    """The target's platform."""
    language: Language
    identities: IdentityLookup


def rule_input(
    event: Event,
    *,
    person: Callable[[str], str],
    group: Callable[[Kind, str], str],
    target: str,
    language: Language,
    identities: IdentityLookup,
) -> RuleInput:
    """The case of *event* as it was decoded. Groups and rooms need no entry here: what is dropped has nobody waiting for one."""
    sender = person(event.sender) if event.sender else ""
    receiver = ""
    conversation: Conversation
    match event.conversation:
        case Direct(users=(one, other)):
            conversation = direct(person(one), person(other))
            first, second = conversation.users
            receiver = second if sender == first else first
        case Group(id=native):
            conversation = Group(group("group", native))
        case Room(id=native):
            conversation = Room(group("room", native))
    return RuleInput(event.operation, conversation, sender, event.sender_name, receiver, target, language, identities)


class RuleResult(Struct, frozen=True):
    """What the rules say."""

    operation: Operation
    dropped: str = ""
    """The name of the rule that ended it."""
    create: bool = False
    """The sender needs an account at the target first."""
    proxy: str = ""
    """The id at the target that speaks in the sender's place."""
    called: str = ""
    """What it calls them where the target shows a name of its own beside what is done: never the nickname alone."""
    introduced: str = ""
    """Said before it by the proxy: what is not a text cannot show who it is of."""
    losses: tuple[Loss, ...] = ()


def apply_rules(rules: Sequence[Rule], case: RuleInput) -> RuleResult:
    """Down the list, until a rule says `send` or `drop`; after the last, it is sent."""
    operation, create, proxy = case.operation, False, ""
    losses: list[Loss] = []
    for rule in rules:
        if (rule.do in ("create", "proxy") and not case.sender) or not _fits(rule, operation, case):
            continue
        match rule.do:
            case "send":
                break
            case "drop":
                return RuleResult(operation, dropped=rule.name)
            case "show" | "replace":
                before = operation
                operation = _shown(rule, operation, case.language) if rule.do == "show" else _replaced(rule, operation)
                if operation is not before:
                    losses.append(Loss(f"rule:{rule.name}"))
            case "create":
                create = True
            case "proxy":
                if isinstance(operation, _PERSONAL):
                    return RuleResult(operation, dropped=rule.name)
                proxy = rule.proxy
                losses.append(Loss(f"rule:{rule.name}"))
    if not proxy:
        return RuleResult(operation, create=create, losses=tuple(losses))
    called = introduced(case.sender, case.sender_name)
    by = called + ("\uff1a" if case.language == "zh" else ": ")
    body = operation.body if isinstance(operation, Post | Edit) else None
    if isinstance(body, Text) and isinstance(operation, Post | Edit):
        operation = structs.replace(operation, body=structs.replace(body, text=by + body.text))
        by = ""
    seen = isinstance(operation, Post) and not isinstance(operation.body, Command)
    return RuleResult(operation, proxy=proxy, called=called, introduced=by.strip() if seen else "", losses=tuple(losses))


_PERSONAL = (Read, Received, Reaction, Typing, FriendChanged, BlockChanged, Presence)
"""What nobody can do in another's place."""


def share(key: str) -> float:
    """Where in 0 to 100 *key* lies, for ever: who is within 10 percent is within 20."""
    return int.from_bytes(blake2b(key.encode(), digest_size=4).digest()) / (1 << 32) * 100


def introduction(delivery: Delivery, name: str) -> Delivery:
    """A message before the message, an event of its own, that says whose the next is."""
    event = delivery.event
    before = structs.replace(event, id=beside(event.id, INTRODUCTION), client_id="", operation=Post(Text(name)))
    return structs.replace(delivery, event=before)


def _fits(rule: Rule, operation: Operation, case: RuleInput) -> bool:
    return (
        (not rule.kinds or _is_of(rule.kinds, operation))
        and (not rule.conversations or str(case.conversation.__struct_config__.tag) in rule.conversations)
        and (not rule.groups or (not isinstance(case.conversation, Direct) and case.conversation.id in rule.groups))
        and (not rule.users or case.sender in rule.users or case.receiver in rule.users)
        and (rule.sender == "any" or _sender(rule, case))
        and (rule.receiver == "any" or _receiver(rule, case))
        and (not rule.cohorts or _cohort(rule, case))
        and (rule.percent >= 100 or _share(rule, case))
    )


def _is_of(kinds: frozenset[str], operation: Operation) -> bool:
    if kind_of(operation) in kinds:
        return True
    return isinstance(operation, Edit) and str(operation.body.__struct_config__.tag) in kinds


def _sender(rule: Rule, case: RuleInput) -> bool:
    if not case.sender:
        return False
    return (case.identities.account(case.target, case.sender) is not None) == (rule.sender == "has-account")


def _receiver(rule: Rule, case: RuleInput) -> bool:
    if not case.receiver:
        return False
    return (case.identities.account(case.target, case.receiver) == "used") == (rule.receiver == "on-target")


def _cohort(rule: Rule, case: RuleInput) -> bool:
    """Of a conversation: of anybody in it who is known here."""
    match rule.of:
        case "sender":
            return case.identities.cohort(case.sender) in rule.cohorts
        case "receiver":
            return case.identities.cohort(case.receiver) in rule.cohorts
        case "conversation":
            return any(case.identities.cohort(user) in rule.cohorts for user in (case.sender, case.receiver) if user)


def _share(rule: Rule, case: RuleInput) -> bool:
    match rule.of:
        case "sender":
            key = case.sender
        case "receiver":
            key = case.receiver
        case "conversation":
            where = case.conversation
            key = conversation_key(where).decode() if isinstance(where, Direct) or where.id else ""
    return bool(key) and share(key) < rule.percent


def _shown(rule: Rule, operation: Operation, language: Language) -> Operation:
    if not isinstance(operation, Post | Edit) or (isinstance(operation.body, Text) and not rule.text):
        return operation
    if isinstance(operation.body, Command) and "command" not in rule.kinds:
        return operation  # people never see it, unless that is asked for
    return structs.replace(operation, body=Text(rule.text or shown(operation.body, language)))


def _replaced(rule: Rule, operation: Operation) -> Operation:
    if not isinstance(operation, Post | Edit):
        return operation
    assert rule.rewrite is not None, "checked with the settings"
    body = _rewritten(operation.body, rule.rewrite)
    if isinstance(operation, Edit):
        return operation if body == operation.body else structs.replace(operation, body=body)
    quote = operation.quote
    if quote is not None:
        quote = structs.replace(quote, text=_cut(rule.rewrite(quote.text)))
    if body == operation.body and quote == operation.quote:
        return operation
    return structs.replace(operation, body=body, quote=quote)


def _rewritten(body: Body, rewrite: Callable[[str], str]) -> Body:
    match body:
        case Text(text=text) | Notice(text=text):
            return structs.replace(body, text=_cut(rewrite(text)))
        case Link(url=url, title=title, text=text):
            return structs.replace(body, url=_cut(rewrite(url)), title=_cut(rewrite(title)), text=_cut(rewrite(text)))
        case Forwarded(title=title, summary=summary, text=text):
            lines = tuple(_cut(rewrite(line)) for line in summary)
            return structs.replace(body, title=_cut(rewrite(title)), summary=lines, text=_cut(rewrite(text)))
        case _:
            return body


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
