"""Signing up for shifts: why not, places, waitlist, decisions, and the rush."""

import os

import pytest
import rush

RUSH_PEOPLE = int(os.environ.get("VOMS_RUSH_PEOPLE", "1000"))
RUSH_PLACES = int(os.environ.get("VOMS_RUSH_PLACES", "50"))
RUSH_CONNECTIONS = int(os.environ.get("VOMS_RUSH_CONNECTIONS", "100"))


@pytest.fixture
def make_shift(world, server):
    """A published activity of north with one shift and one position: {activity, shift, position}."""

    def make(needed=1, **columns):
        now, start, end = (rush.instant(server, s) for s in (0, 98 * 3600, 100 * 3600))
        true = "true" if server.profile == "postgres" else "1"
        values = {"unit_id": world.north, "recording_unit_id": world.north, "state": "'published'", "state_changed_at": now,
                  "name": "'Cleaning'", "category": "'other'", "description": "''", "place_name": "'Park'", "radius_m": 100,
                  "is_volunteer_service": true, "visibility": "'public'", "time_zone": "'Asia/Shanghai'",
                  "cancel_deadline_minutes": 60, "approval": "'automatic'", "waitlist": "'promote'", "offer_minutes": 60,
                  "created_at": now, "updated_at": now, **columns}
        activity = int(server.sql(f"INSERT INTO activity ({', '.join(values)}) VALUES "
                                  f"({', '.join(map(str, values.values()))}) RETURNING id").split()[0])
        position = int(server.sql(
            "INSERT INTO activity_position (activity_id, name, needed, required_skills, created_at, updated_at) "
            f"VALUES ({activity}, 'Helper', {needed}, '[]', {now}, {now}) RETURNING id").split()[0])
        shift = int(server.sql(
            "INSERT INTO shift (activity_id, starts_at, ends_at, state, created_at, updated_at) "
            f"VALUES ({activity}, {start}, {end}, 'planned', {now}, {now}) RETURNING id").split()[0])
        server.sql(f"INSERT INTO shift_place (shift_id, position_id, needed) VALUES ({shift}, {position}, {needed})")
        return {"activity": activity, "shift": shift, "position": position}

    return make


def body(place, **fields):
    return {"shift_id": place["shift"], "position_id": place["position"], **fields}


def test_a_volunteer_signs_up_waits_and_is_promoted(world, make_shift):
    place = make_shift()
    first, _ = world.volunteer_login()
    second, _ = world.volunteer_login()
    asked = first.get(f"/me/shifts/{place['shift']}/eligibility")["positions"][0]
    assert asked["eligible"] and asked["outcome"] == "approved" and asked["free"] == 1
    mine = first.post("/me/signups", body(place), expect=201)
    assert (mine["state"], mine["sequence"]) == ("approved", 1)
    waits = second.post("/me/signups", body(place), expect=201)
    assert (waits["state"], waits["waitlist_place"]) == ("waitlisted", 1)
    listed = world.root.get(f"/admin/shifts/{place['shift']}/signups", params={"sort": "sequence"})["items"]
    assert [s["waitlist_place"] for s in listed] == [mine["waitlist_place"], 1] == [None, 1]
    assert second.get("/me/signups")["items"][0]["waitlist_place"] == 1
    again = first.post("/me/signups", body(place), expect=409)
    assert again.code == "already_signed_up"
    assert [r["code"] for r in again["current"]["reasons"] if r["refuses"]] == ["already_signed_up"]
    second.get(f"/me/signups/{mine['id']}", expect=404)
    second.post(f"/me/signups/{mine['id']}/cancel", {}, expect=404)
    cancelled = first.post(f"/me/signups/{mine['id']}/cancel", {"reason": "ill"}, expect=200)
    assert (cancelled["state"], cancelled["cancelled_by"]) == ("cancelled", "volunteer")
    assert second.get(f"/me/signups/{waits['id']}")["state"] == "approved"
    assert [s["id"] for s in second.pages("/me/signups")] == [waits["id"]]


def test_the_reasons_are_told_in_both_languages(world, make_shift):
    place = make_shift(minimum_age=60, risk_notice="'Sharp tools'")
    api, _ = world.volunteer_login()
    reasons = api.get(f"/me/shifts/{place['shift']}/eligibility")["positions"][0]["reasons"]
    assert [(r["code"], r["refuses"]) for r in reasons] == [("too_young", True), ("risk_notice_not_accepted", False)]
    assert reasons[0]["number"] == 60 and "60" in reasons[0]["message"]
    api.language = "zh-CN"
    refused = api.post("/me/signups", body(place), expect=409)
    assert refused.code == "too_young"
    assert "60" in refused["current"]["reasons"][0]["message"]
    assert [r["code"] for r in refused["current"]["reasons"]] == ["too_young", "risk_notice_not_accepted"]


def test_drafts_are_not_known_and_others_units_decide_nothing(world, make_shift):
    draft = make_shift(state="'draft'")
    api, _ = world.volunteer_login()
    api.get(f"/me/shifts/{draft['shift']}/eligibility", expect=404)
    api.post("/me/signups", body(draft), expect=404)
    api.post("/me/signups", {"shift_id": 999999999, "position_id": 1}, expect=404)
    place = make_shift()
    signup = api.post("/me/signups", body(place), expect=201)
    elsewhere = world.login("coordinator", world.south)
    elsewhere.get(f"/admin/signups/{signup['id']}", expect=404)
    elsewhere.get(f"/admin/shifts/{place['shift']}/signups", expect=404)
    elsewhere.post(f"/admin/signups/{signup['id']}/cancel", {"reason": "no"}, expect=404)
    api.get(f"/admin/shifts/{place['shift']}/signups", expect=403)
    world.login("auditor").post(f"/admin/signups/{signup['id']}/cancel", {"reason": "no"}, expect=403)


def test_a_coordinator_reviews_places_and_overrides(world, make_shift):
    place = make_shift(needed=2, approval="'review'", minimum_age=30)
    staff = world.login("coordinator")
    one, _ = world.volunteer_login()
    two, _ = world.volunteer_login()
    young = world.volunteer(birth_date="2005-01-01")
    ids = [api.post("/me/signups", body(place), expect=201)["id"] for api in (one, two)]
    listed = staff.pages(f"/admin/shifts/{place['shift']}/signups", params={"sort": "sequence", "state": "pending"}, limit=1)
    assert [s["id"] for s in listed] == ids and listed[0]["volunteer_name"]
    done = staff.post("/admin/signups/decisions", {"decision": "approve", "signup_ids": [ids[0], 999999999]}, expect=200)
    assert [(r["done"], r.get("code")) for r in done["items"]] == [(True, None), (False, "signup_not_found")]
    asked = staff.get(f"/admin/shifts/{place['shift']}/eligibility", params={"volunteer_id": young["id"]})
    assert asked["positions"][0]["reasons"][0]["code"] == "too_young"
    wish = {"volunteer_id": young["id"], "position_id": place["position"]}
    assert staff.post(f"/admin/shifts/{place['shift']}/signups", wish, expect=409).code == "too_young"
    wish["override_reason"] = "Comes with the parents"
    placed = staff.post(f"/admin/shifts/{place['shift']}/signups", wish, expect=201)
    assert (placed["state"], placed["override_codes"]) == ("approved", ["too_young"])
    assert world.root.pages("/admin/audit", params={"object_type": "signup", "object_id": placed["id"]})
    waits = staff.post(f"/admin/signups/{ids[1]}/decision", {"decision": "approve"}, expect=200)
    assert waits["state"] == "waitlisted"
    staff.post(f"/admin/signups/{ids[1]}/move-up", {"reason": "needed"}, expect=200)
    staff.post(f"/admin/signups/{placed['id']}/cancel", {"reason": "ill"}, expect=200)
    assert two.get(f"/me/signups/{ids[1]}")["state"] == "approved"
    assert staff.post(f"/admin/signups/{ids[1]}/decision", {"decision": "reject"}, expect=422).fields == {"reason": "required"}


def test_the_signups_of_a_person_are_those_the_caller_may_see(world, make_shift, server):
    me, volunteer = world.volunteer_login()
    here, there = make_shift(5), make_shift(5, unit_id=world.south, recording_unit_id=world.south)
    start, end = (rush.instant(server, hours * 3600) for hours in (50, 52))
    server.sql(f"UPDATE shift SET starts_at = {start}, ends_at = {end} WHERE id = {there['shift']}")
    ids = [me.post("/me/signups", body(place), expect=201)["id"] for place in (here, there)]
    path = f"/admin/volunteers/{volunteer['id']}/signups"
    assert [s["id"] for s in world.root.pages(path, limit=1)] == ids[::-1]
    assert [s["id"] for s in world.login("coordinator", world.north).get(path)["items"]] == ids[:1]
    assert world.root.get(path, params={"state": "rejected"})["items"] == []
    world.login("coordinator", world.south).get(path, expect=404)


def test_the_draw_can_be_checked_by_anybody(world, make_shift, server, anonymous):
    place = make_shift(needed=1, approval="'lottery'", sign_up_closes_at=rush.instant(server, 3600))
    people = [world.volunteer_login()[0] for _ in range(3)]
    ids = [api.post("/me/signups", body(place), expect=201)["id"] for api in people]
    staff = world.login("coordinator")
    path = f"/admin/activities/{place['activity']}/lottery"
    assert staff.post(path, expect=409).code == "lottery_not_closed"
    anonymous.get(f"/public/activities/{place['activity']}/lottery", expect=404)
    server.sql(f"UPDATE activity SET sign_up_closes_at = {rush.instant(server, -1)} WHERE id = {place['activity']}")
    staff.post(path, expect=(200, 409))  # the schedule may have come first
    entries = anonymous.pages(f"/public/activities/{place['activity']}/lottery", limit=2)
    keys = {e["id"]: rush.hashlib.sha256(f"{e['seed']}:{e['id']}".encode()).hexdigest() for e in entries}
    assert sorted(keys) == sorted(ids) and all(keys[e["id"]] == e["key"] for e in entries)
    assert [e["id"] for e in entries if e["won"]] == [min(keys, key=keys.get)]


def test_the_rush(new_server, profile):
    server = new_server()
    server.vomsctl("generate-volunteers", str(RUSH_PEOPLE), "5", timeout=300)
    shift, position, tokens = rush.prepare(server, RUSH_PEOPLE, RUSH_PLACES)
    answers, seconds = rush.run(server, shift, position, tokens, RUSH_CONNECTIONS)
    took = sorted(a[3] for a in answers)
    print(f"{profile}: {len(answers) / seconds:,.0f} sign-ups/s, p50 {took[len(took) // 2] * 1000:.0f} ms, "
          f"p99 {took[len(took) * 99 // 100] * 1000:.0f} ms")
    rush.check(server, shift, answers, RUSH_PLACES)
