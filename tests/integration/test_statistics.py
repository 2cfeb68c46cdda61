"""Statistics: right within a moment after every step of the life, equal to a rebuild, confined to what one may see."""

import datetime
import random
import time

import pytest

from ledger_rows import attendance, ended_activity
from own_server import root, server, world  # noqa: F401
from world import World

SECONDS = 8  # within which totals follow; on a busy machine
NOW = datetime.datetime.now(datetime.timezone.utc)
SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))
THIS_MONTH = NOW.astimezone(SHANGHAI).strftime("%Y-%m")


def eventually(check):
    """Repeats a check until it holds; its last failure otherwise."""
    until = time.monotonic() + SECONDS
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def summary(api, unit_id=None):
    return api.get("/admin/statistics/summary", params={"unit_id": unit_id} if unit_id else {}).json()


def expect_summary(api, unit_id, **parts):
    """Waits until the parts of the unit's summary have these values."""

    def check():
        found = summary(api, unit_id)
        for part, values in parts.items():
            assert {k: found[part][k] for k in values} == values, part
        return found

    return eventually(check)


def verify(server):
    answer = server.vomsctl("statistics", "verify", check=False)
    assert answer.returncode == 0 and "equal a rebuild" in answer.stdout, answer.stdout + answer.stderr


@pytest.fixture
def unit(world):
    """A unit of the test's own with one below it: (unit, below)."""
    unit = world.unit(f"Counted {random.getrandbits(40):x}")
    return unit, world.unit("Below", parent_id=unit)


def test_people_by_state(world, unit):
    parent, below = unit
    expect_summary(world.root, parent, people={"total": 0, "applicants": 0})
    first = world.volunteer(unit_id=parent)
    second = world.volunteer(unit_id=below)
    expect_summary(world.root, parent, people={"total": 2, "active": 2}, this_month={"joined": 2}, this_year={"joined": 2})
    expect_summary(world.root, below, people={"total": 1, "active": 1}, this_month={"joined": 1})
    world.root.post(f"/admin/volunteers/{first['id']}/state", {"state": "inactive", "reason": "away"}, expect=200)
    expect_summary(world.root, parent, people={"total": 2, "active": 1, "inactive": 1})
    world.root.post(f"/admin/volunteers/{second['id']}/state", {"state": "archived", "reason": "moved"}, expect=200)
    expect_summary(world.root, parent, people={"total": 1, "active": 0, "inactive": 1}, this_month={"joined": 2})
    verify(world.server)


def test_people_move_between_units_and_units_in_the_tree(world, unit):
    parent, below = unit
    other = world.unit(f"Other {random.getrandbits(40):x}")
    person = world.volunteer(unit_id=below)
    expect_summary(world.root, parent, people={"total": 1})
    world.root.patch(f"/admin/volunteers/{person['id']}", {"unit_id": other})
    expect_summary(world.root, parent, people={"total": 0})
    expect_summary(world.root, other, people={"total": 1}, this_month={"joined": 1})
    world.root.post(f"/admin/units/{other}/move", {"parent_id": below}, expect=200)
    expect_summary(world.root, parent, people={"total": 1})
    verify(world.server)


def test_applicants_and_merged_files(world, unit):
    parent, _ = unit
    world.open_applications()
    world.root.patch(f"/admin/units/{parent}", {"applications_open": True})
    made = world.root.anonymous().post("/public/applications", world.application(unit_id=parent), expect=201)
    expect_summary(world.root, parent, people={"total": 0, "applicants": 1}, this_month={"joined": 0})
    world.root.post(f"/admin/applications/{made['volunteer_id']}/decision", {"decision": "approve"}, expect=200)
    expect_summary(world.root, parent, people={"total": 1, "applicants": 0}, this_month={"joined": 1})
    twin = world.volunteer(unit_id=parent)
    expect_summary(world.root, parent, people={"total": 2}, this_month={"joined": 2})
    world.root.post(f"/admin/volunteers/{made['volunteer_id']}/merge", {"other_id": twin["id"], "reason": "the same"}, expect=200)
    expect_summary(world.root, parent, people={"total": 1}, this_month={"joined": 1})
    verify(world.server)


def test_the_whole_life(world, unit):
    parent, below = unit
    root = world.root
    activity, position, shift = world.published(unit_id=below, hours=-0.5, length=3, needed=4)
    month = datetime.datetime.fromisoformat(shift["starts_at"].replace("Z", "+00:00")).astimezone(SHANGHAI).strftime("%Y-%m")
    expect_summary(root, parent, activities={"published": 1, "in_progress": 0}, this_year={
        "activities": 1, "shifts": 1, "places": 4, "taken": 0, "fill_rate": 0.0, "no_show_rate": None, "cancelled": 0})
    people = [world.volunteer(unit_id=below) for _ in range(3)]
    for person in people:
        root.post(f"/admin/shifts/{shift['id']}/signups", {
            "volunteer_id": person["id"], "position_id": position["id"], "override_reason": "came"}, expect=201)
    expect_summary(root, parent, this_year={"taken": 3, "fill_rate": 0.75})
    for person in people[:2]:
        root.post(f"/admin/shifts/{shift['id']}/taps", {"volunteer_id": person["id"], "direction": "in"})
    expect_summary(root, parent, this_year={"attended": 2, "absent": 0, "no_show_rate": 0.0})
    root.post(f"/admin/shifts/{shift['id']}/absences", {"volunteer_id": people[2]["id"]})
    # Who does not come keeps the place.
    found = expect_summary(root, parent, this_year={"attended": 2, "absent": 1, "taken": 3, "no_show_rate": 0.3333})
    assert [m["month"] for m in found["months"]][-1] == THIS_MONTH and len(found["months"]) == 13
    listed = root.get("/admin/statistics/months", params={"unit_id": parent, "from": month, "to": month})["items"]
    assert [(m["month"], m["attended"], m["absent"]) for m in listed] == [(month, 2, 1)]
    root.post(f"/admin/activities/{activity['id']}/shifts", {
        "starts_at": shift["starts_at"], "ends_at": shift["ends_at"]}, expect=201)
    expect_summary(root, parent, this_year={"shifts": 2, "places": 8, "fill_rate": 0.375})
    root.post(f"/admin/activities/{activity['id']}/cancel", {"reason": "rain"}, expect=200)
    expect_summary(root, parent, activities={"published": 0}, this_month={"cancelled": 1},
                   this_year={"activities": 0, "shifts": 0, "places": 0})
    verify(world.server)


def test_hours_granted_voided_and_regranted(world, unit):
    parent, below = unit
    begin = datetime.datetime.fromisoformat("2026-01-31T18:00:00+00:00")  # February in Shanghai
    activity = ended_activity(world.server, below, begin, 2)
    person = world.volunteer(unit_id=below)
    attendance(world.server, activity, person["id"], begin, 2)
    world.root.post(f"/admin/activities/{activity}/settle", expect=200)

    def february(**values):
        def check():
            months = world.root.get("/admin/statistics/months", params={
                "unit_id": parent, "from": "2026-01", "to": "2026-03"})["items"]
            assert [m["month"] for m in months] == ["2026-01", "2026-02", "2026-03"]
            assert {k: months[1][k] for k in values} == values
            assert months[0]["minutes"] == months[2]["minutes"] == 0
        eventually(check)

    february(minutes=120, hours="2", attended=1, shifts=1, places=0, fill_rate=None)
    record = world.root.get("/admin/service-records", params={"activity_id": activity})["items"][0]
    other = world.new_login(("unit_administrator", parent))
    other.post(f"/admin/service-records/{record['id']}/void", {"reason": "mistake"}, expect=200)
    february(minutes=0, hours="0")
    other.post(f"/admin/service-records/{record['id']}/regrant", {"minutes": 50, "reason": "really"}, expect=200)
    february(minutes=50, hours="0.83")
    verify(world.server)


def test_units_are_compared_most_service_time_first(world, unit):
    parent, below = unit
    north, south = world.unit("North of it", parent_id=parent), world.unit("South of it", parent_id=parent)
    begin = datetime.datetime.fromisoformat("2026-03-07T02:00:00+00:00")
    for place, hours in ((north, 1), (south, 3)):
        activity = ended_activity(world.server, place, begin, hours)
        attendance(world.server, activity, world.volunteer(unit_id=place)["id"], begin, hours)
        world.root.post(f"/admin/activities/{activity}/settle", expect=200)

    def check():
        items = world.root.get("/admin/statistics/units", params={"unit_id": parent, "month": "2026-03"})["items"]
        assert [(u["unit_id"], u["minutes"], u["people"]) for u in items] == [(south, 180, 1), (north, 60, 1), (below, 0, 0)]
    eventually(check)
    pages = world.root.pages("/admin/statistics/units", params={"unit_id": parent, "year": 2026}, limit=1)
    assert [u["unit_id"] for u in pages] == [south, north, below]
    none = world.root.get("/admin/statistics/units", params={"unit_id": parent, "year": 2025})["items"]
    assert {u["minutes"] for u in none} == {0} and len(none) == 3
    assert any(u["unit_id"] == parent and u["has_units"] for u in world.root.pages("/admin/statistics/units", limit=100))


def test_confined_to_what_one_may_see(world, unit):
    parent, below = unit
    world.volunteer(unit_id=below)
    world.volunteer(unit_id=parent)
    other = world.unit(f"Other {random.getrandbits(40):x}")
    world.volunteer(unit_id=other)
    both = world.new_login(("coordinator", below), ("auditor", other), ("recorder", below))
    # Two units, one of them granted twice, each counted once.
    eventually(lambda: _total(both, None, 2))
    eventually(lambda: _total(both, below, 1))
    eventually(lambda: _total(world.root, parent, 2))
    both.get("/admin/statistics/summary", params={"unit_id": parent}, expect=404)
    both.get("/admin/statistics/months", params={"unit_id": world.south}, expect=404)
    assert {u["unit_id"] for u in both.get("/admin/statistics/units")["items"]} == {below, other}
    world.login("front_desk").get("/admin/statistics/summary", expect=403)
    nested = world.new_login(("coordinator", below), ("unit_administrator", parent))
    eventually(lambda: _total(nested, None, 2))
    assert [u["unit_id"] for u in nested.get("/admin/statistics/units")["items"]] == [parent]


def _total(api, unit_id, total):
    assert summary(api, unit_id)["people"]["total"] == total


def test_parameters_and_etags(world):
    root = world.root
    for params in ({"from": "2026-13"}, {"to": "2026"}, {"from": "2026-05", "to": "2026-04"}, {"from": "2000-01"}):
        assert root.get("/admin/statistics/months", params=params, expect=422).fields
    root.get("/admin/statistics/units", params={"month": "2026-01", "year": 2026}, expect=422)
    root.get("/admin/statistics/units", params={"year": 1900}, expect=422)
    root.get("/admin/statistics/summary", params={"unit_id": 9007199254740990}, expect=404)
    root.get("/admin/statistics/summary", params={"month": "2026-01"}, expect=422)
    months = root.get("/admin/statistics/months", params={"to": "2019-03"})
    assert [m["month"] for m in months["items"]][0] == "2018-04" and len(months["items"]) == 12
    root.get("/admin/statistics/months", params={"to": "2019-03"}, headers={"If-None-Match": months.etag},
             expect=304)


def test_an_import_is_counted(world, unit):
    parent, _ = unit
    rows = "".join(f"导入{i:03d},1380000{i:04d},1990-01-01\n" for i in range(40))
    made = world.root.post("/admin/imports", data=("姓名,手机号,出生日期\n" + rows).encode(), expect=201,
                           params={"kind": "volunteers", "filename": "a.csv"},
                           headers={"Content-Type": "application/octet-stream"})
    columns = [{"index": c["index"], "field": c["field"]} for c in made["columns"]]
    world.root.put(f"/admin/imports/{made['id']}/mapping", {"columns": columns, "unit_id": parent})
    world.root.post(f"/admin/imports/{made['id']}/preview")
    eventually(lambda: _state(world, made["id"], "previewed"))
    world.root.post(f"/admin/imports/{made['id']}/commit", {"consent_declared": True})
    eventually(lambda: _state(world, made["id"], "done"))
    expect_summary(world.root, parent, people={"total": 40}, this_month={"joined": 40})


def _state(world, import_id, state):
    assert world.root.get(f"/admin/imports/{import_id}")["state"] == state


def test_verify_finds_what_is_wrong_and_rebuild_mends_it(new_server):
    server = new_server()
    world = World(server)
    world.volunteer(unit_id=world.north)
    begin = datetime.datetime.fromisoformat("2026-03-07T02:00:00+00:00")
    activity = ended_activity(server, world.north, begin, 2)
    attendance(server, activity, world.volunteer(unit_id=world.north)["id"], begin, 2)
    world.root.post(f"/admin/activities/{activity}/settle", expect=200)
    expect_summary(world.root, world.north, people={"total": 2}, this_year={"minutes": 120})
    verify(server)
    server.sql("UPDATE statistics_total SET minutes = minutes + 7 WHERE month = 202603")
    server.sql("UPDATE statistics_volunteer SET state = 'inactive'")
    server.sql(f"INSERT INTO attendance (activity_id, shift_id, volunteer_id, state, review, created_at, updated_at)"
               f" SELECT {activity}, {activity}, min(id), 'absent', 'none', max(created_at), max(created_at) FROM volunteer")
    answer = server.vomsctl("statistics", "verify", check=False)
    wrong = answer.stdout
    assert answer.returncode == 1 and "DIFFERENCES" in wrong, wrong
    for part in (f"activity {activity}, unit {world.north}, 2026-03: absent +1", "2026-03: minutes -7", "volunteer "):
        assert part in wrong, wrong
    server.vomsctl("statistics", "rebuild")
    verify(server)
    expect_summary(world.root, world.north, people={"active": 2}, this_year={"minutes": 120, "absent": 1})


def test_another_time_zone_moves_the_months(new_server):
    server = new_server()
    world = World(server)
    begin = datetime.datetime.fromisoformat("2026-01-31T18:00:00+00:00")
    activity = ended_activity(server, world.north, begin, 2)
    attendance(server, activity, world.volunteer(unit_id=world.north)["id"], begin, 2)
    world.root.post(f"/admin/activities/{activity}/settle", expect=200)

    def months(expected):
        items = world.root.get("/admin/statistics/months", params={"from": "2026-01", "to": "2026-02"})["items"]
        assert [m["attended"] for m in items] == expected
    eventually(lambda: months([0, 1]))
    world.root.patch("/admin/settings", {"time_zone": "Europe/Berlin"})
    world.root.post("/admin/schedules/statistics/run", expect=204)
    eventually(lambda: months([1, 0]))
    assert summary(world.root)["time_zone"] == "Europe/Berlin"
    # The day of a service is written in its record, and stays.
    assert [m["minutes"] for m in world.root.get("/admin/statistics/months", params={"from": "2026-01", "to": "2026-02"})[
        "items"]] == [0, 120]
    verify(server)


def test_any_order_of_events_ends_in_the_same_totals(world, unit):
    """Random steps on a few activities; the totals equal what the API itself says, and a rebuild."""
    parent, below = unit
    root, chance = world.root, random.Random(7)
    people = [world.volunteer(unit_id=chance.choice(unit)) for _ in range(6)]
    shifts = [world.published(unit_id=chance.choice(unit), hours=-0.5, needed=2) for _ in range(3)]
    cancelled = set()
    for _ in range(60):
        activity, position, shift = chance.choice(shifts)
        person = chance.choice(people)
        path = f"/admin/shifts/{shift['id']}"
        step = chance.choice(("signup", "signup", "in", "out", "cancel_signup", "state", "absent", "cancel"))
        if step == "signup":
            root.call("POST", f"{path}/signups", {"volunteer_id": person["id"], "position_id": position["id"],
                                                  "override_reason": "x"}, check=False)
        elif step in ("in", "out"):
            root.call("POST", f"{path}/taps", {"volunteer_id": person["id"], "direction": step}, check=False)
        elif step in ("cancel_signup", "absent"):
            found = root.get(f"{path}/signups")["items"]
            if not found:
                continue
            signup = chance.choice(found)
            if step == "absent":
                root.call("POST", f"{path}/absences", {"volunteer_id": signup["volunteer_id"]}, check=False)
            else:
                root.call("POST", f"/admin/signups/{signup['id']}/cancel", {"reason": "x"}, check=False)
        elif step == "state":
            root.call("POST", f"/admin/volunteers/{person['id']}/state",
                      {"state": chance.choice(("active", "inactive", "suspended")), "reason": "x"}, check=False)
        elif chance.random() < 0.2:
            root.call("POST", f"/admin/activities/{activity['id']}/cancel", {"reason": "x"}, check=False)
            cancelled.add(activity["id"])
    present = [root.get(f"/admin/volunteers/{p['id']}")["state"] for p in people]
    attended = absent = 0
    for activity, _, _ in shifts:
        for row in root.pages("/admin/attendances", params={"activity_id": activity["id"]}):
            attended += row["state"] in ("present", "completed")
            absent += row["state"] == "absent"
    expect_summary(root, parent, people={s: present.count(s) for s in ("active", "inactive", "suspended")},
                   this_year={"attended": attended, "absent": absent, "activities": 3 - len(cancelled),
                              "cancelled": len(cancelled)})
    verify(world.server)
