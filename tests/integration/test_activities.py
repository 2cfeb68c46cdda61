"""Activities: from a draft to the end, their positions and shifts, who may do what."""

import datetime

import people
from world import instant


def codes(answer):
    return set(answer.fields.values())


def test_create_read_change_delete(world):
    made = world.root.post("/admin/activities", {"unit_id": world.north, "name": "植树", "category": "环保"}, expect=201)
    activity = made.json()
    assert activity["state"] == "draft" and activity["time_zone"] == "Asia/Shanghai"
    assert activity["recording_unit_id"] == world.north and activity["cancel_deadline_minutes"] == 24 * 60
    assert made.headers["Location"] == f"/api/v1/admin/activities/{activity['id']}"
    shown = world.root.get(f"/admin/activities/{activity['id']}")
    assert shown.json() == activity and shown.etag == made.etag
    world.root.get(f"/admin/activities/{activity['id']}", headers={"If-None-Match": shown.etag}, expect=304)
    change = {"description": "在湖边\n植树", "point": {"latitude": 30.592849, "longitude": 114.305539},
              "recording_unit_id": world.north_team, "visibility": "members", "minimum_age": 16}
    changed = world.root.patch(f"/admin/activities/{activity['id']}", change, headers={"If-Match": shown.etag})
    assert {k: changed[k] for k in change} == change
    assert changed["version"] == activity["version"] + 1
    world.root.patch(f"/admin/activities/{activity['id']}", {"name": "x"}, headers={"If-Match": shown.etag}, expect=412)
    history = world.root.get(f"/admin/activities/{activity['id']}/history", params={"total": "true"})
    assert [e["action"] for e in history["items"]] == ["activity.update", "activity.create"] and history["total"] == 2
    assert history["items"][0]["changes"]["minimum_age"] == {"before": 0, "after": 16}
    world.root.delete(f"/admin/activities/{activity['id']}")
    world.root.get(f"/admin/activities/{activity['id']}", expect=404)


def test_what_is_not_valid(world):
    def refused(**fields):
        return world.root.post("/admin/activities", {"unit_id": world.north, "name": "x", "category": "y", **fields},
                               expect=422).fields
    assert refused(name="", time_zone="Mars/Olympus") == {"name": "required", "time_zone": "time_zone_unknown"}
    assert refused(minimum_age=30, maximum_age=20) == {"maximum_age": "ages_disordered"}
    assert refused(sign_up_opens_at="2031-01-02T00:00:00Z", sign_up_closes_at="2031-01-01T00:00:00Z") == {
        "sign_up_closes_at": "times_disordered"}
    assert "point.latitude" in refused(point={"latitude": 91, "longitude": 0})
    assert refused(project_id=9007199254740990) == {"project_id": "project_not_found"}
    assert refused(unit_id=9007199254740990) == {"unit_id": "unit_not_found"}


def test_publishing_names_all_that_is_missing(world):
    activity = world.root.post("/admin/activities", {
        "unit_id": world.north, "name": "x", "category": "y", "is_volunteer_service": False, "is_dangerous": True},
        expect=201).json()
    path = f"/admin/activities/{activity['id']}"
    ready = world.root.get(path + "/readiness").json()
    assert ready["ready"] is False and ready["approval_required"] is True and ready["may_publish"] is True
    wanted = {"activity_needs_description", "activity_needs_place", "activity_needs_person_in_charge",
              "activity_needs_contact", "activity_needs_declaration", "activity_needs_risk_notice",
              "activity_needs_insurance", "activity_needs_shifts", "activity_needs_places"}
    assert {m["code"] for m in ready["missing"]} == wanted
    assert codes(world.root.post(path + "/publish", expect=422)) == wanted
    assert codes(world.root.post(path + "/submit", expect=422)) == wanted


def test_insurance_must_last_until_the_end(world):
    activity = world.activity(is_dangerous=True, insurance_policy="P-1", insurance_until="2020-01-01")
    world.position(activity["id"])
    world.shift(activity["id"])
    path = f"/admin/activities/{activity['id']}"
    assert codes(world.root.post(path + "/publish", expect=422)) == {"activity_insurance_ends_early"}
    world.root.patch(path, {"insurance_until": "2099-01-01"})
    published = world.root.post(path + "/publish", expect=200)
    assert published["state"] == "published" and published["published_at"]
    # What people see stays complete.
    assert codes(world.root.patch(path, {"insurance_policy": None}, expect=422)) == {"activity_needs_insurance"}


def test_approval(world):
    coordinator = world.login("coordinator", world.north)
    administrator = world.login("unit_administrator", world.north)
    activity = world.activity(coordinator)
    path = f"/admin/activities/{activity['id']}"
    world.position(activity["id"], coordinator)
    world.shift(activity["id"], coordinator)
    assert coordinator.get(path + "/readiness")["may_publish"] is False
    assert coordinator.post(path + "/publish", expect=403).code == "activity_approval_required"
    assert coordinator.post(path + "/submit", expect=200)["state"] == "submitted"
    assert coordinator.patch(path, {"name": "x"}, expect=409)["current"] == "submitted"
    coordinator.post(path + "/decision", {"decision": "approve"}, expect=403)
    assert "reason" in administrator.post(path + "/decision", {"decision": "reject"}, expect=422).fields
    back = administrator.post(path + "/decision", {"decision": "reject", "reason": "no photo"}, expect=200)
    assert back["state"] == "draft" and back["decision_reason"] == "no photo"
    coordinator.post(path + "/submit", expect=200)
    assert coordinator.post(path + "/withdraw", expect=200)["state"] == "draft"
    coordinator.post(path + "/submit", expect=200)
    approved = administrator.post(path + "/decision", {"decision": "approve"}, expect=200)
    assert approved["state"] == "published" and approved["decision_reason"] is None
    administrator.post(path + "/decision", {"decision": "approve"}, expect=409)
    actions = [e["action"] for e in coordinator.pages(path + "/history")]
    assert actions[:3] == ["activity.approve", "activity.submit", "activity.withdraw"]


def test_cancel(world):
    activity, _, shift = world.published()
    path = f"/admin/activities/{activity['id']}"
    world.root.delete(path, expect=409)
    assert "reason" in world.root.post(path + "/cancel", {}, expect=422).fields
    cancelled = world.root.post(path + "/cancel", {"reason": "storm"}, expect=200)
    assert cancelled["state"] == "cancelled" and cancelled["cancel_reason"] == "storm"
    assert world.root.get(f"/admin/shifts/{shift['id']}")["state"] == "cancelled"
    world.root.post(path + "/cancel", {"reason": "again"}, expect=409)
    world.root.patch(path, {"name": "x"}, expect=409)
    world.root.post(path + "/positions", {"name": "x", "needed": 1}, expect=409)


def test_positions_and_their_places(world):
    activity = world.activity()
    path = f"/admin/activities/{activity['id']}"
    first = world.position(activity["id"], name="Guide", needed=2, required_skills=["English"], gender="female")
    assert first["required_skills"] == ["English"] and first["gender"] == "female"
    shift = world.shift(activity["id"])
    second = world.position(activity["id"], name="Driver", needed=1)
    world.shift(activity["id"], hours=48, places=[{"position_id": first["id"], "needed": 5}])
    shifts = world.root.get(path + "/shifts")["items"]
    assert [[(p["position_id"], p["needed"], p["overridden"]) for p in s["places"]] for s in shifts] == [
        [(first["id"], 2, False), (second["id"], 1, False)], [(first["id"], 5, True), (second["id"], 1, False)]]
    assert world.root.get(path)["places"] == 9
    world.root.patch(f"/admin/positions/{first['id']}", {"needed": 4})
    shifts = world.root.get(path + "/shifts")["items"]
    assert [s["places"][0]["needed"] for s in shifts] == [4, 5]
    world.root.delete(f"/admin/positions/{second['id']}")
    assert [p["id"] for p in world.root.get(path + "/positions")["items"]] == [first["id"]]
    assert [len(s["places"]) for s in world.root.get(path + "/shifts")["items"]] == [1, 1]
    answer = world.root.patch(f"/admin/shifts/{shift['id']}", {"places": [{"position_id": second["id"], "needed": 1}]},
                              expect=422)
    assert answer.fields == {"places[0].position_id": "position_not_found"}


def test_shifts_change_and_cancel(world):
    activity, position, shift = world.published()
    path = f"/admin/shifts/{shift['id']}"
    shown = world.root.get(path)
    moved = world.root.patch(path, {"starts_at": instant(30), "ends_at": instant(33), "note": "Bring boots.",
                                    "places": [{"position_id": position["id"], "needed": 7}]},
                             headers={"If-Match": shown.etag})
    assert moved["starts_at"] == instant(30) and moved["places"][0]["needed"] == 7
    world.root.patch(path, {"note": "x"}, headers={"If-Match": shown.etag}, expect=412)
    seen = world.root.get(f"/admin/activities/{activity['id']}")
    assert (seen["starts_at"], seen["ends_at"], seen["places"]) == (instant(30), instant(33), 7)
    assert world.root.patch(path, {"ends_at": instant(29)}, expect=422).fields == {"ends_at": "times_disordered"}
    cancelled = world.root.post(path + "/cancel", {"reason": "rain"}, expect=200)
    assert cancelled["state"] == "cancelled" and cancelled["cancel_reason"] == "rain"
    world.root.post(path + "/cancel", {"reason": "rain"}, expect=409)
    world.root.patch(path, {"note": "x"}, expect=409)
    seen = world.root.get(f"/admin/activities/{activity['id']}")
    assert seen["starts_at"] is None and seen["places"] == 0


def test_shifts_are_listed_by_time_in_pages(world):
    activity = world.activity()
    for hours in (72, 24, 48, 24):
        world.shift(activity["id"], hours=hours)
    listed = world.root.pages(f"/admin/activities/{activity['id']}/shifts", limit=1)
    assert [s["starts_at"] for s in listed] == [instant(24), instant(24), instant(48), instant(72)]
    some = world.root.get(f"/admin/activities/{activity['id']}/shifts", params={"from": instant(28), "to": instant(72)})
    assert [s["starts_at"] for s in some["items"]] == [instant(48)]


def test_the_calendar_shows_shifts_across_activities(world):
    top = world.unit(people.word("Agenda "))
    below = world.unit(people.word("Agenda below "), parent_id=top)
    late, _, late_shift = world.published(unit_id=top, name="Late", hours=50)
    early, position, early_shift = world.published(unit_id=below, name="Early", hours=26, needed=4)
    draft = world.activity(unit_id=top, name="Draft")
    world.position(draft["id"], name='With "quotes" and \\', needed=2)
    drafted = world.shift(draft["id"], hours=30)
    world.published(unit_id=top, hours=24 * 40)

    listed = world.root.pages("/admin/shifts", params={"unit_id": top}, limit=1)
    assert [s["id"] for s in listed] == [early_shift["id"], drafted["id"], late_shift["id"]]
    assert listed[0] == {
        "id": early_shift["id"], "activity_id": early["id"], "activity_name": "Early", "activity_state": "published",
        "unit_id": below, "unit_name": listed[0]["unit_name"], "time_zone": early["time_zone"],
        "starts_at": early_shift["starts_at"], "ends_at": early_shift["ends_at"], "state": "planned",
        "place_name": "North shore", "needed": 4, "taken": 0, "waiting": 0, "pending": 0,
        "places": [{"position_id": position["id"], "position_name": position["name"], "needed": 4, "taken": 0,
                    "waiting": 0, "pending": 0}]}
    assert listed[1]["places"][0]["position_name"] == 'With "quotes" and \\'

    def found(api=world.root, **params):
        return [s["id"] for s in api.get("/admin/shifts", params=params)["items"]]

    assert found(unit_id=top, to=instant(40)) == [early_shift["id"], drafted["id"]]
    # One that has begun by then and is not over.
    assert found(unit_id=top, **{"from": instant(28), "to": instant(40)}) == [early_shift["id"], drafted["id"]]
    assert found(unit_id=top, **{"from": instant(29), "to": instant(40)}) == [drafted["id"]]
    assert found(activity_id=late["id"]) == [late_shift["id"]]
    assert found(unit_id=top, activity_state="draft") == [drafted["id"]]
    world.root.post(f"/admin/shifts/{late_shift['id']}/cancel", {"reason": "storm"}, expect=200)
    assert found(unit_id=top, state="cancelled") == [late_shift["id"]]

    assert found(world.login("coordinator", below), unit_id=top) == [early_shift["id"]]
    assert found(world.login("coordinator", world.south), unit_id=top) == []
    for params, code in (({"from": instant(2), "to": instant(1)}, "times_disordered"),
                         ({"from": instant(0), "to": instant(24 * 94)}, "range_too_long")):
        assert world.root.get("/admin/shifts", params=params, expect=422).fields == {"to": code}


def test_the_front_desk_finds_its_shifts(world):
    top = world.unit(people.word("Desk "))
    activity, _, shift = world.published(unit_id=top, hours=-0.5)
    draft = world.activity(unit_id=top)
    world.position(draft["id"])
    world.shift(draft["id"], hours=1)
    _, _, elsewhere = world.published(unit_id=world.south, hours=-0.5)

    desk = world.login("front_desk", top)
    assert [s["id"] for s in desk.get("/admin/desk/shifts")["items"]] == [shift["id"]]
    desk.get("/admin/shifts", expect=403)
    volunteer = world.volunteer()
    position_id = shift["places"][0]["position_id"]
    world.root.post(f"/admin/shifts/{shift['id']}/signups",
                    {"volunteer_id": volunteer["id"], "position_id": position_id, "override_reason": "x"}, expect=201)
    path = f"/admin/shifts/{shift['id']}"
    entry = desk.get(path + "/presence", params={"q": volunteer["number"]})["items"][0]
    assert entry["state"] == "expected" and entry["volunteer_id"] == volunteer["id"]
    tapped = desk.post(path + "/taps", {"volunteer_id": entry["volunteer_id"], "direction": "in"}, expect=200)
    assert tapped["state"] == "present"

    # Who has the desk of one activity alone finds that one.
    one = world.new_login()
    world.root.post(f"/admin/activities/{activity['id']}/managers", {"username": one.username, "role": "front_desk"},
                    expect=200)
    assert [s["id"] for s in one.get("/admin/desk/shifts")["items"]] == [shift["id"]]
    assert elsewhere["id"] not in [s["id"] for s in one.get("/admin/desk/shifts")["items"]]


def test_the_list(world):
    word = people.word("find")
    top = world.unit("Activities " + word)
    made = [world.activity(unit_id=top, name=f"{word} {n}", category=word)["id"] for n in range(3)]
    world.shift(made[1])
    listed = world.root.pages("/admin/activities", params={"unit_id": top}, limit=2)
    assert [a["id"] for a in listed] == made[::-1]
    answer = world.root.get("/admin/activities", params={"category": word, "state": "draft", "total": "true", "limit": 1})
    assert answer["total"] == 3
    found = world.root.get("/admin/activities", params={"q": f"{word} 1"})["items"]
    assert [a["id"] for a in found] == [made[1]]
    found = world.root.get("/admin/activities", params={"category": word, "from": instant(1), "to": instant(30)})["items"]
    assert [a["id"] for a in found] == [made[1]]
    south = world.login("unit_administrator", world.south)
    assert south.get("/admin/activities", params={"category": word})["items"] == []


def test_what_everybody_sees(world, anonymous):
    word = people.word("pub")
    activity, position, shift = world.published(category=word, name=f"{word} open", needed=4)
    hidden = world.activity(category=word)
    members, _, _ = world.published(category=word, visibility="members")
    listed = anonymous.get("/public/activities", params={"category": word})
    assert [a["id"] for a in listed["items"]] == [activity["id"]]
    brief = listed["items"][0]
    assert (brief["places"], brief["free_places"], brief["next_starts_at"]) == (4, 4, shift["starts_at"])
    anonymous.get("/public/activities", params={"category": word}, headers={"If-None-Match": listed.etag}, expect=304)
    page = anonymous.get(f"/public/activities/{activity['id']}")
    assert page["risk_notice"] == "It is slippery." and [p["id"] for p in page["positions"]] == [position["id"]]
    assert page["shifts"][0]["id"] == shift["id"]
    assert page["shifts"][0]["places"] == [{"position_id": position["id"], "needed": 4, "free": 4, "waiting": 0}]
    for unseen in (hidden["id"], members["id"]):
        anonymous.get(f"/public/activities/{unseen}", expect=404)


def test_the_public_list_filters(world, anonymous):
    word = people.word("near")
    here, _, _ = world.published(category=word, hours=30, point={"latitude": 30.5, "longitude": 114.3})
    there, _, shift = world.published(category=word, hours=60, point={"latitude": 30.7, "longitude": 114.3})
    full, _, _ = world.published(category=word, hours=20, needed=1, point=None)
    world.server.sql(f"UPDATE shift_place SET taken = 1 WHERE shift_id IN "
                     f"(SELECT id FROM shift WHERE activity_id = {full['id']})")

    def found(**params):
        return [a["id"] for a in anonymous.pages("/public/activities", params={"category": word, **params}, limit=2)]
    assert found() == [full["id"], here["id"], there["id"]]
    assert found(open_places="true") == [here["id"], there["id"]]
    # 0.2 degrees of latitude are 22 km, 0.1 of longitude at 30.5 degrees north 9.6 km.
    assert found(near="30.5,114.2", radius_km=9) == []
    assert found(near="30.5,114.2", radius_km=10) == [here["id"]]
    assert found(near="30.5,114.3", radius_km=23) == [here["id"], there["id"]]
    assert found(**{"from": instant(40)}) == [there["id"]]
    assert found(to=instant(25)) == [full["id"]]
    assert anonymous.get("/public/activities", params={"near": "x"}, expect=422).fields == {"near": "bad_point"}


def test_distances_go_round_the_earth(world, anonymous):
    word = people.word("globe")
    east, _, _ = world.published(category=word, hours=30, point={"latitude": 0.0, "longitude": 179.95})
    north, _, _ = world.published(category=word, hours=40, point={"latitude": 85.0, "longitude": 0.0})

    def found(**params):
        return [a["id"] for a in anonymous.pages("/public/activities", params={"category": word, **params}, limit=2)]
    # Over the date line it is a tenth of a degree: 11.1 km.
    assert found(near="0,-179.95", radius_km=12) == [east["id"]]
    assert found(near="0,-179.95", radius_km=11) == []
    # At 85 degrees north, ten degrees of longitude are 96.8 km on the sphere, 96.9 on a flat map.
    assert found(near="85,20", radius_km=193) == [north["id"]]
    assert found(near="85,20", radius_km=192) == []


def test_what_a_volunteer_sees(world, anonymous):
    word = people.word("mine")
    everybody, _, _ = world.published(category=word)
    members, _, _ = world.published(category=word, visibility="members", hours=30)
    invited, _, _ = world.published(category=word, visibility="invited", hours=40)
    below, volunteer = world.volunteer_login(unit_id=world.north_team)
    stranger, _ = world.volunteer_login(unit_id=world.south)

    def seen(api):
        return [a["id"] for a in api.pages("/me/activities", params={"category": word})]
    assert seen(below) == [everybody["id"], members["id"]]
    assert seen(stranger) == [everybody["id"]]
    assert below.get(f"/me/activities/{members['id']}")["shifts"]
    stranger.get(f"/me/activities/{members['id']}", expect=404)


def test_managers_run_one_activity_without_rights_on_its_unit(world):
    activity, position, shift = world.published()
    other, _, _ = world.published()
    api, desk = world.new_login(), world.new_login()
    path = f"/admin/activities/{activity['id']}"
    api.get(path, expect=403)
    added = world.root.post(path + "/managers", {"username": api.username, "role": "manager"}, expect=200)
    world.root.post(path + "/managers", {"username": desk.username, "role": "front_desk"}, expect=200)
    assert [(m["account_id"], m["role"]) for m in added["items"]] == [(api.account_id, "manager")]
    assert api.get(path)["id"] == activity["id"]
    assert [a["id"] for a in api.get("/admin/activities")["items"]] == [activity["id"]]
    api.patch(f"/admin/shifts/{shift['id']}", {"note": "Hello."})
    api.get(f"/admin/activities/{other['id']}", expect=404)
    assert api.post(path + "/decision", {"decision": "approve"}, expect=403).code == "permission_missing"
    desk.get(path, expect=403)
    assert world.root.post(path + "/managers", {"username": "no-such", "role": "manager"},
                           expect=422).fields == {"username": "account_not_found"}
    world.root.delete(path + f"/managers/{api.account_id}")
    api.get(path, expect=403)


def test_invitations(world):
    activity, _, _ = world.published(visibility="invited")
    api, volunteer = world.volunteer_login()
    path = f"/admin/activities/{activity['id']}/invitations"
    api.get(f"/me/activities/{activity['id']}", expect=404)
    world.root.post(path, {"volunteer_id": volunteer["id"]}, expect=204)
    world.root.post(path, {"volunteer_id": volunteer["id"]}, expect=204)
    assert [i["volunteer_id"] for i in world.root.pages(path)] == [volunteer["id"]]
    api.get(f"/me/activities/{activity['id']}")
    world.root.delete(f"{path}/{volunteer['id']}")
    api.get(f"/me/activities/{activity['id']}", expect=404)


def test_units_decide_about_approval(world):
    top = world.unit("Deciding")
    below = world.unit("Below", parent_id=top)
    setting = f"/admin/units/{below}/activity-settings"
    assert world.root.get("/admin/units/1/activity-settings").json() == {"approval_required": False, "inherited": True}
    assert world.root.get(setting).json() == {"approval_required": True, "inherited": True}
    world.root.put(f"/admin/units/{top}/activity-settings", {"approval_required": False})
    assert world.root.get(setting).json() == {"approval_required": False, "inherited": True}
    coordinator = world.new_login(("coordinator", below))
    activity = world.activity(coordinator, unit_id=below)
    world.position(activity["id"], coordinator)
    world.shift(activity["id"], coordinator)
    assert coordinator.post(f"/admin/activities/{activity['id']}/publish", expect=200)["state"] == "published"
    world.root.put(setting, {"approval_required": True})
    assert world.root.get(setting).json() == {"approval_required": True, "inherited": False}
    world.root.delete(setting)
    assert world.root.get(setting).json() == {"approval_required": False, "inherited": True}
    coordinator.put(setting, {"approval_required": False}, expect=403)


def test_projects(world):
    made = world.root.post("/admin/projects", {"unit_id": world.north, "name": "Clean lake"}, expect=201)
    path = f"/admin/projects/{made['id']}"
    activity = world.activity(project_id=made["id"], unit_id=world.north_team)
    assert activity["project_name"] == "Clean lake"
    assert [a["id"] for a in world.root.get("/admin/activities", params={"project_id": made["id"]})["items"]] == [
        activity["id"]]
    closed = world.root.patch(path, {"closed": True, "description": "Done."}, headers={"If-Match": made.etag})
    assert closed["closed"] and closed["closed_at"] and closed["description"] == "Done."
    answer = world.root.patch(f"/admin/activities/{activity['id']}", {"project_id": None})
    assert answer["project_id"] is None
    world.root.patch(f"/admin/activities/{activity['id']}", {"project_id": made["id"]}, expect=422)
    assert made["id"] not in {p["id"] for p in world.root.pages("/admin/projects", params={"open": "true"})}
    assert made["id"] in {p["id"] for p in world.root.pages("/admin/projects", params={"unit_id": world.north})}


def test_many_shifts_from_a_plan(world):
    activity = world.activity(time_zone="Europe/Berlin")
    world.position(activity["id"])
    path = f"/admin/activities/{activity['id']}/shifts"

    def times(**plan):
        made = world.root.post(path + "/preview", plan, expect=200)["items"]
        return [(s["starts_at"][:16], s["ends_at"][:16]) for s in made]
    # The clocks went forward in the night to 2031-03-30, a Sunday.
    assert times(**{"from": "2031-03-29", "to": "2031-03-31"}, spans=[{"starts": "22:00", "ends": "06:00"}]) == [
        ("2031-03-29T21:00", "2031-03-30T04:00"), ("2031-03-30T20:00", "2031-03-31T04:00"),
        ("2031-03-31T20:00", "2031-04-01T04:00")]
    assert times(**{"from": "2031-03-27", "rule": "FREQ=WEEKLY;COUNT=3", "starts": "09:00", "minutes": 90}) == [
        ("2031-03-27T08:00", "2031-03-27T09:30"), ("2031-04-03T07:00", "2031-04-03T08:30"),
        ("2031-04-10T07:00", "2031-04-10T08:30")]
    until = {"from": "2031-03-27", "rule": "FREQ=DAILY;UNTIL=20310329T080000Z", "starts": "09:00", "minutes": 60}
    assert len(times(**until)) == 3 and len(times(**until, **{"except": ["2031-03-28"]})) == 2

    # What meets a shift that is there, or another one of the plan, is marked.
    there = world.root.post(path, {"starts_at": "2031-05-02T10:00:00.000Z", "ends_at": "2031-05-02T11:00:00.000Z"}, expect=201)
    marked = world.root.post(path + "/preview", {"from": "2031-05-01", "to": "2031-05-03", "spans": [
        {"starts": "08:00", "ends": "12:30"}]}, expect=200)["items"]
    assert [s["overlaps"] for s in marked] == [False, True, False]
    world.root.post(f"/admin/shifts/{there['id']}/cancel", {"reason": "x"}, expect=200)
    marked = world.root.post(path + "/preview", {"from": "2031-06-01", "to": "2031-06-01", "spans": [
        {"starts": "08:00", "ends": "10:00"}, {"starts": "09:00", "ends": "11:00"}, {"starts": "11:00", "ends": "12:00"}]},
        expect=200)["items"]
    assert [s["overlaps"] for s in marked] == [False, True, False]

    def refused(**plan):
        return world.root.post(path + "/batch", {"from": "2031-03-27", **plan}, expect=422).fields
    assert refused(rule="FREQ=HOURLY", starts="09:00", minutes=60) == {"rule": "bad_recurrence_rule"}
    assert refused(rule="nonsense", starts="09:00", minutes=60) == {"rule": "bad_recurrence_rule"}
    assert refused(rule="FREQ=DAILY", starts="09:00", minutes=60) == {"to": "too_many_shifts"}
    assert refused(to="2031-03-28", spans=[{"starts": "25:00", "ends": "26:00"}]) == {"spans": "bad_clock_time"}

    plan = {"from": "2031-03-24", "to": "2031-04-06", "weekdays": ["mo", "sa"], "spans": [
        {"starts": "09:00", "ends": "12:00"}, {"starts": "13:00", "ends": "17:00"}]}
    batch = world.root.post(path + "/batch", plan, expect=201)
    assert batch["shift_count"] == 8
    made = world.root.pages(path, params={"batch_id": batch["id"]})
    assert len(made) == 8 and all(s["places"][0]["needed"] == 3 for s in made)
    world.server.sql(f"UPDATE shift_place SET taken = 1, last_sequence = 1 WHERE shift_id = {made[0]['id']}")
    undone = world.root.post(f"/admin/shift-batches/{batch['id']}/undo", {"reason": "wrong"}, expect=200)
    assert undone["undone_at"]
    assert [(s["id"], s["state"]) for s in world.root.pages(path, params={"batch_id": batch["id"]})] == [
        (made[0]["id"], "cancelled")]


def test_a_copy_on_other_days(world):
    """A week later the clocks have gone forward: what began at 09:00 begins at 09:00."""
    source = world.activity(time_zone="Europe/Berlin", name="Weekly", sign_up_opens_at="2031-03-20T07:00:00.000Z",
                            sign_up_closes_at="2031-03-26T22:30:00.000Z", visibility="members")
    path = f"/admin/activities/{source['id']}"
    guide = world.position(source["id"], name="Guide", needed=2, required_skills=["English"])
    gone = world.position(source["id"], name="Gone", needed=1)
    batch = world.root.post(path + "/shifts/batch", {"from": "2031-03-27", "rule": "FREQ=DAILY;COUNT=2", "starts": "09:00",
                                                     "minutes": 90}, expect=201)
    night = {"starts_at": "2031-03-28T21:00:00.000Z", "ends_at": "2031-03-29T05:00:00.000Z", "note": "By night.",
             "places": [{"position_id": guide["id"], "needed": 7}], "radius_m": 50}
    world.root.post(path + "/shifts", night, expect=201)
    off = world.root.post(path + "/shifts", {**night, "note": "Not again."}, expect=201)
    world.root.post(f"/admin/shifts/{off['id']}/cancel", {"reason": "rain"}, expect=200)
    world.root.delete(f"/admin/positions/{gone['id']}")
    manager = world.new_login()
    world.root.post(path + "/managers", {"username": manager.username, "role": "manager"}, expect=200)

    made = world.root.post(path + "/copy", {"move_by_days": 7, "name": "Weekly 2"}, expect=201)

    copy = f"/admin/activities/{made['id']}"
    assert made.headers["Location"] == "/api/v1" + copy and made["state"] == "draft" and made["copied_from"] == source["id"]
    assert (made["name"], made["visibility"], made["places"]) == ("Weekly 2", "members", 2 + 2 + 7)
    assert (made["sign_up_opens_at"], made["sign_up_closes_at"]) == ("2031-03-27T07:00:00.000Z", "2031-04-02T21:30:00.000Z")
    positions = world.root.get(copy + "/positions")["items"]
    assert [(p["name"], p["needed"], p["required_skills"]) for p in positions] == [("Guide", 2, ["English"])]
    shifts = world.root.pages(copy + "/shifts")
    assert [(s["starts_at"][:16], s["ends_at"][:16]) for s in shifts] == [
        ("2031-04-03T07:00", "2031-04-03T08:30"), ("2031-04-04T07:00", "2031-04-04T08:30"),
        ("2031-04-04T20:00", "2031-04-05T04:00")]
    assert [[(p["position_id"], p["needed"], p["overridden"]) for p in s["places"]] for s in shifts] == [
        [(positions[0]["id"], 2, False)], [(positions[0]["id"], 2, False)], [(positions[0]["id"], 7, True)]]
    assert shifts[2]["note"] == "By night." and shifts[2]["radius_m"] == 50 and shifts[2]["batch_id"] is None
    assert shifts[0]["batch_id"] == shifts[1]["batch_id"] != batch["id"]
    assert [m["account_id"] for m in manager.get(copy + "/managers")["items"]] == [manager.account_id]
    assert [e["action"] for e in world.root.get(copy + "/history")["items"]] == ["activity.copy"]
    # The copies of the batch can be undone alone.
    undone = world.root.post(f"/admin/shift-batches/{shifts[0]['batch_id']}/undo", {"reason": "x"}, expect=200)
    assert undone["shift_count"] == 2
    assert len(world.root.pages(copy + "/shifts")) == 1 and len(world.root.pages(path + "/shifts")) == 4
    # Who may only manage the one cannot make others.
    assert manager.post(path + "/copy", {"move_by_days": 1}, expect=403).code == "permission_missing"


def test_a_copy_begins_on_a_day(world):
    source, _, shift = world.published(time_zone="Asia/Shanghai")
    path = f"/admin/activities/{source['id']}"
    made = world.root.post(path + "/copy", {"start_date": "2031-05-06"}, expect=201)
    at = datetime.datetime.fromisoformat(made["starts_at"].replace("Z", "+00:00"))
    assert (at + datetime.timedelta(hours=8)).date().isoformat() == "2031-05-06" and made["name"] == source["name"]
    assert made["starts_at"][13:] == shift["starts_at"][13:]
    back = world.root.post(f"/admin/activities/{made['id']}/copy", {"start_date": "2031-05-01"}, expect=201)
    assert back["starts_at"][:10] in ("2031-04-30", "2031-05-01")

    def refused(**body):
        return world.root.post(path + "/copy", body, expect=422).fields
    assert refused() == {"start_date": "required"}
    assert refused(start_date="2031-05-06", move_by_days=1) == {"start_date": "copy_moved_twice"}
    assert refused(start_date="2131-05-06") == {"start_date": "copy_too_far"}
    assert refused(move_by_days=4000) == {"move_by_days": "too_large"}
    bare = world.activity()
    assert world.root.post(f"/admin/activities/{bare['id']}/copy", {"start_date": "2031-05-06"}, expect=422).fields == {
        "start_date": "activity_needs_shifts"}
    # A draft that was copied can still be thrown away.
    world.root.delete(f"/admin/activities/{made['id']}")
    assert world.root.get(f"/admin/activities/{back['id']}")["copied_from"] is None


def test_a_copy_of_what_was_cancelled_has_its_shifts(world):
    source, _, _ = world.published()
    world.root.post(f"/admin/activities/{source['id']}/cancel", {"reason": "storm"}, expect=200)
    made = world.root.post(f"/admin/activities/{source['id']}/copy", {"move_by_days": 7}, expect=201)
    shifts = world.root.pages(f"/admin/activities/{made['id']}/shifts")
    assert [s["state"] for s in shifts] == ["planned"] and made["places"] == 3


def test_a_closed_project_gets_no_copies(world):
    project = world.root.post("/admin/projects", {"unit_id": world.north, "name": "Done soon"}, expect=201)
    source = world.activity(project_id=project["id"])
    path = f"/admin/activities/{source['id']}/copy"
    assert world.root.post(path, {"move_by_days": 1}, expect=201)["project_id"] == project["id"]
    world.root.patch(f"/admin/projects/{project['id']}", {"closed": True})
    assert world.root.post(path, {"move_by_days": 1}, expect=201)["project_id"] is None
