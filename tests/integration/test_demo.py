"""The demonstration organisation: every page has something to show, and the invariants hold."""

import time

import pytest

from harness import SUPER_PASSWORD, SUPER_USERNAME, Api, Server

DEMO_PASSWORD = "Volunteer-2026"


@pytest.fixture(scope="module")
def demo(profile, cluster):
    server = Server(profile, cluster, options=("--demo",))
    server.start()
    yield server
    server.close()


def login(server, username, password=DEMO_PASSWORD):
    api = Api(server)
    api.login(username, password)
    return api


@pytest.fixture(scope="module")
def administrator(demo):
    return login(demo, SUPER_USERNAME, SUPER_PASSWORD)


def test_the_start_tells_passwords_that_work(demo):
    # It answers before it has said so.
    deadline = time.monotonic() + 10
    while len(lines := [line for line in demo.log().splitlines() if "Password" in line]) < 2:
        assert time.monotonic() < deadline, lines
        time.sleep(0.05)
    assert len(lines) == 2, lines
    # The administrator has the password of the configuration, which nobody prints.
    assert SUPER_USERNAME in lines[0] and DEMO_PASSWORD not in lines[0] and SUPER_PASSWORD not in demo.log()
    assert "volunteer" in lines[1] and DEMO_PASSWORD in lines[1]


@pytest.mark.parametrize("path, least", [
    ("/admin/projects", 3), ("/admin/activities", 15), ("/admin/attendances", 50), ("/admin/service-records", 40),
    ("/admin/ledger-entries", 40), ("/admin/disputes", 1), ("/admin/settlements", 8), ("/admin/volunteers", 100),
    ("/admin/applications", 5), ("/admin/duplicates", 1), ("/public/activities", 4),
])
def test_each_page_has_something_to_show(administrator, path, least):
    assert len(administrator.pages(path, limit=100)) >= least


def test_activities_are_in_every_state(administrator):
    activities = administrator.pages("/admin/activities", limit=100)
    assert {a["state"] for a in activities} == {
        "draft", "submitted", "published", "in_progress", "ended", "settled", "cancelled"}
    coming = [a for a in activities if a["state"] == "published"]
    signups = [s for a in coming for s in administrator.pages(f"/admin/activities/{a['id']}/signups", limit=100)]
    assert {"approved", "pending", "waitlisted"} <= {s["state"] for s in signups}
    running = next(a for a in activities if a["state"] == "in_progress")
    shift = administrator.pages(f"/admin/activities/{running['id']}/shifts")[0]
    assert administrator.get(f"/admin/shifts/{shift['id']}/presence/summary")["present"] > 0


def test_a_volunteer_sees_hours_and_what_is_to_come(demo):
    api = login(demo, "volunteer")
    assert api.get("/me/activities")["items"]
    assert {s["state"] for s in api.pages("/me/signups")} & {"approved", "waitlisted"}
    records = api.pages("/me/service-records")
    assert len([r for r in records if r["state"] == "granted"]) >= 3
    assert all(r["recorder_name"] and r["person_in_charge"] for r in records)
    for other in ("volunteer2", "volunteer3"):
        login(demo, other)


def test_the_invariants_hold(demo):
    assert "the ledger is sound" in demo.vomsctl("ledger", "verify").stdout


def test_a_second_start_adds_nothing(demo, administrator):
    before = len(administrator.pages("/admin/activities", limit=100))
    demo.stop()
    demo.start()
    again = login(demo, SUPER_USERNAME, SUPER_PASSWORD)
    assert len(again.pages("/admin/activities", limit=100)) == before
    assert DEMO_PASSWORD not in [line for line in demo.log().splitlines() if "Login:" in line][-1]
