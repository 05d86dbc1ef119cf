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


def test_the_list_of_all_groups_has_the_names_of_the_page(api: Api) -> None:
    group = api.data("POST", "chatgroups", {"groupname": "Team", "public": False, "owner": "alice", "members": ["bob"]})["groupid"]
    listed, *_ = api.call("GET", "chatgroups?limit=10").json()["data"]
    assert listed.items() >= {"groupid": group, "groupname": "Team", "owner": "alice", "affiliations": 2, "type": "group"}.items()
    assert listed["last_modified"].isdecimal()


def test_a_page_of_super_admins_says_which_it_is(api: Api) -> None:
    api.call("POST", "chatrooms/super_admin", {"superadmin": "alice"})
    answer = api.call("GET", "chatrooms/super_admin?pagenum=1&pagesize=5").json()
    assert (answer["data"], answer["params"]) == (["alice"], {"pagenum": ["1"], "pagesize": ["5"]})


def test_quiet_hours_of_older_sdks_are_taken(api: Api) -> None:
    api.call(
        "PUT",
        "users/alice",
        {"notification_no_disturbing": True, "notification_no_disturbing_start": "22", "notification_no_disturbing_end": "8"},
    )
    assert api.refused("PUT", "users/alice", {"notification_anything": True})[0] == 400
