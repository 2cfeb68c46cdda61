"""Periodic duties: what an administrator sees of them, and what the clock brings."""

import datetime
import time


from harness import SUPER_PASSWORD, SUPER_USERNAME, Api


def schedule(api, name):
    return next(s for s in api.get("/admin/schedules")["items"] if s["name"] == name)


def wait_for_run(api, name, runs):
    end = time.monotonic() + 30
    while schedule(api, name)["runs"] < runs:
        assert time.monotonic() < end, schedule(api, name)
        time.sleep(0.05)
    return schedule(api, name)


def test_a_run_is_shown_with_the_next_one(world):
    known = {s["name"] for s in world.root.get("/admin/schedules")["items"]}
    assert {"idempotency-clean-up", "notice.remind"} <= known
    seen = wait_for_run(world.root, "notice.remind", 1)
    assert seen["last_error"] is None and seen["failures"] == 0
    assert seen["last_started_at"] <= seen["last_ended_at"] < seen["next_at"]
    assert seen["every_seconds"] == 60


def test_a_duty_runs_when_asked(world):
    before = wait_for_run(world.root, "notice.remind", 1)
    world.root.post("/admin/schedules/notice.remind/run", expect=204)
    assert wait_for_run(world.root, "notice.remind", before["runs"] + 1)["last_started_at"] > before["last_started_at"]
    world.root.post("/admin/schedules/no.such/run", expect=404)


def test_runs_are_counted_over_restarts(new_server):
    server = new_server()
    api = Api(server)
    api.login(SUPER_USERNAME, SUPER_PASSWORD)
    before = wait_for_run(api, "notice.remind", 1)
    server.stop()
    server.start()
    assert wait_for_run(api, "notice.remind", before["runs"] + 1)["last_started_at"] > before["last_started_at"]


def test_a_moved_clock_runs_what_is_due(new_server):
    server = new_server()
    api = Api(server)
    api.login(SUPER_USERNAME, SUPER_PASSWORD)
    before = wait_for_run(api, "idempotency-clean-up", 1)
    server.move_clock(datetime.timedelta(minutes=10))
    after = wait_for_run(api, "idempotency-clean-up", before["runs"] + 1)
    moved = datetime.datetime.fromisoformat(after["last_started_at"]) - datetime.datetime.fromisoformat(before["last_started_at"])
    assert moved > datetime.timedelta(minutes=9)
