"""Accounts, roles, grants."""

import people
from harness import Api
from world import PASSWORD


def test_create_read_change(world):
    account = world.account(display_name="王 小明", phone=people.phone(), language="en")
    assert account["display_name"] == "王 小明" and account["language"] == "en" and account["state"] == "active"
    shown = world.root.get(f"/admin/accounts/{account['id']}")
    assert shown["username"] == account["username"]
    changed = world.root.patch(f"/admin/accounts/{account['id']}", {"display_name": "王 大明", "phone": None},
                               headers={"If-Match": shown.etag})
    assert changed["display_name"] == "王 大明" and changed["phone"] is None
    world.root.patch(f"/admin/accounts/{account['id']}", {"display_name": "x"}, headers={"If-Match": shown.etag}, expect=412)


def test_no_answer_carries_a_password(world):
    account = world.account()
    for path in (f"/admin/accounts/{account['id']}", "/admin/accounts", "/auth/account"):
        text = world.root.get(path).text
        assert "argon2" not in text and PASSWORD not in text and "password_hash" not in text


def test_usernames_are_taken_once_whatever_the_case(world):
    account = world.account()
    body = {"username": account["username"].upper(), "password": PASSWORD}
    assert world.root.post("/admin/accounts", body, expect=(409, 422)).code


def test_what_is_not_valid(world):
    cases = [
        ({"username": "ab", "password": PASSWORD}, "username"),
        ({"username": "has space", "password": PASSWORD}, "username"),
        ({"username": people.word(), "password": "short"}, "password"),
        ({"username": people.word(), "password": PASSWORD, "email": "nonsense"}, "email"),
        ({"username": people.word(), "password": PASSWORD, "phone": "12"}, "phone"),
        ({"username": people.word(), "password": PASSWORD, "language": "fr"}, "language"),
        ({"username": people.word(), "password": PASSWORD, "is_super_administrator": True}, "is_super_administrator"),
        ({"password": PASSWORD}, "username"),
    ]
    for body, field in cases:
        assert field in world.root.post("/admin/accounts", body, expect=422).fields, body


def test_must_change_by_default(world):
    username = people.word("acc")
    made = world.root.post("/admin/accounts", {"username": username, "password": PASSWORD}, expect=201)
    assert made["must_change_password"] is True
    assert Api(world.server).login(username, PASSWORD)["must_change_password"] is True


def test_the_list(world):
    word = people.word("lst")
    made = [world.account(username=f"{word}{n}") for n in range(5)]
    world.grant(made[0]["id"], "auditor", world.south)
    listed = world.root.pages("/admin/accounts", params={"q": word}, limit=2)
    assert [a["username"] for a in listed] == [f"{word}{n}" for n in range(5)]
    listed = world.root.pages("/admin/accounts", params={"q": word, "sort": "-username"}, limit=2)
    assert [a["username"] for a in listed] == [f"{word}{n}" for n in reversed(range(5))]
    world.root.post(f"/admin/accounts/{made[1]['id']}/state", {"state": "disabled", "reason": "x"})
    assert [a["id"] for a in world.root.pages("/admin/accounts", params={"q": word, "state": "disabled"})] == [made[1]["id"]]
    by_role = {"q": word, "role_id": world.roles["auditor"]["id"]}
    assert [a["id"] for a in world.root.pages("/admin/accounts", params=by_role)] == [made[0]["id"]]
    by_unit = {"q": word, "unit_id": world.south}
    assert [a["id"] for a in world.root.pages("/admin/accounts", params=by_unit)] == [made[0]["id"]]


def test_grants(world):
    account = world.account()
    grant = world.grant(account["id"], "recorder", world.north)
    assert grant["role_code"] == "recorder" and grant["unit_id"] == world.north
    assert [g["id"] for g in world.root.get(f"/admin/accounts/{account['id']}/grants")["items"]] == [grant["id"]]
    body = {"role_id": grant["role_id"], "unit_id": world.north}
    world.root.post(f"/admin/accounts/{account['id']}/grants", body, expect=409)
    world.root.delete(f"/admin/accounts/{account['id']}/grants/{grant['id']}")
    world.root.delete(f"/admin/accounts/{account['id']}/grants/{grant['id']}", expect=404)
    assert world.root.get(f"/admin/accounts/{account['id']}/grants")["items"] == []


def test_a_unit_administrator_makes_accounts_in_his_unit(world):
    administrator = world.login("unit_administrator", world.north)
    body = {"username": people.word("acc"), "password": PASSWORD, "must_change_password": False,
            "grants": [{"role_id": world.roles["recorder"]["id"], "unit_id": world.north_team}]}
    made = administrator.post("/admin/accounts", body, expect=201)
    administrator.get(f"/admin/accounts/{made['id']}")
    world.login("unit_administrator", world.south).get(f"/admin/accounts/{made['id']}", expect=404)
    body = {"username": people.word("acc"), "password": PASSWORD,
            "grants": [{"role_id": world.roles["recorder"]["id"], "unit_id": world.south}]}
    administrator.post("/admin/accounts", body, expect=(403, 404, 422))


def test_sessions_of_an_account(world):
    api = world.new_login()
    assert len(world.root.get(f"/admin/accounts/{api.account_id}/sessions")["items"]) == 1
    world.root.delete(f"/admin/accounts/{api.account_id}/sessions")
    api.get("/auth/account", expect=401)


def test_roles(world):
    body = {"code": people.word("r"), "name_zh": "读者", "name_en": "Reader", "permissions": ["volunteer:read", "unit:read"]}
    made = world.root.post("/admin/roles", body, expect=201)
    role = made.json()
    assert role["shipped"] is False and set(role["permissions"]) == set(body["permissions"])
    account = world.account()
    world.root.post(f"/admin/accounts/{account['id']}/grants", {"role_id": role["id"], "unit_id": world.north}, expect=201)
    api = Api(world.server)
    api.login(account["username"], PASSWORD)
    api.get("/admin/volunteers")
    api.get("/admin/audit", expect=403)
    changed = world.root.patch(f"/admin/roles/{role['id']}", {"permissions": ["audit:read"]}, headers={"If-Match": made.etag})
    assert changed["permissions"] == ["audit:read"]
    # It holds from the next request on.
    api.get("/admin/volunteers", expect=403)
    api.get("/admin/audit")
    world.root.delete(f"/admin/roles/{role['id']}", expect=409)
    grant = world.root.get(f"/admin/accounts/{account['id']}/grants")["items"][0]
    world.root.delete(f"/admin/accounts/{account['id']}/grants/{grant['id']}")
    world.root.delete(f"/admin/roles/{role['id']}")
    world.root.get(f"/admin/roles/{role['id']}", expect=404)


def test_roles_that_are_not_valid(world):
    base = {"code": people.word("r"), "name_zh": "甲", "name_en": "A", "permissions": []}
    assert world.root.post("/admin/roles", dict(base, permissions=["no:such"]), expect=422).fields
    assert "code" in world.root.post("/admin/roles", dict(base, code="Has Space"), expect=422).fields
    assert world.root.post("/admin/roles", dict(base, code="auditor"), expect=(409, 422)).code
    world.root.delete(f"/admin/roles/{world.roles['auditor']['id']}", expect=409)
