"""Friends, the black list and the mute list. Source: "Yunxin: friend/add.action" and its neighbours."""

from typing import Any

from tests.simulators.calls import Call
from tests.simulators.messages import Message
from tests.simulators.yunxin.gate import Answer, Refusal
from tests.simulators.yunxin.state import Yunxin

LIMITS = {"msg": 256, "serverex": 256, "alias": 128, "ex": 256}
ADDED, REQUESTED, ACCEPTED = 1, 2, 3
UNKNOWN_FRIEND = Refusal(404, "not a friend")
LISTS = {"1": "black", "2": "mute"}


def befriend(yunxin: Yunxin, user: str, friend: str, kind: int, words: str, call: Call | None) -> Message:
    """Adding at once and accepting make friends; the other hears of each kind."""
    if kind in (ADDED, ACCEPTED):
        for pair in ((user, friend), (friend, user)):
            yunxin.friends.setdefault(pair, {"createtime": yunxin.now(), "updatetime": yunxin.now()})
    return tell(yunxin, "friend.add", "FRIEND_ADD", user, friend, {"vt": kind}, words, call)


def part(yunxin: Yunxin, user: str, friend: str, call: Call | None) -> Message:
    for pair in ((user, friend), (friend, user)):
        yunxin.friends.pop(pair, None)
    return tell(yunxin, "friend.delete", "FRIEND_DELETE", user, friend, "", "", call)


def tell(yunxin: Yunxin, what: str, name: str, user: str, friend: str, attach: Any, words: str, call: Call | None) -> Message:
    notice = yunxin.notice("person", user, friend, name, attach, text=words, rest=call is not None)
    yunxin.done(what, call, **notice.facts())
    yunxin.post(notice, yunxin.copies.custom(notice, None, None, safe=True), call)
    return notice


def pair_of(yunxin: Yunxin, form: dict[str, str], second: str = "faccid") -> tuple[str, str] | Refusal:
    one, other = form.get("accid", "").lower(), form.get(second, "").lower()
    if any(len(form.get(name, "")) > limit for name, limit in LIMITS.items()) or one == other:
        return Refusal(414, "parameter error")
    if unknown := next((each for each in (one, other) if each not in yunxin.people.users), None):
        return Refusal(414, f"{unknown} not register")
    return one, other


def add(yunxin: Yunxin, call: Call) -> Answer:
    form = call.form()
    pair = pair_of(yunxin, form)
    if isinstance(pair, Refusal):
        return pair
    if form.get("type") not in ("1", "2", "3", "4"):
        return Refusal(414, "type must be 1 to 4")
    befriend(yunxin, *pair, int(form["type"]), form.get("msg", ""), call)
    return {}


def update(yunxin: Yunxin, call: Call) -> Answer:
    form = call.form()
    pair = pair_of(yunxin, form)
    if isinstance(pair, Refusal):
        return pair
    if (friendship := yunxin.friends.get(pair)) is None:
        return UNKNOWN_FRIEND
    friendship |= {key: form[key] for key in ("alias", "ex", "serverex") if key in form}
    friendship["updatetime"] = yunxin.now()
    yunxin.accept("friend.update", call, user=pair[0], friend=pair[1])
    return {}


def delete(yunxin: Yunxin, call: Call) -> Answer:
    pair = pair_of(yunxin, call.form())
    if isinstance(pair, Refusal):
        return pair
    if pair not in yunxin.friends:
        return UNKNOWN_FRIEND
    part(yunxin, *pair, call)
    return {}


def get(yunxin: Yunxin, call: Call) -> Answer:
    """Friends changed since ``updatetime`` (ms)."""
    form = call.form()
    user, since = form.get("accid", "").lower(), form.get("updatetime", "")
    if user not in yunxin.people.users or not since.isdecimal():
        return Refusal(414, "parameter error")
    friends = [
        {"faccid": friend, "bidirection": True, **{key: facts[key] for key in facts if key != "updatetime"}}
        for (one, friend), facts in yunxin.friends.items()
        if one == user and facts["updatetime"] >= int(since)
    ]
    return {"size": len(friends), "friends": friends}


def relate(yunxin: Yunxin, call: Call) -> Answer:
    """``user/setSpecialRelation.action``: there is no copy of it."""
    form = call.form()
    pair = pair_of(yunxin, form, "targetAcc")
    if isinstance(pair, Refusal):
        return pair
    named = LISTS.get(form.get("relationType", ""))
    if named is None or form.get("value") not in ("0", "1"):
        return Refusal(414, "parameter error")
    if form["value"] == "1":
        yunxin.relations[named].add(pair)
    else:
        yunxin.relations[named].discard(pair)
    yunxin.accept("user.relation", call, user=pair[0], target=pair[1], list=named, value=form["value"])
    return {}


def relations(yunxin: Yunxin, call: Call) -> Answer:
    user = call.form().get("accid", "").lower()
    if user not in yunxin.people.users:
        return Refusal(414, f"{user} not register")
    black, mute = (sorted(b for a, b in yunxin.relations[name] if a == user) for name in ("black", "mute"))
    return {"mutelist": mute, "blacklist": black}
