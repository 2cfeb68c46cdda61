"""Attendance: codes, desk, kiosk, queued scans, absences, back-fills, corrections, evidence, presence."""

import base64
import datetime
import hashlib
import hmac
import json

import pytest

import people
from world import PNG, instant

OCTETS = {"Content-Type": "application/octet-stream"}
PLACE = {"latitude": 30.5, "longitude": 114.3}


def sign_up(world, shift, position, volunteer):
    """An approved sign-up, behind the server's back: signing up has its own tests."""
    world.server.sql(
        "INSERT INTO signup (activity_id, shift_id, position_id, volunteer_id, state, sequence, starts_at, ends_at, by_staff,"
        f" created_at, updated_at) SELECT activity_id, id, {position['id']}, {volunteer['id']}, 'approved', {people.serial()},"
        f" starts_at, ends_at, false, starts_at, starts_at FROM shift WHERE id = {shift['id']}")
    world.server.sql(f"UPDATE shift_place SET taken = taken + 1 WHERE shift_id = {shift['id']}")


class Scene:
    """A published activity whose shift has begun, and a volunteer with a phone who is signed up."""

    def __init__(self, world, *, hours=-0.5, **fields):
        self.world = world
        self.activity, self.position, self.shift = world.published(
            hours=hours, unit_id=world.north, point=PLACE, radius_m=200, **fields)
        self.phone, self.volunteer = world.volunteer_login()
        sign_up(world, self.shift, self.position, self.volunteer)
        self.path = f"/admin/shifts/{self.shift['id']}"
        self.desk = world.login("front_desk", world.north)
        self.coordinator = world.login("coordinator", world.north)

    def codes(self, direction="in"):
        return self.desk.get(self.path + "/codes", params={"direction": direction})

    def scan(self, code, *, expect=200, **fields):
        return self.phone.post("/me/attendances/scan", {"code": code, "device": "phone-1", **fields}, expect=expect)

    def tap(self, direction="in", *, expect=200, volunteer=None):
        body = {"volunteer_id": (volunteer or self.volunteer)["id"], "direction": direction}
        return self.desk.post(self.path + "/taps", body, expect=expect)

    def attendance(self):
        items = self.coordinator.get("/admin/attendances", params={"shift_id": self.shift["id"]})["items"]
        return next((i for i in items if i["volunteer_id"] == self.volunteer["id"] and i["state"] != "voided"), None)


@pytest.fixture
def scene(world):
    return Scene(world)


# ---- Codes ----

def test_in_and_out_by_rotating_code_is_grade_a(scene):
    shown = scene.codes()
    assert 1 <= shown["seconds_left"] <= 30 and shown["step_seconds"] == 30 and shown["tolerance_steps"] == 1
    assert shown["payload"] == f"VR.{scene.shift['id']}.in.{shown['code']}"
    assert shown.headers["Cache-Control"] == "no-store"
    there = scene.scan(shown["payload"])
    assert there["state"] == "present" and there["check_in_method"] == "rotating_code" and there["grade"] is None
    assert there["check_in_device"] == "phone-1" and there["check_in_by"] is None
    assert scene.scan(scene.codes()["payload"], expect=409).code == "already_checked_in"
    gone = scene.scan(scene.codes("out")["payload"], position={"latitude": 30.5005, "longitude": 114.3})
    assert gone["state"] == "completed" and gone["grade"] == "A" and gone["review"] == "none"
    assert gone["check_out_distance_m"] == 60 and gone["check_out_inside"] is True
    own = scene.phone.get("/me/attendances", params={"total": "true"})
    assert own["total"] == 1 and own["items"][0] == gone.json()


def test_a_code_for_the_other_end_or_shift_is_wrong(world, scene):
    other = Scene(world)
    wrong = scene.codes()["payload"].replace(".in.", ".out.")
    assert scene.scan(wrong, expect=422).fields == {"code": "code_wrong"}
    foreign = other.codes()["payload"].replace(f".{other.shift['id']}.", f".{scene.shift['id']}.")
    assert scene.scan(foreign, expect=422).fields == {"code": "code_wrong"}
    assert scene.scan("VR.9007199254740990.in.123456", expect=422).fields == {"code": "code_wrong"}
    assert scene.scan("https://example.org", expect=422).fields == {"code": "code_unreadable"}
    # A right code of a shift where one is not signed up.
    assert scene.scan(other.codes()["payload"], expect=409).code == "not_signed_up"


def test_a_code_serves_a_person_once(scene):
    code = scene.codes()["payload"]
    scene.scan(code)
    scene.coordinator.post(f"/admin/attendances/{scene.attendance()['id']}/void", {"reason": "by mistake"}, expect=200)
    assert scene.scan(code, expect=409).code in ("code_used", "already_checked_in")


def test_fixed_code_inside_and_outside(scene):
    code = scene.codes()["fixed_payload"]
    assert scene.scan(code, expect=409).code == "position_needed"
    outside = scene.scan(code, position={"latitude": 30.51, "longitude": 114.3}, expect=409)
    assert outside.code == "outside" and outside["current"] == {"distance_m": 1110, "radius_m": 200}
    assert "1110" in outside["detail"]
    made = scene.scan(code, position={"latitude": 30.501, "longitude": 114.3})
    assert made["check_in_method"] == "geofence" and made["check_in_distance_m"] == 110 and made["check_in_inside"] is True
    stored = scene.world.server.sql(f"SELECT * FROM attendance WHERE id = {made['id']}")
    assert "30.501" not in stored
    # The code itself is nowhere in clear.
    assert scene.codes()["fixed_code"] not in scene.world.server.sql("SELECT * FROM attendance_code")


def test_the_window(world):
    early = Scene(world, hours=3)
    refused = early.scan(early.codes()["payload"], expect=409)
    assert refused.code == "too_early" and "60" in refused["detail"]
    assert early.tap(expect=409).code == "too_early"
    late = Scene(world, hours=-6)
    assert late.tap(expect=409).code == "window_closed"


def test_a_cancelled_shift_takes_nobody(scene):
    scene.world.root.post(f"/admin/shifts/{scene.shift['id']}/cancel", {"reason": "rain"}, expect=200)
    assert scene.tap(expect=409).code == "shift_cancelled"


def test_too_many_wrong_codes(scene):
    code = f"VR.{scene.shift['id']}.in.000000"
    statuses = [scene.phone.call("POST", "/me/attendances/scan", {"code": code, "device": "d"}).status for _ in range(25)]
    assert statuses[0] == 422 and statuses[-1] == 429


# ---- Front desk and kiosk ----

def test_the_front_desk_finds_taps_and_undoes(scene):
    found = scene.desk.get(scene.path + "/presence", params={"q": scene.volunteer["name"]})["items"]
    assert [e["volunteer_id"] for e in found] == [scene.volunteer["id"]] and found[0]["state"] == "expected"
    digits = scene.world.root.get(f"/admin/volunteers/{scene.volunteer['id']}", params={})["number"]
    assert len(scene.desk.get(scene.path + "/presence", params={"q": digits})["items"]) == 1
    # Names only.
    assert not {"phone", "volunteer_number", "number"} & set(found[0])
    entry = scene.tap()
    assert entry["state"] == "present" and entry["check_in_at"]
    assert scene.tap(expect=409).code == "already_checked_in"
    gone = scene.tap("out")
    assert gone["state"] == "completed" and gone["grade"] == "B"
    undo = f"/admin/attendances/{gone['attendance_id']}/undo"
    assert scene.desk.post(undo, {}, expect=200)["state"] == "present"
    assert scene.desk.post(undo, {"reason": "wrong person"}, expect=200)["state"] == "expected"
    assert scene.attendance() is None
    assert scene.tap()["state"] == "present"
    # The front desk sees nobody's records.
    scene.desk.get("/admin/attendances", expect=403)
    scene.desk.get(f"/admin/attendances/{gone['attendance_id']}", expect=403)


def test_the_kiosk(world, scene):
    phone = world.server.sql(f"SELECT phone FROM volunteer WHERE id = {scene.volunteer['id']}").strip()
    body = {"phone_digits": phone[-4:], "direction": "in", "device": "kiosk-1", "code": scene.codes()["code"]}
    twin = world.volunteer(phone="+86139" + "0000" + phone[-4:])
    sign_up(world, scene.shift, scene.position, twin)
    assert scene.desk.post(scene.path + "/kiosk", body, expect=409).code == "digits_ambiguous"
    there = scene.desk.post(scene.path + "/kiosk", dict(body, phone_digits=phone[-9:]), expect=200)
    assert there["volunteer_id"] == scene.volunteer["id"] and there["state"] == "present"
    assert scene.attendance()["check_in_method"] == "kiosk"
    wrong = dict(body, code="000000" if body["code"] != "000000" else "111111")
    assert scene.desk.post(scene.path + "/kiosk", wrong, expect=422).fields == {"code": "code_wrong"}
    assert scene.desk.post(scene.path + "/kiosk", dict(body, phone_digits="98765432101"), expect=409).code == "not_signed_up"
    fixed = dict(body, direction="out", phone_digits=phone[-9:], code=scene.codes("out")["fixed_code"])
    assert scene.desk.post(scene.path + "/kiosk", fixed, expect=200)["grade"] == "B"


def test_a_manager_of_one_activity_needs_no_role(world, scene):
    manager = world.new_login()
    world.server.sql("INSERT INTO activity_manager (activity_id, account_id, role, added_at)"
                     f" SELECT id, {manager.account_id}, 'front_desk', created_at FROM activity WHERE id = {scene.activity['id']}")
    assert manager.get(scene.path + "/presence")["items"]
    manager.post(scene.path + "/taps", {"volunteer_id": scene.volunteer["id"], "direction": "in"}, expect=200)
    manager.get("/admin/attendances", expect=403)
    other = Scene(world)
    manager.get(other.path + "/presence", expect=404)


# ---- Absences, back-fills, corrections, review ----

def test_absence_and_its_end(scene):
    absent = scene.desk.post(scene.path + "/absences", {"volunteer_id": scene.volunteer["id"]}, expect=200)
    assert absent["state"] == "absent"
    assert scene.desk.post(scene.path + "/absences", {"volunteer_id": scene.volunteer["id"]}, expect=409).code == "attendance_exists"
    taken = scene.world.server.sql(f"SELECT taken FROM shift_place WHERE shift_id = {scene.shift['id']}").strip()
    record = scene.attendance()
    assert record["grade"] is None and record["minutes"] == 0
    voided = scene.coordinator.post(f"/admin/attendances/{record['id']}/void", {"reason": "was ill"}, expect=200)
    assert voided["state"] == "voided"
    state = f"SELECT state FROM signup WHERE shift_id = {scene.shift['id']}"
    assert scene.world.server.sql(state).strip() == "approved" and int(taken) == 1
    history = scene.coordinator.get(f"/admin/attendances/{record['id']}/corrections")["items"]
    assert history[0]["reason"] == "was ill" and history[0]["changes"]["state"] == {"before": "absent", "after": "voided"}


def test_back_fill_is_grade_d_and_reviewed(world, scene):
    record, file_id = world.back_filled(scene.shift, scene.coordinator)
    assert record["grade"] == "D" and record["review"] == "needed" and record["evidence_file_id"] == file_id
    assert record["signup_id"] is None and record["minutes"] in (17, 18, 19)
    needed = scene.coordinator.get("/admin/attendances", params={"review": "needed", "shift_id": scene.shift["id"]})
    assert [i["id"] for i in needed["items"]] == [record["id"]]
    path = f"/admin/attendances/{record['id']}"
    assert "reason" in scene.coordinator.post(path + "/review", {"decision": "reject"}, expect=422).fields
    done = scene.coordinator.post(path + "/review", {"decision": "approve"}, expect=200)
    assert done["review"] == "approved" and done["grade"] == "D" and done["reviewed_by"] == scene.coordinator.account_id
    assert scene.coordinator.post(path + "/review", {"decision": "approve"}, expect=409).code == "review_not_needed"


def test_back_fill_is_checked(world, scene):
    file_id = world.evidence(scene.coordinator)

    def refused(**fields):
        body = {"volunteer_id": scene.volunteer["id"], "check_in_at": instant(-0.4), "check_out_at": instant(-0.1),
                "reason": "list", "evidence_file_id": file_id, **fields}
        return scene.coordinator.post(scene.path + "/back-fills", body, expect=422).fields
    assert refused(check_out_at=instant(-0.45)) == {"check_out_at": "before_check_in"}
    assert refused(check_out_at=instant(0.5)) == {"check_out_at": "in_the_future"}
    assert refused(check_in_at=instant(-3), check_out_at=instant(-2)) == {"check_in_at": "too_early", "check_out_at": "too_early"}
    assert refused(evidence_file_id=9007199254740990) == {"evidence_file_id": "file_not_found"}
    assert refused(volunteer_id=9007199254740990) == {"volunteer_id": "volunteer_not_found"}
    # Another's file is no evidence of one's own.
    assert refused(evidence_file_id=world.evidence(world.root)) == {"evidence_file_id": "file_not_found"}


def test_correction_keeps_history_and_lowers_the_grade(scene):
    scene.tap()
    done = scene.tap("out")
    path = f"/admin/attendances/{done['attendance_id']}"
    before = scene.coordinator.get(path)
    body = {"check_in_at": instant(-0.4), "check_out_at": before["check_out_at"], "reason": "came earlier"}
    scene.coordinator.post(path + "/correct", body, headers={"If-Match": '"v99"'}, expect=412)
    after = scene.coordinator.post(path + "/correct", body, headers={"If-Match": before.etag}, expect=200)
    assert after["grade"] == "C" and after["review"] == "needed" and after["check_in_method"] == "back_fill"
    assert after["check_out_method"] == "front_desk"
    change = scene.coordinator.get(path + "/corrections")["items"][0]
    assert change["changes"]["grade"] == {"before": "B", "after": "C"} and change["actor_id"] == scene.coordinator.account_id
    audit = scene.world.root.get("/admin/audit", params={"object_type": "attendance", "object_id": after["id"]})["items"]
    assert "attendance.correct" in {e["action"] for e in audit}


# ---- Evidence files ----

def test_files_are_known_by_their_bytes_and_served_to_few(world, scene):
    record, file_id = world.back_filled(scene.shift, scene.coordinator)
    answer = scene.coordinator.get(f"/admin/files/{file_id}")
    assert answer.content == PNG and answer.content_type == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%E5%90%8D")
    world.login("recorder", world.north).get(f"/admin/files/{file_id}")
    world.login("coordinator", world.south).get(f"/admin/files/{file_id}", expect=404)
    scene.desk.get(f"/admin/files/{file_id}", expect=403)
    # Not used yet: only who handed it in.
    unused = world.evidence(scene.coordinator)
    world.login("recorder", world.north).get(f"/admin/files/{unused}", expect=404)

    def upload(data, expect):
        return scene.coordinator.post("/admin/files", data=data, params={"filename": "a.png"}, headers=OCTETS, expect=expect)
    assert upload(b"<script>alert(1)</script>", 415).code == "file_type_not_taken"
    assert upload(b"", 422).fields == {"file": "file_empty"}
    assert upload(PNG + b"x" * (10 * 1024 * 1024), 413).code == "file_too_large"
    form = scene.coordinator.post("/admin/files", files={"file": ("证明.pdf", b"%PDF-1.7 ...")}, expect=201)
    assert form["content_type"] == "application/pdf" and form["filename"] == "证明.pdf"
    assert form["sha256"] == hashlib.sha256(b"%PDF-1.7 ...").hexdigest()


# ---- Queued scans ----

class Device:
    def __init__(self, world, unit_id):
        made = world.root.post("/admin/attendance-devices", {"unit_id": unit_id, "name": "Tablet"}, expect=201)
        self.world = world
        self.id = made["id"]
        self.key = base64.urlsafe_b64decode(made["key"] + "=")

    def scan(self, counter, shift, volunteer, direction, hours, **changed):
        at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
        text = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
        lines = ["voms-scan-1", self.id, str(counter), str(shift["id"]), direction, volunteer["number"], text]
        signature = hmac.new(self.key, "\n".join(lines).encode(), hashlib.sha256).hexdigest()
        return {"counter": counter, "shift_id": shift["id"], "direction": direction,
                "volunteer_number": volunteer["number"], "scanned_at": text, "signature": signature, **changed}

    def send(self, *scans, expect=200):
        api = self.world.root.anonymous()
        return api.post("/public/attendance-scans", {"device_id": self.id, "scans": list(scans)}, expect=expect)


def test_queued_scans_in_disorder_and_twice(world, scene):
    device = Device(world, world.north)
    scans = [device.scan(3, scene.shift, scene.volunteer, "out", -0.02), device.scan(1, scene.shift, scene.volunteer, "in", -0.4),
             device.scan(2, scene.shift, scene.volunteer, "in", -0.3)]
    first = device.send(*scans)["results"]
    assert [r["outcome"] for r in first] == ["recorded", "recorded", "unchanged"]
    assert all(r["accepted"] for r in first)
    record = scene.attendance()
    assert record["check_in_at"] == scans[1]["scanned_at"] and record["check_out_at"] == scans[0]["scanned_at"]
    assert record["grade"] == "B" and record["check_in_device"] == device.id and record["state"] == "completed"
    again = device.send(*reversed(scans))["results"]
    assert again == list(reversed(first)) and scene.attendance() == record
    assert world.root.get("/admin/attendance-devices")["items"]
    shown = next(d for d in world.root.pages("/admin/attendance-devices") if d["id"] == device.id)
    assert shown["last_counter"] == 3 and "key" not in shown


def test_queued_scans_that_are_refused(world, scene):
    device = Device(world, world.north)
    elsewhere = Device(world, world.south)
    stranger = world.volunteer()
    good = device.scan(10, scene.shift, scene.volunteer, "in", -0.2)
    results = device.send(
        dict(good, signature="0" * 64),
        dict(good, direction="out"),
        device.scan(11, scene.shift, stranger, "in", -0.2),
        device.scan(12, scene.shift, scene.volunteer, "in", -5),
        device.scan(13, scene.shift, scene.volunteer, "in", 1),
        good,
        device.scan(10, scene.shift, scene.volunteer, "out", -0.1),
    )["results"]
    assert [r["outcome"] for r in results] == [
        "signature_wrong", "signature_wrong", "not_signed_up", "too_early", "in_the_future", "recorded", "counter_reused"]
    assert [r["accepted"] for r in results] == [False] * 5 + [True, False]
    assert elsewhere.send(elsewhere.scan(1, scene.shift, scene.volunteer, "out", -0.1))["results"][0]["outcome"] == "shift_not_found"
    world.root.delete(f"/admin/attendance-devices/{device.id}")
    assert device.send(device.scan(14, scene.shift, scene.volunteer, "out", -0.1), expect=404).code == "device_not_found"


def test_queued_scans_come_so_often_from_one_address(world):
    api = world.root.anonymous()
    body = {"device_id": "AAAAAAAAAAAA", "scans": [{
        "counter": 1, "shift_id": 1, "direction": "in", "volunteer_number": "x", "scanned_at": "2031-01-01T00:00:00.000Z",
        "signature": "0" * 64}]}
    for _ in range(120):
        api.post("/public/attendance-scans", body, expect=404)
    refused = api.post("/public/attendance-scans", body, expect=429)
    assert refused.code == "too_many_requests" and int(refused.headers["Retry-After"]) >= 1
    world.root.anonymous().post("/public/attendance-scans", body, expect=404)


# ---- Presence ----

def test_presence_as_it_changes(world, scene):
    other = world.volunteer()
    sign_up(world, scene.shift, scene.position, other)
    summary = scene.desk.get(scene.path + "/presence/summary").json()
    assert {k: summary[k] for k in ("expected", "present", "absent", "expected_total")} == {
        "expected": 2, "present": 0, "absent": 0, "expected_total": 2}
    answer = scene.desk.call("GET", scene.path + "/presence/events", stream=True, headers={"Accept": "text/event-stream"})
    answer.response.encoding = "utf-8"
    lines = answer.response.iter_lines(decode_unicode=True)

    def event():
        for line in lines:
            if line.startswith("data: "):
                return json.loads(line[6:])
        raise AssertionError("the stream ended")
    assert event()["summary"]["expected"] == 2
    scene.tap()
    changed = event()
    assert changed["summary"]["present"] == 1 and changed["summary"]["expected"] == 1
    assert [e["volunteer_id"] for e in changed["changed"]] == [scene.volunteer["id"]]
    scene.desk.post(scene.path + "/absences", {"volunteer_id": other["id"]}, expect=200)
    assert event()["summary"]["absent"] == 1
    answer.response.close()
    listed = scene.desk.pages(scene.path + "/presence", limit=1)
    assert {e["state"] for e in listed} == {"present", "absent"}
    assert [e["state"] for e in scene.desk.get(scene.path + "/presence", params={"state": "absent"})["items"]] == ["absent"]


def test_lists_are_confined_and_paged(world, scene):
    scene.tap()
    for _ in range(3):
        world.back_filled(scene.shift)
    mine = scene.coordinator.pages("/admin/attendances", params={"activity_id": scene.activity["id"]}, limit=2)
    assert len(mine) == 4 and {i["unit_id"] for i in mine} == {world.north}
    total = scene.coordinator.get("/admin/attendances", params={"activity_id": scene.activity["id"], "total": "true"})
    assert total["total"] == 4
    grade = scene.coordinator.get("/admin/attendances", params={"activity_id": scene.activity["id"], "grade": "D"})
    assert len(grade["items"]) == 3
    south = world.login("coordinator", world.south)
    assert south.get("/admin/attendances", params={"activity_id": scene.activity["id"]})["items"] == []
    scene.coordinator.get("/admin/attendances", params={"state": "nowhere"}, expect=422)
