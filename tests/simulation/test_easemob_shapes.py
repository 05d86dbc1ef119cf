"""What the official server SDK needs to find in answers. Source: SDK `im-sdk-core` 0.6.6."""

from tests.simulation.easemob_api import Api


def test_an_unknown_path_or_method_is_an_error_in_json(api: Api) -> None:
    assert api.refused("GET", "no/such/path")[0] == 404
    assert api.refused("PATCH", "users/alice")[0] == 405


def test_a_user_has_a_uuid_that_stays(api: Api) -> None:
    (first,), (second,) = (api.call("GET", "users/alice").json()["entities"] for _ in range(2))
    assert first["uuid"] == second["uuid"] != api.call("GET", "users/bob").json()["entities"][0]["uuid"]


def test_who_is_named_by_the_path_is_answered_alone(api: Api) -> None:
    group = api.data("POST", "chatgroups", {"public": False, "owner": "alice", "members": ["bob", "carol"]})["groupid"]
    assert api.data("DELETE", f"chatgroups/{group}/users/bob")["user"] == "bob"
    assert api.data("POST", f"chatgroups/{group}/blocks/users/carol")["groupid"] == group
    assert isinstance(api.data("POST", f"chatgroups/{group}/blocks/users", {"usernames": ["carol"]}), list)
