"""Friends and blocks. Source: "Easemob: manage contacts" and "Easemob: manage block lists"."""

from urllib.parse import parse_qsl

from tests.simulators.calls import Call
from tests.simulators.easemob import errors
from tests.simulators.easemob.accounts import NO_USER
from tests.simulators.easemob.errors import Refusal
from tests.simulators.easemob.events import Event
from tests.simulators.easemob.gate import Answer, as_object, bare
from tests.simulators.easemob.names import ids
from tests.simulators.easemob.state import Easemob
from tests.simulators.messages import between_two

IMPORT = 10
BLOCKED = 500
REMARK = 100


def befriend(easemob: Easemob, call: Call) -> Answer:
    """At once and for both: nobody is asked."""
    owner, friend = call.path["owner"].lower(), call.path["friend"].lower()
    if wrong := unknown(easemob, owner, friend):
        return wrong
    for one, other in ((owner, friend), (friend, owner)):
        friends = easemob.roster.friends(one)
        if other not in friends and len(friends) >= easemob.options.max_friends:
            return Refusal(403, "exceed_limit", f"user {one} has too many contacts")
    easemob.accept("contact.add", user=owner, friend=friend)
    easemob.roster.befriend(owner, friend)
    if easemob.options.friend_callbacks:
        tell(easemob, call, owner, friend, {"operation": "accept", "roster_ver": f"{easemob.roster.version:08X}"})
    return {"path": f"/users/{owner}/contacts", "entities": [{"type": "user", "username": friend, "activated": True}]}


def part(easemob: Easemob, call: Call) -> Answer:
    owner, friend = call.path["owner"].lower(), call.path["friend"].lower()
    if wrong := unknown(easemob, owner, friend):
        return wrong
    easemob.accept("contact.remove", user=owner, friend=friend)
    easemob.roster.part(owner, friend)
    tell(easemob, call, owner, friend, {"operation": "remove", "roster_ver": f"{easemob.roster.version:08X}"})
    return {"path": f"/users/{owner}/contacts", "entities": [{"type": "user", "username": friend, "activated": True}]}


def remark(easemob: Easemob, call: Call) -> Answer:
    owner, friend = call.path["owner"].lower(), call.path["friend"].lower()
    request = as_object(call.body)
    words = request.get("remark") if request else None
    if not isinstance(words, str) or len(words) > REMARK:
        return errors.MALFORMED
    if friend not in easemob.roster.friends(owner):
        return Refusal(400, "illegal_argument", f"{friend} is not a contact of {owner}")
    easemob.accept("contact.remark", user=owner, friend=friend)
    easemob.roster.remark(owner, friend, words)
    return {"status": "ok"}


def friends(easemob: Easemob, call: Call) -> Answer:
    owner = call.path["owner"].lower()
    if wrong := unknown(easemob, owner):
        return wrong
    named = list(easemob.roster.friends(owner))
    return {"entities": [], "data": named, "count": len(named)}


def friends_paged(easemob: Easemob, call: Call) -> Answer:
    """The cursor is the place of the next, which the vendor's is not; it comes while there are more."""
    owner, query = call.path["owner"].lower(), dict(parse_qsl(call.query.decode("latin-1")))
    if wrong := unknown(easemob, owner):
        return wrong
    limit, begin = query.get("limit", "10"), query.get("cursor", "0")
    if not (limit.isdecimal() and begin.isdecimal() and 1 <= int(limit) <= 50):
        return Refusal(400, "illegal_argument", "limit must be 1 to 50")
    everybody = list(easemob.roster.friends(owner).items())
    page = everybody[int(begin) : int(begin) + int(limit)]
    noted = query.get("needReturnRemark") == "true"
    shown: list[Event] = [{"username": name} | ({"remark": words or None} if noted else {}) for name, words in page]
    data: Event = {"contacts": shown}
    if int(begin) + len(page) < len(everybody):
        data["cursor"] = str(int(begin) + len(page))
    return {"data": data, "count": len(page)}


def import_friends(easemob: Easemob, call: Call) -> Answer:
    """Succeeds in part. No callback: the page speaks of none, nor of one with ``isSendNotice``."""
    user = call.path["owner"].lower()
    request = as_object(call.body)
    wanted = ids(request.get("usernames")) if request else None
    if wanted is None:
        return errors.MALFORMED
    if len(wanted) > IMPORT:
        return Refusal(400, "illegal_argument", f"request user over flow limit:{IMPORT}.")
    if wrong := unknown(easemob, user):
        return wrong
    maximum = easemob.options.max_friends
    if len(easemob.roster.friends(user)) >= maximum:
        return Refusal(403, "exceed_limit", "Inviter's contact max count.")
    done: dict[str, list[str]] = {"UnKnowFailed": [], "success": [], "NotExistFailed": [], "maxLimitFailed": []}
    for friend in wanted:
        if friend not in easemob.people.users:
            done["NotExistFailed"].append(friend)
        elif max(len(easemob.roster.friends(one)) for one in (user, friend)) >= maximum:
            done["maxLimitFailed"].append(friend)
        else:
            if not easemob.moods.chance(easemob.moods.now.swallow):
                easemob.roster.befriend(user, friend)
            done["success"].append(friend)
    easemob.accept("contact.import", user=user, friends=done["success"])
    return bare({"status": "ok", "timestamp": easemob.now(), "action": "post", "data": done, "duration": 0})


def block(easemob: Easemob, call: Call) -> Answer:
    owner = call.path["owner"].lower()
    request = as_object(call.body)
    named = ids(request.get("usernames")) if request else None
    if not named:
        return errors.MALFORMED
    if wrong := unknown(easemob, owner, *named):
        return wrong
    if len({*easemob.roster.blocked(owner), *named}) > BLOCKED:
        return Refusal(403, "exceed_limit", f"user {owner} has blocked too many users")
    easemob.accept("block.add", user=owner, blocked=named)
    for other in named:
        easemob.roster.block(owner, other)
        tell(easemob, call, owner, other, {"operation": "ban", "status": {"error_code": "ok"}})
    return {"entities": [], "data": named}


def unblock(easemob: Easemob, call: Call) -> Answer:
    owner, other = call.path["owner"].lower(), call.path["friend"].lower()
    if wrong := unknown(easemob, owner, other):
        return wrong
    easemob.accept("block.remove", user=owner, blocked=other)
    easemob.roster.unblock(owner, other)
    tell(easemob, call, owner, other, {"operation": "allow", "status": {"error_code": "ok"}})
    return {"entities": [{"type": "user", "username": other, "activated": True}]}


def blocked(easemob: Easemob, call: Call) -> Answer:
    """The newest first, 500 at most; in pages where one is asked for."""
    owner, query = call.path["owner"].lower(), dict(parse_qsl(call.query.decode("latin-1")))
    if wrong := unknown(easemob, owner):
        return wrong
    named = easemob.roster.blocked(owner)[::-1]
    if not query:
        return {"entities": [], "data": named[:BLOCKED], "count": min(len(named), BLOCKED)}
    size, begin = query.get("pageSize", "50"), query.get("cursor", "0")
    if not (size.isdecimal() and begin.isdecimal() and 1 <= int(size) <= 50):
        return Refusal(400, "illegal_argument", "pageSize must be 1 to 50")
    page = named[int(begin) : int(begin) + int(size)]
    more = int(begin) + len(page) < len(named)
    answer: Event = {"entities": [], "data": page, "count": len(page)}
    return answer | ({"cursor": str(int(begin) + len(page))} if more else {})


def tell(easemob: Easemob, call: Call, owner: str, other: str, payload: Event) -> None:
    """Call back what a server did, if this app does."""
    if easemob.options.contact_callbacks:
        event_id = easemob.event_id()
        body = easemob.events.roster(owner, other, payload, event_id, easemob.now())
        easemob.emit(between_two(owner, other), f"roster:{event_id}", body, call)


def unknown(easemob: Easemob, *names: str) -> Refusal | None:
    return None if all(name in easemob.people.users for name in names) else NO_USER


CALLS = (
    ("POST", "users/{owner}/contacts/users/{friend}", "contact.add", "contact.add", befriend),
    ("DELETE", "users/{owner}/contacts/users/{friend}", "contact.remove", "contact.remove", part),
    ("GET", "users/{owner}/contacts/users", "contact.list", "contact.list", friends),
    ("PUT", "user/{owner}/contacts/users/{friend}", "contact.remark", "contact.remark", remark),
    ("GET", "user/{owner}/contacts", "contact.list", "contact.list", friends_paged),
    ("POST", "users/{owner}/contacts/import", "contact.import", "contact.import", import_friends),
    ("POST", "users/{owner}/blocks/users", "block.add", "block.add", block),
    ("GET", "users/{owner}/blocks/users", "block.list", "block.list", blocked),
    ("DELETE", "users/{owner}/blocks/users/{friend}", "block.remove", "block.remove", unblock),
)
