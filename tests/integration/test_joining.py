"""Applications and memberships: coming and going."""

import datetime

import pytest

import people
from harness import Api
from world import PASSWORD


@pytest.fixture(autouse=True, scope="module")
def taking_applications(world):
    world.open_applications()


def applied(world, **fields):
    body = world.application(**fields)
    return body, Api(world.server).post("/public/applications", body, expect=201)


def test_apply_decide_and_serve(world):
    body, receipt = applied(world, email=f"{people.word()}@example.org")
    assert receipt["state"] == "applicant" and receipt["unit_id"] == world.north
    api = Api(world.server)
    api.login(body["username"], PASSWORD)
    me = api.get("/me")
    assert me["id"] == receipt["volunteer_id"] and me["state"] == "applicant"
    listed = world.root.pages("/admin/applications", params={"unit_id": world.north})
    mine = next(a for a in listed if a["volunteer_id"] == receipt["volunteer_id"])
    assert mine["name"] == body["name"] and body["phone"] not in str(mine)

    reviewer = world.login("unit_administrator", world.north)
    decided = reviewer.post(f"/admin/applications/{receipt['volunteer_id']}/decision", {"decision": "approve"}, expect=200)
    assert decided["state"] == "active"
    assert api.get("/me")["state"] == "active"
    memberships = api.get("/me/memberships")["items"]
    assert [(m["unit_id"], m["state"]) for m in memberships] == [(world.north, "active")]
    again = {"decision": "reject", "reason": "x"}
    reviewer.post(f"/admin/applications/{receipt['volunteer_id']}/decision", again, expect=409)
    ids = [a["volunteer_id"] for a in world.root.pages("/admin/applications")]
    assert receipt["volunteer_id"] not in ids


def test_a_rejection_has_a_reason(world):
    _, receipt = applied(world)
    path = f"/admin/applications/{receipt['volunteer_id']}/decision"
    assert "reason" in world.root.post(path, {"decision": "reject"}, expect=422).fields
    decided = world.root.post(path, {"decision": "reject", "reason": "too far away"}, expect=200)
    assert decided["state"] == "archived"
    membership = world.root.get(f"/admin/volunteers/{receipt['volunteer_id']}/memberships")["items"][0]
    assert membership["state"] == "rejected"


def test_the_reviewer_sees_duplicates(world):
    known = world.volunteer(name="重 复", birth_date="1993-03-03")
    _, receipt = applied(world, name="重 复", birth_date="1993-03-03")
    listed = world.root.pages("/admin/applications", params={"q": "重复"})
    assert next(a for a in listed if a["volunteer_id"] == receipt["volunteer_id"])["duplicate_count"] >= 1
    candidates = world.root.get(f"/admin/volunteers/{receipt['volunteer_id']}/duplicates")["items"]
    assert known["id"] in [c["volunteer"]["id"] for c in candidates]


def test_applications_that_are_not_taken(world):
    public = Api(world.server)
    closed = world.unit("Takes none")
    assert public.post("/public/applications", world.application(unit_id=closed), expect=(403, 404, 422)).code
    assert public.post("/public/applications", world.application(unit_id=9007199254740990), expect=(403, 404, 422)).code
    assert "consent" in public.post("/public/applications", world.application(consent=...), expect=422).fields
    outdated = world.application(consent={"policy_version": "old"})
    assert public.post("/public/applications", outdated, expect=409).code == "policy_outdated"
    assert "password" in public.post("/public/applications", world.application(password="12345678"), expect=422).fields
    birth = f"{datetime.date.today().year - 12}-01-01"
    assert "guardian" in public.post("/public/applications", world.application(birth_date=birth), expect=422).fields
    body, _ = applied(world)
    taken = Api(world.server).post("/public/applications", world.application(username=body["username"]), expect=(409, 422))
    assert taken.code


def test_closing_applications(world):
    world.root.patch("/admin/settings", {"applications_open": False})
    try:
        assert Api(world.server).get("/public/system/info")["applications_open"] is False
        refused = Api(world.server).post("/public/applications", world.application(), expect=403)
        assert refused.code == "applications_closed"
    finally:
        world.open_applications()


def test_many_applications_from_one_address_are_slowed_down(world):
    flood = Api(world.server)
    statuses = [flood.post("/public/applications", world.application(consent={"policy_version": "old"}),
                           expect=(409, 429)).status for _ in range(40)]
    assert statuses[-1] == 429


def test_joining_and_leaving_with_approval(world):
    world.root.patch("/admin/settings", {"membership_approval_join": True, "membership_approval_leave": True})
    api, volunteer = world.volunteer_login(unit_id=world.north)
    asked = api.post("/me/memberships", {"unit_id": world.south, "reason": "I moved"}, expect=201)
    assert asked["state"] == "applied"
    api.post("/me/memberships", {"unit_id": world.south}, expect=409)
    south = world.login("unit_administrator", world.south)
    waiting = south.pages("/admin/memberships", params={"state": "applied", "unit_id": world.south})
    assert asked["id"] in [m["id"] for m in waiting]
    # The north has no say in it.
    world.login("unit_administrator", world.north).post(
        f"/admin/memberships/{asked['id']}/decision", {"decision": "approve"}, expect=(403, 404))
    joined = south.post(f"/admin/memberships/{asked['id']}/decision", {"decision": "approve"}, expect=200)
    assert joined["state"] == "active" and joined["joined_at"] is not None
    # The new unit may see the person now.
    south.get(f"/admin/volunteers/{volunteer['id']}", expect=(200, 404))

    leaving = api.post(f"/me/memberships/{asked['id']}/leave", {"reason": "no time"}, expect=200)
    assert leaving["state"] == "active" and leaving["leave_requested_at"] is not None
    assert asked["id"] in [m["id"] for m in south.pages("/admin/memberships", params={"leave_requested": "true"})]
    kept = south.post(f"/admin/memberships/{asked['id']}/decision", {"decision": "reject", "reason": "please stay"}, expect=200)
    assert kept["state"] == "active" and kept["leave_requested_at"] is None
    api.post(f"/me/memberships/{asked['id']}/leave", {}, expect=200)
    left = south.post(f"/admin/memberships/{asked['id']}/decision", {"decision": "approve"}, expect=200)
    assert left["state"] == "left" and left["left_at"] is not None


def test_joining_and_leaving_without_approval(world):
    world.root.patch("/admin/settings", {"membership_approval_join": False, "membership_approval_leave": False})
    try:
        api, _ = world.volunteer_login(unit_id=world.north)
        joined = api.post("/me/memberships", {"unit_id": world.south}, expect=201)
        assert joined["state"] == "active"
        assert api.post(f"/me/memberships/{joined['id']}/leave", {}, expect=200)["state"] == "left"
    finally:
        world.root.patch("/admin/settings", {"membership_approval_join": True, "membership_approval_leave": True})


def test_membership_states(world):
    volunteer = world.volunteer(unit_id=world.north)
    path = f"/admin/volunteers/{volunteer['id']}/memberships"
    membership = world.root.get(path)["items"][0]
    assert membership["unit_id"] == world.north and membership["state"] == "active"
    for state in ("inactive", "active", "suspended", "active", "left"):
        changed = world.root.post(f"/admin/memberships/{membership['id']}/state", {"state": state, "reason": "r"}, expect=200)
        assert changed["state"] == state
    assert "reason" in world.root.post(f"/admin/memberships/{membership['id']}/state", {"state": "active"}, expect=422).fields
    second = world.root.post(path, {"unit_id": world.south}, expect=201)
    assert second["unit_id"] == world.south
    world.root.post(path, {"unit_id": world.south}, expect=409)
    assert len(world.root.get(path)["items"]) == 2


def test_somebody_elses_membership_is_not_there(world):
    api, _ = world.volunteer_login()
    other = world.volunteer()
    membership = world.root.get(f"/admin/volunteers/{other['id']}/memberships")["items"][0]
    api.post(f"/me/memberships/{membership['id']}/leave", {}, expect=404)
