"""What v2 and v2.1 read. Source: "Yunxin: Server API v2", and the names of fields from the official server SDK for Java 1.2.0."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs

from tests.simulators.calls import Call
from tests.simulators.messages import Message, between_two
from tests.simulators.people import Group
from tests.simulators.yunxin.accounts import SHOWN, names
from tests.simulators.yunxin.gate import Answer, Refusal, Work
from tests.simulators.yunxin.kinds import NUMBERS
from tests.simulators.yunxin.reading import nick
from tests.simulators.yunxin.state import Yunxin
from tests.simulators.yunxin.teamlife import managers, muted
from tests.simulators.yunxin.teams import BAD


def asked(call: Call) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(call.query.decode()).items()}


def profile_v2(yunxin: Yunxin, user: str) -> dict[str, Any]:
    profile = yunxin.people.users[user]
    shown = {{"icon": "avatar", "birth": "birthday", "ex": "extension"}.get(key, key): profile[key] for key in SHOWN if key in profile}
    return {"account_id": user, **shown}


def users_v2(yunxin: Yunxin, call: Call) -> Answer:
    wanted = [one.lower() for one in asked(call).get("account_ids", "").split(",") if one]
    good = [profile_v2(yunxin, one) for one in wanted if one in yunxin.people.users]
    failed = [
        {"account_id": one, "error_code": 102404, "error_msg": "account not exist"} for one in wanted if one not in yunxin.people.users
    ]
    return {"success_list": good, "failed_list": failed}


def user_v2(yunxin: Yunxin, call: Call) -> Answer:
    user = call.path["user"].lower()
    return profile_v2(yunxin, user) if user in yunxin.people.users else Refusal(404, "account not exist", 102404)


def paged_v2(call: Call, rows: Sequence[Any], name: str = "items") -> dict[str, Any]:
    begin, limit = int(asked(call).get("page_token") or "0"), int(asked(call).get("limit", "100"))
    page = rows[begin : begin + limit]
    more = begin + len(page) < len(rows)
    return {name: page, "has_more": more, "next_token": str(begin + len(page)) if more else ""}


def friends_v2(yunxin: Yunxin, call: Call) -> Answer:
    user = asked(call).get("account_id", "").lower()
    newer = {"alias": "alias", "ex": "extension", "serverex": "customer_extension"}
    rows = [
        {"friend_account_id": other, **{newer[name]: fact for name, fact in facts.items() if name in newer}}
        for (one, other), facts in yunxin.friends.items()
        if one == user
    ]
    return paged_v2(call, rows)


def listed_v2(name: str) -> Work:
    """Names alone, as the SDK for Java reads them."""

    def work(yunxin: Yunxin, call: Call) -> Answer:
        user = asked(call).get("account_id", "").lower()
        return paged_v2(call, [other for one, other in sorted(yunxin.relations[name]) if one == user])

    return work


def team_v2(team: Group) -> dict[str, Any]:
    kind = 2 if "superteam" in team.settings else 1
    return {
        "team_id": int(team.id) if team.id.isdecimal() else team.id,
        "team_type": kind,
        "owner_account_id": team.owner,
        "name": team.name,
        "member_count": len(team.members),
        "create_time": team.created,
    }


def teams_v2(yunxin: Yunxin, call: Call) -> Answer:
    wanted = names(asked(call).get("team_ids", "[]")) or []
    return {"team_info_list": [team_v2(yunxin.people.groups[one]) for one in wanted if one in yunxin.people.groups]}


def joined_v2(yunxin: Yunxin, call: Call) -> Answer:
    user = call.path["user"].lower()
    return paged_v2(call, [team_v2(team) for team in yunxin.people.groups.values() if user in team.members], "team_info_list")


def members_v2(yunxin: Yunxin, call: Call) -> Answer:
    team = yunxin.people.groups.get(call.path["team"])
    if team is None:
        return Refusal(404, "team not exist", 108404)
    roles = {team.owner: 1} | dict.fromkeys(managers(team), 2)
    rows = [
        {"account_id": one, "member_role": roles.get(one, 0), "team_nick": nick(team, one), "chat_banned": one in muted(team)}
        for one in team.members
    ]
    return paged_v2(call, rows)


def shown_v2(message: Message) -> dict[str, Any]:
    content = message.content
    text = content.get("msg") if isinstance(content, dict) and message.name == "TEXT" else None
    receiver = {"team_id": int(message.to)} if message.type == "group" and message.to.isdecimal() else {"receiver_id": message.to}
    return {
        "message_server_id": int(message.id),
        "message_client_id": message.client_id,
        "conversation_type": 1 if message.type == "person" else 2,
        "sender_id": message.sender,
        "create_time": message.time,
        "message_type": NUMBERS[message.name],
        **receiver,
        **({"attachment": content} if text is None else {"text": text}),
        **({} if message.ext is None else {"extension": message.ext}),
    }


def messages_v2(yunxin: Yunxin, call: Call) -> Answer:
    """Oldest first unless ``descending``."""
    parts, query = call.path["cid"].split("|"), asked(call)
    if len(parts) != 3:
        return BAD
    talk = between_two(parts[0].lower(), parts[2].lower()) if parts[1] == "1" else f"group|{parts[2]}"
    found = list(yunxin.archive.between(talk, int(query.get("begin_time", "0")), int(query.get("end_time", str(1 << 62)))))
    if query.get("descending") == "true":
        found.reverse()
    return paged_v2(call, [shown_v2(one) for one in found])


def conversations_v2(yunxin: Yunxin, call: Call) -> Answer:
    user = asked(call).get("account_id", "").lower()
    peers = [one for one in yunxin.people.users if one != user and yunxin.archive.latest(between_two(user, one))]
    return paged_v2(call, [{"conversation_id": f"{user}|1|{one}"} for one in peers])


V2: dict[tuple[str, str], tuple[str, Work]] = {
    ("GET", "accounts"): ("user.get", users_v2),
    ("GET", "accounts/{user}"): ("user.get", user_v2),
    ("GET", "users"): ("user.get", users_v2),
    ("GET", "users/{user}"): ("user.get", user_v2),
    ("GET", "block_contacts"): ("user.relations", listed_v2("black")),
    ("GET", "mute_contacts"): ("user.relations", listed_v2("mute")),
}
V21: dict[tuple[str, str], tuple[str, Work]] = {
    ("GET", "friends"): ("friend.get", friends_v2),
    ("GET", "teams"): ("team.query", teams_v2),
    ("GET", "teams/{team}/actions/list_members"): ("team.query", members_v2),
    ("GET", "team_members/{user}/actions/joined_teams"): ("team.query", joined_v2),
    ("GET", "conversations"): ("history.sessions", conversations_v2),
    ("GET", "conversations/{cid}/messages"): ("history.person", messages_v2),
}
