"""The volunteer's own view, consents, corrections, custom fields."""

import datetime

import people
from harness import Api
from world import PASSWORD


def test_without_a_volunteer(world):
    api = world.new_login(("coordinator", world.north))
    for path in ("/me", "/me/download", "/me/history", "/me/consents", "/me/memberships", "/me/corrections"):
        assert api.get(path, expect=404).code == "no_volunteer"
    assert api.patch("/me", {"occupation": "x"}, expect=404).code == "no_volunteer"


def test_see_and_correct(world):
    api, volunteer = world.volunteer_login(phone="+8613412345670", email="own@example.org", address="自己的地址 9 号")
    me = api.get("/me")
    assert me["id"] == volunteer["id"]
    assert (me["phone"], me["email"], me["address"]) == ("+8613412345670", "own@example.org", "自己的地址 9 号")
    changed = api.patch("/me", {"occupation": "木匠", "skills": ["木工"]}, headers={"If-Match": me.etag})
    assert changed["occupation"] == "木匠" and changed["skills"] == ["木工"]
    api.patch("/me", {"occupation": "x"}, headers={"If-Match": me.etag}, expect=412)
    for field, value in (("state", "active"), ("unit_id", world.south), ("service_minutes", 5), ("number", "V0000000001")):
        assert field in api.patch("/me", {field: value}, expect=422).fields
    history = api.get("/me/history")["items"]
    assert history[0]["changes"]["occupation"]["after"] == "木匠"
    assert world.root.get(f"/admin/volunteers/{volunteer['id']}")["occupation"] == "木匠"


def test_download_everything(world):
    number = people.resident_id()
    api, volunteer = world.volunteer_login(id_number=number, id_document_type="resident_id", birth_date=..., gender=...,
                                           phone="+8613412345671")
    contact = {"name": "紧急 联系", "relation": "朋友", "phone": "+8613400000002"}
    world.root.put(f"/admin/volunteers/{volunteer['id']}/sensitive", {"emergency_contacts": [contact], "health_notes": "无"})
    answer = api.get("/me/download")
    data = answer.json()
    assert data["volunteer"]["id_number"] == number and data["volunteer"]["phone"] == "+8613412345671"
    assert data["account"]["username"] == api.username
    assert data["sensitive"]["emergency_contacts"] == [contact]
    assert [c["kind"] for c in data["consents"]] == ["privacy_policy"]
    assert [m["unit_id"] for m in data["memberships"]] == [world.north]
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_deletion_anonymises(world):
    number = people.resident_id()
    secret = people.word("occupation")
    api, volunteer = world.volunteer_login(name="将 消失", id_number=number, id_document_type="resident_id", birth_date=...,
                                           gender=..., phone="+8613412345672", email="gone@example.org", occupation=secret)
    assert "password" in api.post("/me/deletion", {"password": "wrong", "reason": "bye"}, expect=422).fields
    api.get("/me")
    api.post("/me/deletion", {"password": PASSWORD, "reason": "bye"}, expect=204)
    api.get("/me", expect=401)
    Api(world.server).post("/auth/login", {"login": api.username, "password": PASSWORD}, expect=401)
    path = f"/admin/volunteers/{volunteer['id']}"
    left = world.root.get(path, expect=(200, 404))
    if left.status == 200:
        assert left["number"] == volunteer["number"] and left["state"] == "archived"
        for clear in ("将 消失", "gone@", "2672", secret):
            assert clear not in left.text
        assert left["id_number_masked"] is None
    assert world.root.pages("/admin/volunteers", params={"q": "将消失"}) == []
    # Nor do the history and the audit log keep what was deleted.
    for text in [world.root.get(path + "/history", expect=(200, 404)).text,
                 world.server.sql(f"SELECT * FROM volunteer WHERE id = {volunteer['id']}")]:
        assert "将 消失" not in text and secret not in text
    # The person may come again.
    world.volunteer(id_number=number, id_document_type="resident_id", birth_date=..., gender=...)


def test_consents(world):
    api, volunteer = world.volunteer_login()
    assert world.root.get(f"/admin/volunteers/{volunteer['id']}")["consent_state"] == "given"
    first = api.get("/me/consents")["items"][0]
    assert first["kind"] == "privacy_policy" and first["policy_version"] == world.policy_version
    withdrawn = api.post(f"/me/consents/{first['id']}/withdraw", {"reason": "changed my mind"}, expect=200)
    assert withdrawn["withdrawn_at"] is not None and withdrawn["withdrawal_reason"] == "changed my mind"
    assert api.get("/me")["consent_state"] == "withdrawn"
    api.post(f"/me/consents/{first['id']}/withdraw", {}, expect=409)
    assert api.post("/me/consents", {"kind": "privacy_policy", "policy_version": "old"}, expect=409).code == "policy_outdated"
    assert "policy_version" in api.post("/me/consents", {"kind": "privacy_policy"}, expect=422).fields
    api.post("/me/consents", {"kind": "privacy_policy", "policy_version": world.policy_version}, expect=201)
    assert api.get("/me")["consent_state"] == "given"
    assert len(api.get("/me/consents")["items"]) == 2


def test_staff_records_and_withdraws_a_consent(world):
    volunteer = world.volunteer()
    path = f"/admin/volunteers/{volunteer['id']}/consents"
    guardian = {"name": "监护人", "relation": "父亲", "phone": people.phone()}
    expires = (datetime.date.today() + datetime.timedelta(days=365)).isoformat()
    made = world.root.post(path, {"kind": "guardian", "guardian": guardian, "scope": "夏令营", "expires_on": expires},
                           expect=201)
    assert made["scope"] == "夏令营" and made["expires_on"] == expires and made["recorded_by"] == world.root.account_id
    assert "guardian" in world.root.post(path, {"kind": "guardian"}, expect=422).fields
    assert world.root.post(f"{path}/{made['id']}/withdraw", {"reason": "by letter"}, expect=200)["withdrawn_at"]
    other = world.volunteer()
    world.root.post(f"/admin/volunteers/{other['id']}/consents/{made['id']}/withdraw", {}, expect=404)


def test_a_new_policy_outdates_the_consent(new_server):
    from world import World
    world = World(new_server())
    api, volunteer = world.volunteer_login()
    settings = world.root.get("/admin/settings")
    changed = world.root.patch("/admin/settings", {"privacy_policy_version": "2026-02", "privacy_policy_zh": "新政策",
                                                   "privacy_policy_en": "New policy"}, headers={"If-Match": settings.etag})
    assert changed["privacy_policy_version"] == "2026-02"
    policy = api.anonymous().get("/public/privacy-policy")
    assert (policy["version"], policy["text_zh"], policy["text_en"]) == ("2026-02", "新政策", "New policy")
    deadline = datetime.datetime.now() + datetime.timedelta(seconds=10)
    while api.get("/me")["consent_state"] != "outdated" and datetime.datetime.now() < deadline:
        pass
    assert api.get("/me")["consent_state"] == "outdated"


def test_corrections(world):
    api, volunteer = world.volunteer_login()
    path = f"/admin/volunteers/{volunteer['id']}/corrections"
    asked = world.root.post(path, {"field": "address", "message": "门牌号不完整"}, expect=201)
    assert asked["state"] == "open"
    mine = api.get("/me/corrections", params={"state": "open"})["items"]
    assert [c["id"] for c in mine] == [asked["id"]]
    api.patch("/me", {"address": "完整地址 1 号"})
    resolved = api.post(f"/me/corrections/{asked['id']}/resolve", {"answer": "已更正"}, expect=200)
    assert resolved["state"] == "resolved" and resolved["answer"] == "已更正" and resolved["resolved_at"]
    api.post(f"/me/corrections/{asked['id']}/resolve", {"answer": "again"}, expect=409)
    closed = world.root.post(f"{path}/{asked['id']}/close", {"reason": "checked"}, expect=200)
    assert closed["state"] == "closed" and closed["closed_by"] == world.root.account_id
    world.root.post(f"{path}/{asked['id']}/close", {}, expect=409)
    assert "field" in world.root.post(path, {"field": "no_such_field", "message": "x"}, expect=422).fields
    stranger, _ = world.volunteer_login()
    stranger.post(f"/me/corrections/{asked['id']}/resolve", {"answer": "x"}, expect=404)


def test_custom_fields(world):
    unit = world.unit("Custom")
    sized, counted, hidden = people.word("size"), people.word("count"), people.word("hidden")

    def field(key, **fields):
        body = {"key": key, "title_zh": "字段", "title_en": "Field", "type": "text", "unit_id": unit, **fields}
        return world.root.post("/admin/custom-fields", body, expect=201).json()

    size = field(sized, type="choice", options=["S", "M", "L"], visible_to="everyone", editable_by_volunteer=True)
    field(counted, type="number", visible_to="staff")
    field(hidden, type="text", visible_to="sensitive")
    assert {f["key"] for f in world.root.pages("/admin/custom-fields", params={"unit_id": unit})} >= {sized, counted, hidden}
    api, volunteer = world.volunteer_login(unit_id=unit, custom={sized: "M", counted: 3, hidden: "x"})
    assert volunteer["custom"] == {sized: "M", counted: 3, hidden: "x"}
    path = f"/admin/volunteers/{volunteer['id']}"
    assert world.root.patch(path, {"custom": {counted: None}})["custom"] == {sized: "M", hidden: "x"}
    for custom in ({sized: "XXL"}, {counted: "three"}, {"no_such_key": 1}):
        answer = world.root.patch(path, {"custom": custom}, expect=422)
        assert any(f.startswith("custom") for f in answer.fields), custom
    # A field of another subtree does not belong to this volunteer.
    beside = world.volunteer(unit_id=world.south)
    world.root.patch(f"/admin/volunteers/{beside['id']}", {"custom": {sized: "S"}}, expect=422)
    # The volunteer sees what is for everyone, and changes what is hers.
    assert api.get("/me")["custom"] == {sized: "M"}
    assert api.patch("/me", {"custom": {sized: "L"}})["custom"] == {sized: "L"}
    api.patch("/me", {"custom": {hidden: "y"}}, expect=422)
    # Who lacks volunteer:sensitive does not see what needs it.
    recorder = world.new_login(("recorder", unit))
    if "volunteer:read" in world.roles["recorder"]["permissions"]:
        assert hidden not in recorder.get(path)["custom"]
    changed = world.root.patch(f"/admin/custom-fields/{size['id']}", {"options": ["S", "M", "L", "XL"], "title_en": "Size"})
    assert changed["title_en"] == "Size" and changed["key"] == sized
    assert world.root.patch(path, {"custom": {sized: "XL"}})["custom"][sized] == "XL"
    world.root.delete(f"/admin/custom-fields/{size['id']}")
    world.root.get(f"/admin/custom-fields/{size['id']}", expect=404)
    assert sized not in world.root.get(path)["custom"]


def test_custom_fields_that_are_not_valid(world):
    base = {"key": people.word("k"), "title_zh": "甲", "title_en": "A", "type": "text"}
    assert "key" in world.root.post("/admin/custom-fields", dict(base, key="Has Space"), expect=422).fields
    assert "options" in world.root.post("/admin/custom-fields", dict(base, type="choice"), expect=422).fields
    world.root.post("/admin/custom-fields", base, expect=201)
    assert world.root.post("/admin/custom-fields", base, expect=(409, 422)).code
