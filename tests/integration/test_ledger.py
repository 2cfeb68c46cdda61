"""From attendances to hours: settling, reviewing, voiding, disputes, totals, the working calendar."""

import datetime

import pytest

from harness import Api
from ledger_rows import attendance, ended_activity

CHINA = datetime.timezone(datetime.timedelta(hours=8))


def at(day, hour=9):
    return datetime.datetime.fromisoformat(day).replace(hour=hour, tzinfo=CHINA)


@pytest.fixture(scope="module")
def approver(world):
    """Not the one who settles."""
    return world.new_login(("unit_administrator", world.north))


@pytest.fixture(scope="module")
def recorder(world):
    return world.new_login(("recorder", world.north))


def settled(world, recorder, volunteer_id, day, hours=2, grade="A"):
    """A settled activity with one attendance: its only record."""
    activity = ended_activity(world.server, world.north, at(day), hours)
    attendance(world.server, activity, volunteer_id, at(day), hours, grade)
    recorder.post(f"/admin/activities/{activity}/settle", expect=200)
    records = recorder.get("/admin/service-records", params={"activity_id": activity})["items"]
    assert len(records) == 1
    return records[0]


def test_a_settled_activity_gives_hours_with_all_that_the_law_asks(world, recorder):
    me, volunteer = world.volunteer_login()
    record = settled(world, recorder, volunteer["id"], "2026-03-02")
    assert (record["state"], record["minutes"], record["hours"]) == ("granted", 120, "2")
    for field in ("activity_name", "service_date", "place", "content", "unit_name", "person_in_charge", "recorder_name"):
        assert record[field], field
    settlement = recorder.get(f"/admin/activities/{record['activity_id']}/settlement")
    assert settlement["activity_state"] == "settled" and settlement["problems"] == []
    assert settlement["due_on"] == "2026-03-16" and settlement["finished_at"]
    assert world.root.get(f"/admin/volunteers/{volunteer['id']}")["service_minutes"] == 120
    assert me.get("/me/service-records")["items"][0]["id"] == record["id"]
    assert me.get("/me/service-totals")["minutes"] == 120
    assert me.get("/me/service-totals", params={"to": "2026-03-01"})["minutes"] == 0
    assert me.get("/me/service-totals", params={"as_of": "2026-01-01T00:00:00Z"})["minutes"] == 0
    entries = me.get("/me/ledger-entries")["items"]
    assert [(e["kind"], e["minutes"], e["total_after"]) for e in entries] == [("grant", 120, 120)]


def test_settling_twice_changes_nothing(world, recorder):
    volunteer = world.volunteer(unit_id=world.north)
    record = settled(world, recorder, volunteer["id"], "2026-03-03")
    recorder.post(f"/admin/activities/{record['activity_id']}/settle", expect=200)
    assert world.root.get(f"/admin/volunteers/{volunteer['id']}")["service_minutes"] == 120


def test_what_lacks_a_person_in_charge_is_not_settled(world, recorder):
    activity = ended_activity(world.server, world.north, at("2026-03-02"), 2, person_in_charge=None, declared=False)
    refused = recorder.post(f"/admin/activities/{activity}/settle", expect=409)
    assert refused.code == "record_incomplete"
    problems = recorder.get(f"/admin/activities/{activity}/settlement")["problems"]
    assert problems == ["declaration_missing", "person_in_charge_missing"]


def test_weak_evidence_is_reviewed(world, recorder, approver):
    volunteer = world.volunteer(unit_id=world.north)
    record = settled(world, recorder, volunteer["id"], "2026-03-04", grade="D")
    assert (record["state"], record["reason"]) == ("held", "grade")
    path = f"/admin/service-records/{record['id']}"
    recorder.post(f"{path}/decision", {"decision": "approve"}, expect=403)
    approver.post(f"{path}/decision", {"decision": "reject"}, expect=422)
    assert approver.post(f"{path}/decision", {"decision": "approve", "reason": "photographs"}, expect=200)["state"] == "granted"
    approver.post(f"{path}/decision", {"decision": "approve"}, expect=409)
    assert approver.get(path)["grade"] == "D"


def test_two_activities_at_once_count_once(world, recorder, approver):
    volunteer = world.volunteer(unit_id=world.north)
    first = settled(world, recorder, volunteer["id"], "2026-03-05")
    second = settled(world, recorder, volunteer["id"], "2026-03-05")
    assert (second["state"], second["reason"], second["overlaps_claim_id"]) == ("held", "overlap", first["id"])
    path = f"/admin/service-records/{second['id']}/decision"
    assert approver.post(path, {"decision": "approve"}, expect=409).code == "ledger_overlap"
    approver.post(f"/admin/service-records/{first['id']}/void", {"reason": "was elsewhere"}, expect=200)
    approver.post(path, {"decision": "approve"}, expect=200)
    assert world.root.get(f"/admin/volunteers/{volunteer['id']}")["service_minutes"] == 120


def test_very_long_days_are_for_the_parent_unit(world, recorder, approver):
    volunteer = world.volunteer(unit_id=world.north)
    record = settled(world, recorder, volunteer["id"], "2026-03-06", hours=13)
    assert (record["state"], record["level"]) == ("held", "parent")
    path = f"/admin/service-records/{record['id']}/decision"
    assert approver.post(path, {"decision": "approve"}, expect=403).code == "parent_approval_needed"
    world.root.post(path, {"decision": "approve"}, expect=200)


def test_records_are_found_by_their_evidence(world, recorder):
    volunteer = world.volunteer(unit_id=world.north)
    record = settled(world, recorder, volunteer["id"], "2026-03-16", grade="D")

    def found(**query):
        return [r["id"] for r in recorder.get("/admin/service-records", params={"volunteer_id": volunteer["id"], **query})["items"]]

    assert found(grade="D") == found(level="unit", reason="grade", state="held") == [record["id"]]
    assert found(grade="A") == found(level="parent") == found(reason="overlap") == []
    recorder.get("/admin/service-records", params={"grade": "E"}, expect=422)
    recorder.get("/admin/ledger-entries", params={"grade": "D"}, expect=422)


def test_a_dispute_changes_the_record(world, recorder, approver):
    me, volunteer = world.volunteer_login()
    record = settled(world, recorder, volunteer["id"], "2026-03-09")
    body = {"service_record_id": record["id"], "message": "I came later.", "minutes": 90}
    dispute = me.post("/me/disputes", body, expect=201)
    assert (dispute["wanted_minutes"], dispute["old_minutes"], dispute["new_minutes"]) == (90, 120, None)
    assert me.post("/me/disputes", body, expect=409).code == "dispute_open"
    decision = f"/admin/disputes/{dispute['id']}/decision"
    recorder.post(decision, {"decision": "accept", "minutes": 90, "reason": "x"}, expect=403)
    approver.post(decision, {"decision": "accept", "reason": "x"}, expect=422)
    done = approver.post(decision, {"decision": "accept", "minutes": 90, "reason": "as the list says"}, expect=200)
    assert (done["state"], done["old_minutes"], done["new_minutes"]) == ("accepted", 120, 90)
    assert me.get("/me/disputes")["items"][0]["decision_reason"] == "as the list says"
    kinds = [(e["kind"], e["minutes"]) for e in me.get("/me/ledger-entries")["items"]]
    assert kinds == [("regrant", 90), ("void", -120), ("grant", 120)]
    assert me.get("/me/service-totals")["hours"] == "1.5"


def test_the_recorder_does_not_decide_on_the_own_record(world):
    both = world.new_login(("unit_administrator", world.north))
    me, volunteer = world.volunteer_login()
    record = settled(world, both, volunteer["id"], "2026-03-10")
    dispute = me.post("/me/disputes", {"service_record_id": record["id"], "message": "No."}, expect=201)
    refused = both.post(f"/admin/disputes/{dispute['id']}/decision", {"decision": "reject", "reason": "x"}, expect=403)
    assert refused.code == "dispute_own_record"


def test_a_regrant_cannot_exceed_the_shift(world, recorder, approver):
    volunteer = world.volunteer(unit_id=world.north)
    record = settled(world, recorder, volunteer["id"], "2026-03-11")
    path = f"/admin/service-records/{record['id']}/regrant"
    assert approver.post(path, {"minutes": 121, "reason": "x"}, expect=422).fields == {"minutes": "minutes_over_shift"}
    assert approver.post(path, {"minutes": 60, "reason": "left early"}, expect=200)["minutes"] == 60


def test_other_units_learn_nothing(world, recorder):
    volunteer = world.volunteer(unit_id=world.north)
    record = settled(world, recorder, volunteer["id"], "2026-03-12")
    south = world.login("unit_administrator", world.south)
    south.get(f"/admin/service-records/{record['id']}", expect=404)
    south.get(f"/admin/activities/{record['activity_id']}/settlement", expect=404)
    for path in ("service-records", "ledger-entries", "disputes", "settlements"):
        assert south.get(f"/admin/{path}")["items"] == []
    assert south.get("/admin/service-totals")["minutes"] == 0
    assert world.root.get("/admin/service-totals", params={"volunteer_id": volunteer["id"]})["minutes"] == 120


def test_totals_by_unit_and_volunteer(world, recorder):
    units = world.root.pages("/admin/service-totals/by-unit")
    assert world.north in {u["id"] for u in units}
    total = world.root.get("/admin/service-totals", params={"unit_id": world.north})
    people = world.root.pages("/admin/service-totals/by-volunteer", params={"unit_id": world.north}, limit=2)
    assert sum(p["minutes"] for p in people) == total["minutes"]
    assert world.root.pages("/admin/service-totals/by-project") == []


def test_a_record_names_the_file_that_proves_it(world, recorder):
    volunteer = world.volunteer(unit_id=world.north)
    record = settled(world, recorder, volunteer["id"], "2026-03-14")
    assert record["evidence_file_id"] is None
    file_id = world.evidence()
    world.server.sql(f"UPDATE attendance SET evidence_file_id = {file_id} WHERE id = {record['attendance_id']}")
    assert recorder.get(f"/admin/service-records/{record['id']}")["evidence_file_id"] == file_id


def test_staff_takes_a_dispute_back_for_the_volunteer(world, recorder, approver):
    me, volunteer = world.volunteer_login(unit_id=world.north)
    record = settled(world, recorder, volunteer["id"], "2026-03-13")
    body = {"service_record_id": record["id"], "message": "It was longer."}
    dispute = me.post("/me/disputes", body, expect=201)
    assert dispute["wanted_minutes"] is None
    path = f"/admin/disputes/{dispute['id']}/withdraw"
    assert approver.post(path, {}, expect=422).fields == {"reason": "required"}
    taken = approver.post(path, {"reason": "asked on the telephone"}, expect=200)
    assert (taken["state"], taken["decision_reason"]) == ("withdrawn", "asked on the telephone")
    assert world.root.get(f"/admin/service-records/{record['id']}")["minutes"] == record["minutes"]
    approver.post(path, {"reason": "again"}, expect=409)
    # The volunteer may think again.
    me.post("/me/disputes", body, expect=201)


def test_lists_page_by_page(world, recorder):
    assert len(recorder.pages("/admin/service-records", limit=2)) >= 5
    assert len(recorder.pages("/admin/ledger-entries", limit=2)) >= 5
    recorder.get("/admin/settlements", params={"filter": "overdue", "limit": 1})
    for path in ("service-records", "ledger-entries", "disputes", "settlements"):
        counted = recorder.get(f"/admin/{path}", params={"total": "true", "limit": 1})["total"]
        assert counted == len(recorder.pages(f"/admin/{path}", limit=2)), path
    one = recorder.get("/admin/service-records", params={"grade": "A", "total": "true", "limit": 1})
    assert one["total"] == len(recorder.pages("/admin/service-records", params={"grade": "A"}))


def test_the_calendar_is_shipped_and_can_be_edited(world, recorder):
    days = {d["day"]: d for d in recorder.get("/admin/working-calendar", params={"year": 2026})["items"]}
    assert days["2026-02-16"]["is_working"] is False and days["2026-02-28"]["is_working"] is True
    assert len(days) == 39
    recorder.put("/admin/working-calendar/2027-05-03", {"is_working": False, "name": "Labour Day"}, expect=403)
    put = world.root.put("/admin/working-calendar/2027-05-03", {"is_working": False, "name": "Labour Day"})
    assert put["name"] == "Labour Day" and put["updated_at"] is not None
    assert days["2026-02-16"]["updated_at"] is None
    world.root.delete("/admin/working-calendar/2027-05-03")
    world.root.delete("/admin/working-calendar/2027-05-03", expect=404)
    world.root.put("/admin/working-calendar/2027-02-30", {"is_working": False, "name": "x"}, expect=404)


def test_the_ledger_is_proven_sound(world):
    result = world.server.vomsctl("ledger", "verify")
    assert "the ledger is sound" in result.stdout


def test_who_is_no_volunteer_has_no_hours(world):
    Api(world.server).get("/me/service-records", expect=401)
    assert world.root.get("/me/service-records", expect=404).code == "no_volunteer"
