"""Every route × every role, no login, and a stranger from a sibling unit.

What is expected comes from the contract's x-permission and the roles as the server ships them. The requests of callers
who are let in do no harm: reads read real objects, everything else names an object that is not there, or has a body that
no call takes.
"""

import datetime

import pytest

import people
from contract import contract
from harness import Api
from ledger_rows import attendance, ended_activity
from world import ROLES

NOBODY = 9007199254740990  # an id that is not taken
BAD_BODY = {"no_such_field": True}
OPERATIONS = {o.id: o for o in contract().operations}
ACTORS = ("nobody", "super_administrator") + ROLES

# Calls that end the caller's own session: each gets a session of its own.
ENDS_SESSION = {"logout", "endOtherSessions"}


@pytest.fixture(scope="module")
def objects(world):
    """One real object of each kind, in the north."""
    root = world.root
    volunteer = world.volunteer(unit_id=world.north)
    account = world.account()
    grant = world.grant(account["id"], "recorder", world.north)
    consents = root.get(f"/admin/volunteers/{volunteer['id']}/consents")["items"]
    memberships = root.get(f"/admin/volunteers/{volunteer['id']}/memberships")["items"]
    correction = root.post(f"/admin/volunteers/{volunteer['id']}/corrections",
                           {"field": "address", "message": "The street is missing."}, expect=201)
    field = root.post("/admin/custom-fields", {
        "key": people.word("f"), "title_zh": "尺码", "title_en": "Size", "type": "text", "unit_id": world.north,
    }, expect=201)
    csv = "姓名,手机号\n张三,13800138000\n".encode()
    made = root.call("POST", "/admin/imports", data=csv, params={"kind": "volunteers", "filename": "a.csv"},
                     headers={"Content-Type": "application/octet-stream"}, check=False)
    import_id = NOBODY  # when there are no imports, the rows of their routes fail, and those alone
    if made.status == 201:
        import_id = made["id"]
        # The import belongs to the unit its mapping names.
        columns = [{"index": c["index"], "field": c["field"]} for c in made["columns"]]
        root.put(f"/admin/imports/{import_id}/mapping", {"columns": columns, "unit_id": world.north})
    record = service_record(world, volunteer["id"])
    entry = root.get("/admin/audit", params={"object_type": "volunteer", "object_id": volunteer["id"]})["items"][0]
    activity, position, shift = world.published(hours=-0.5)
    batch = root.post(f"/admin/activities/{activity['id']}/shifts/batch",
                      {"from": "2031-01-01", "rule": "FREQ=DAILY;COUNT=2", "starts": "09:00", "minutes": 60}, expect=201)
    attendance, file_id = world.back_filled(shift)
    _, coming_position, coming = world.published()
    signup = root.post(f"/admin/shifts/{coming['id']}/signups",
                       {"volunteer_id": volunteer["id"], "position_id": coming_position["id"], "override_reason": "x"},
                       expect=201)
    device = root.post("/admin/attendance-devices", {"unit_id": world.north, "name": "Tablet"}, expect=201)
    return {
        "batch_id": batch["id"],
        "attendance_id": attendance["id"],
        "file_id": file_id,
        "device_id": device["id"],
        "signup_id": signup["id"],
        "activity_id": activity["id"],
        "project_id": root.post("/admin/projects", {"unit_id": world.north, "name": "P"}, expect=201)["id"],
        "position_id": position["id"],
        "shift_id": shift["id"],
        "volunteer_id": volunteer["id"],
        "account_id": account["id"],
        "unit_id": world.north,
        "grant_id": grant["id"],
        "role_id": world.roles["recorder"]["id"],
        "consent_id": consents[0]["id"],
        "membership_id": memberships[0]["id"],
        "correction_id": correction["id"],
        "custom_field_id": field["id"],
        "import_id": import_id,
        "audit_id": entry["id"],
        "service_record_id": record["id"],
        "dispute_id": NOBODY,
        "day": "2099-05-04",
        "session_id": NOBODY,
        "dead_letter_id": NOBODY,
    }


def service_record(world, volunteer_id):
    """A granted record of the north."""
    begin = datetime.datetime(2026, 3, 2, 1, tzinfo=datetime.timezone.utc)
    activity = ended_activity(world.server, world.north, begin, 2)
    attendance(world.server, activity, volunteer_id, begin, 2)
    world.root.post(f"/admin/activities/{activity}/settle", expect=200)
    return world.root.get("/admin/service-records", params={"activity_id": activity})["items"][0]


def path_of(operation, objects, *, real):
    values = {name: objects[name] if real else NOBODY for name in operation.path_parameters}
    return operation.path.format(**values)


def read_stream(api, path):
    """The beginning of an endless answer, or the whole refusal."""
    answer = api.call("GET", path, stream=True, headers={"Accept": "text/event-stream"})
    if answer.status == 200:
        answer.response.close()
    else:
        contract().check(answer)
    return answer


def send(api, operation, objects):
    """A request of this operation that changes nothing when it is let in."""
    path = path_of(operation, objects, real=operation.is_safe)
    if operation.streams:
        return read_stream(api, path)
    if operation.id == "createImport":
        return api.call("POST", path, data=b"", headers={"Content-Type": "application/octet-stream"})
    return api.call(operation.method, path, BAD_BODY if operation.takes_body else None, params=query_of(operation, objects))


def query_of(operation, objects):
    """What the query must name."""
    return {"volunteer_id": objects["volunteer_id"]} if operation.id == "getEligibility" else None


def client(world, actor):
    if actor == "nobody":
        return Api(world.server)
    if actor == "super_administrator":
        return world.root
    # On the root unit, so that also what concerns the whole organisation is within reach.
    return world.login(actor, world.root_unit)


def permissions_of(world, actor):
    if actor == "nobody":
        return set()
    return set(world.roles[actor]["permissions"])


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("operation_id", sorted(OPERATIONS))
def test_route_and_role(world, objects, operation_id, actor):
    operation = OPERATIONS[operation_id]
    api = client(world, actor)
    if operation_id in ENDS_SESSION and actor != "nobody":
        api = world.new_login((actor, world.root_unit))

    answer = send(api, operation, objects)

    if operation.permission == "none":
        assert answer.status not in (403,), operation
        # A login that fails is 401 by its own right; these bodies are not even valid.
        assert answer.status != 401 or operation.id == "refreshTokens", operation
    elif actor == "nobody":
        assert answer.status == 401, operation
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    elif operation.permission == "login" or operation.permission in permissions_of(world, actor):
        assert answer.status not in (401, 403, 500), f"{operation}: {answer.text[:500]}"
        if operation.is_safe and operation.permission != "login":
            missing = "dead_letter_id" in operation.path_parameters
            allowed = (200, 409) if operation.id in ("getRefusedRows", "listImportRows") else (200,)
            if operation.id == "getEligibility" and "volunteer:read" not in permissions_of(world, actor):
                allowed = (200, 404)  # of a volunteer whom the front desk does not know
            assert missing or answer.status in allowed, f"{operation}: {answer.status}"
    else:
        assert answer.status == 403, f"{operation}: {answer.status}"
        assert answer.code == "permission_missing"


@pytest.mark.parametrize(
    "operation_id", sorted(o.id for o in contract().operations if o.permission not in ("none", "login") and o.path_parameters)
)
def test_what_belongs_to_a_sibling_unit_is_not_there(world, objects, operation_id):
    """An administrator of the south has every right there, and learns nothing of the north."""
    operation = OPERATIONS[operation_id]
    south = world.login("unit_administrator", world.south)
    if set(operation.path_parameters) & {"role_id", "dead_letter_id", "session_id", "dispute_id", "day"}:
        pytest.skip("belongs to no unit")  # the whole organisation's
    if operation.permission not in world.roles["unit_administrator"]["permissions"]:
        assert send(south, operation, objects).status == 403
        return
    path = path_of(operation, objects, real=True)
    if operation.streams:
        answer = read_stream(south, path)
    else:
        answer = south.call(operation.method, path, valid_body(operation, world, objects),
                            params=query_of(operation, objects))
    assert answer.status == 404, f"{operation}: {answer.status} {answer.text[:300]}"


def valid_body(operation, world, objects):
    """A body that would be taken, were the object within reach."""
    bodies = {
        "updateUnit": {"description": "x"},
        "moveUnit": {"parent_id": world.south},
        "updateAccount": {"display_name": "x"},
        "setAccountState": {"state": "disabled", "reason": "x"},
        "createGrant": {"role_id": objects["role_id"], "unit_id": world.south},
        "updateVolunteer": {"occupation": "x"},
        "setVolunteerState": {"state": "inactive", "reason": "x"},
        "revealVolunteer": {"fields": ["phone"], "purpose": "to see"},
        "putSensitive": {"emergency_contacts": [], "health_notes": None},
        "mergeVolunteers": {"other_id": objects["volunteer_id"], "reason": "x"},
        "createMembership": {"unit_id": world.south},
        "createConsent": {"kind": "privacy_policy", "policy_version": world.policy_version},
        "withdrawConsent": {"reason": "x"},
        "createCorrection": {"field": "address", "message": "x"},
        "closeCorrection": {"reason": "x"},
        "decideApplication": {"decision": "approve"},
        "decideMembership": {"decision": "approve"},
        "setMembershipState": {"state": "inactive", "reason": "x"},
        "updateCustomField": {"title_en": "x"},
        "putImportMapping": {"columns": [{"index": 0, "field": "name"}]},
        "commitImport": {"consent_declared": True},
        "decideServiceRecord": {"decision": "approve"},
        "voidServiceRecord": {"reason": "x"},
        "regrantServiceRecord": {"minutes": 1, "reason": "x"},
        "tapAttendance": {"volunteer_id": objects["volunteer_id"], "direction": "in"},
        "kioskAttendance": {"phone_digits": "1234", "code": "123456", "direction": "in"},
        "markAbsent": {"volunteer_id": objects["volunteer_id"]},
        "backFillAttendance": {"volunteer_id": objects["volunteer_id"], "check_in_at": "2031-01-01T00:00:00.000Z",
                               "check_out_at": "2031-01-01T01:00:00.000Z", "reason": "x",
                               "evidence_file_id": objects["file_id"]},
        "undoAttendance": {"reason": "x"},
        "correctAttendance": {"check_in_at": "2031-01-01T00:00:00.000Z", "check_out_at": "2031-01-01T01:00:00.000Z",
                              "reason": "x"},
        "voidAttendance": {"reason": "x"},
        "reviewAttendance": {"decision": "approve"},
        "placeVolunteer": {"volunteer_id": objects["volunteer_id"], "position_id": objects["position_id"]},
        "decideSignup": {"decision": "approve"},
        "cancelSignup": {"reason": "x"},
        "moveSignupUp": {"reason": "x"},
        "updateActivity": {"provided": "water"},
        "decideActivity": {"decision": "approve"},
        "cancelActivity": {"reason": "x"},
        "copyActivity": {"move_by_days": 7},
        "createPosition": {"name": "x", "needed": 1},
        "updatePosition": {"needed": 2},
        "createShift": {"starts_at": "2031-01-01T00:00:00.000Z", "ends_at": "2031-01-01T01:00:00.000Z"},
        "updateShift": {"note": "x"},
        "cancelShift": {"reason": "x"},
        "previewShifts": {"from": "2031-01-01", "to": "2031-01-02", "spans": [{"starts": "09:00", "ends": "10:00"}]},
        "createShiftBatch": {"from": "2031-01-01", "to": "2031-01-02", "spans": [{"starts": "09:00", "ends": "10:00"}]},
        "undoShiftBatch": {"reason": "x"},
        "putActivityManager": {"username": "root.admin", "role": "manager"},
        "createInvitation": {"volunteer_id": objects["volunteer_id"]},
        "putActivitySettings": {"approval_required": True},
        "updateProject": {"name": "x"},
    }
    assert not operation.takes_body or operation.id in bodies, f"no body for {operation.id} here"
    return bodies.get(operation.id)


@pytest.mark.parametrize("path", [
    "/admin/units", "/admin/accounts", "/admin/volunteers", "/admin/memberships", "/admin/applications",
    "/admin/service-records", "/admin/ledger-entries", "/admin/disputes", "/admin/settlements",
    "/admin/custom-fields", "/admin/imports", "/admin/audit", "/admin/duplicates", "/admin/activities",
    "/admin/projects",
])
def test_lists_show_nothing_of_a_sibling_unit(world, objects, path):
    operation = contract().find("GET", "/api/v1" + path)
    south = world.login("unit_administrator", world.south)
    if operation.permission not in world.roles["unit_administrator"]["permissions"]:
        south.get(path, expect=403)
        return
    forbidden = {
        "/admin/units": {world.north, world.north_team},
        "/admin/accounts": {objects["account_id"]},
        "/admin/volunteers": {objects["volunteer_id"]},
        "/admin/memberships": {objects["membership_id"]},
        "/admin/custom-fields": {objects["custom_field_id"]},
        "/admin/imports": {objects["import_id"]},
        "/admin/activities": {objects["activity_id"]},
        "/admin/attendances": {objects["attendance_id"]},
        "/admin/attendance-devices": {objects["device_id"]},
        "/admin/audit": {objects["audit_id"]},
    }.get(path, set())
    items = south.pages(path)
    assert not forbidden & {i.get("id") for i in items}
    for item in items:
        assert item.get("unit_id") not in (world.north, world.north_team), item


def test_the_shipped_roles(world):
    """What each role is for decides what it may not hold."""
    every = {p["code"] for p in world.root.get("/admin/permissions")["items"]}
    roles = {code: set(role["permissions"]) for code, role in world.roles.items()}
    assert roles["super_administrator"] == every
    assert roles["auditor"] == {p for p in every if p.endswith(":read")}
    assert roles["volunteer"] == set()
    for code in ("coordinator", "front_desk", "recorder"):
        assert not roles[code] & {"account:grant", "role:manage", "settings:manage", "job:manage", "volunteer:merge"}, code
    assert not roles["front_desk"] & {"volunteer:update", "volunteer:reveal", "volunteer:sensitive", "volunteer:export"}
    assert not roles["unit_administrator"] & {"settings:manage", "role:manage", "job:manage"}
    for code in ROLES + ("super_administrator",):
        assert world.roles[code]["shipped"] is True


def test_a_grant_covers_the_units_below(world):
    below = world.volunteer(unit_id=world.north_team)
    beside = world.volunteer(unit_id=world.south)
    north = world.login("coordinator", world.north)
    assert north.get(f"/admin/volunteers/{below['id']}")["id"] == below["id"]
    north.get(f"/admin/volunteers/{beside['id']}", expect=404)
    team = world.login("coordinator", world.north_team)
    assert team.get(f"/admin/volunteers/{below['id']}")["id"] == below["id"]
    above = world.volunteer(unit_id=world.north)
    team.get(f"/admin/volunteers/{above['id']}", expect=404)


def test_nobody_gives_what_he_does_not_hold(world):
    account = world.account()
    administrator = world.login("unit_administrator", world.north)
    body = {"role_id": world.roles["super_administrator"]["id"], "unit_id": world.north}
    administrator.post(f"/admin/accounts/{account['id']}/grants", body, expect=(403, 404))
    # Nor where he has nothing to say.
    body = {"role_id": world.roles["recorder"]["id"], "unit_id": world.south}
    administrator.post(f"/admin/accounts/{account['id']}/grants", body, expect=(403, 404, 422))


def test_a_revoked_grant_ends_at_once(world):
    api = world.new_login(("coordinator", world.north))
    volunteer = world.volunteer(unit_id=world.north)
    api.get(f"/admin/volunteers/{volunteer['id']}")
    grant = world.root.get(f"/admin/accounts/{api.account_id}/grants")["items"][0]
    world.root.delete(f"/admin/accounts/{api.account_id}/grants/{grant['id']}")
    api.get(f"/admin/volunteers/{volunteer['id']}", expect=403)
