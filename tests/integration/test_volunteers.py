"""Volunteers: the file, search, paging, masks, states, duplicates."""

import datetime

import pytest

import people
from harness import Api

TODAY = datetime.date.today()


def found(api, **params):
    return [v["id"] for v in api.pages("/admin/volunteers", params=params)]


def test_create_and_read(world):
    number = people.resident_id(birth=datetime.date(1988, 8, 18), male=False)
    body = world.draft(
        name="欧阳 静", gender=..., birth_date=..., id_document_type="resident_id", id_number=number, phone="13800138000",
        email="Ou.Yang@example.org", residence_region="310104", residence_region_text="上海市徐汇区",
        address="漕溪北路 1 号 502 室", education="本科", occupation="教师", political_status="群众",
        skills=["急救", "英语"], service_categories=["社区服务"], languages=["普通话", "English"])
    made = world.root.post("/admin/volunteers", body, expect=201)
    volunteer = made.json()
    # A resident's number tells birth date and gender (GB 11643).
    assert volunteer["birth_date"] == "1988-08-18" and volunteer["gender"] == "female"
    assert volunteer["state"] == "active" and volunteer["service_minutes"] == 0
    assert volunteer["consent_state"] == "given"
    assert volunteer["entered_by"] == world.root.account_id
    assert volunteer["name_pinyin"].replace(" ", "").lower().startswith("ouyangjing")
    for key in ("name", "residence_region", "residence_region_text", "education", "occupation", "political_status", "skills",
                "service_categories", "languages", "unit_id"):
        assert volunteer[key] == body[key], key
    shown = world.root.get(f"/admin/volunteers/{volunteer['id']}")
    assert shown.json() == volunteer and shown.etag == made.etag


def test_personal_data_is_masked(world):
    number = people.resident_id()
    volunteer = world.volunteer(id_number=number, id_document_type="resident_id", birth_date=..., gender=...,
                                phone="+8613912345678", email="somebody@example.org", address="北京市朝阳区建国路 88 号")
    answer = world.root.get(f"/admin/volunteers/{volunteer['id']}")
    for clear in (number, number[6:14], "13912345678", "12345", "somebody@", "建国路 88"):
        assert clear not in answer.json()["id_number_masked"] + str(answer["phone"]) + str(answer["email"]) + str(answer["address"])
    assert number not in answer.text
    assert answer["phone"].endswith("5678") and "*" in answer["phone"]
    assert answer["email"].endswith("@example.org")
    assert answer["id_number_masked"][0] == number[0] and "*" in answer["id_number_masked"]
    listed = world.root.get("/admin/volunteers", params={"q": volunteer["number"]})
    assert listed["items"][0] == answer.json()


def test_identity_numbers_are_not_in_the_database_in_clear(world):
    number = people.resident_id()
    volunteer = world.volunteer(id_number=number, id_document_type="resident_id", birth_date=..., gender=...)
    rows = world.server.sql(f"SELECT * FROM volunteer WHERE id = {volunteer['id']}")
    assert volunteer["number"] in rows
    assert number not in rows
    assert number not in world.server.log()


def test_reveal_needs_a_purpose_and_is_audited(world):
    number = people.resident_id()
    volunteer = world.volunteer(id_number=number, id_document_type="resident_id", birth_date=..., gender=...,
                                phone="+8613712345679", address="天河路 1 号")
    path = f"/admin/volunteers/{volunteer['id']}/reveal"
    assert "purpose" in world.root.post(path, {"fields": ["phone"]}, expect=422).fields
    assert world.root.post(path, {"fields": ["name_pinyin"], "purpose": "insurance"}, expect=422).fields
    assert "fields" in world.root.post(path, {"fields": [], "purpose": "insurance"}, expect=422).fields
    shown = world.root.post(path, {"fields": ["id_number", "phone"], "purpose": "insurance of the spring event"}, expect=200)
    assert shown.json() == {"id_number": number, "phone": "+8613712345679"}
    entries = world.root.get("/admin/audit", params={"action": "volunteer.reveal", "object_id": volunteer["id"]})["items"]
    assert len(entries) == 1
    assert entries[0]["purpose"] == "insurance of the spring event"
    assert entries[0]["actor_id"] == world.root.account_id
    detail = world.root.get(f"/admin/audit/{entries[0]['id']}").text
    assert "id_number" in detail and number not in detail


@pytest.mark.parametrize("field, value", [
    ("name", ""), ("name", "x" * 65), ("gender", "unknown"), ("birth_date", "2001-02-30"), ("birth_date", "1990-1-1"),
    ("birth_date", f"{TODAY.year + 1}-01-01"), ("phone", "12"), ("email", "a@"), ("residence_region", "12345"),
    ("id_number", "110101199003070000"), ("skills", ["x" * 65]), ("skills", "reading"), ("unit_id", "north"),
    ("state", "active"), ("number", "V0000000001"), ("service_minutes", 600), ("no_such_field", 1),
])
def test_what_is_not_valid(world, field, value):
    body = world.draft(**{field: value})
    if field == "id_number":
        body["id_document_type"] = "resident_id"
    answer = world.root.post("/admin/volunteers", body, expect=422)
    assert answer.code == "validation_failed"
    assert any(f.split("[")[0] == field for f in answer.fields), answer.fields


def test_all_broken_fields_are_told_at_once(world):
    body = world.draft(gender="x", phone="1", email="nonsense")
    assert set(world.root.post("/admin/volunteers", body, expect=422).fields) == {"gender", "phone", "email"}


def test_the_number_must_agree_with_what_is_said(world):
    number = people.resident_id(birth=datetime.date(1990, 1, 1), male=True)
    body = world.draft(id_number=number, id_document_type="resident_id", birth_date="1991-01-01", gender="male")
    assert "birth_date" in world.root.post("/admin/volunteers", body, expect=422).fields


def test_staff_enters_nobody_without_consent(world):
    assert "consent" in world.root.post("/admin/volunteers", world.draft(consent=...), expect=422).fields
    outdated = world.draft(consent={"policy_version": "an old one"})
    assert world.root.post("/admin/volunteers", outdated, expect=409).code == "policy_outdated"


def test_a_minor_needs_a_guardian(world):
    birth = f"{TODAY.year - 13}-01-01"
    assert "guardian" in world.root.post("/admin/volunteers", world.draft(birth_date=birth), expect=422).fields
    guardian = {"name": "王 母", "relation": "母亲", "phone": people.phone()}
    volunteer = world.volunteer(birth_date=birth, guardian=guardian)
    consents = world.root.get(f"/admin/volunteers/{volunteer['id']}/consents")["items"]
    assert {c["kind"] for c in consents} == {"privacy_policy", "guardian"}
    of_guardian = next(c for c in consents if c["kind"] == "guardian")
    assert of_guardian["guardian_name"] == "王 母" and guardian["phone"] not in of_guardian["guardian_phone"]


def test_one_living_person_is_one_volunteer(world):
    number = people.resident_id()
    first = world.volunteer(id_number=number, id_document_type="resident_id", birth_date=..., gender=...)
    body = world.draft(id_number=number.lower(), id_document_type="resident_id", birth_date=..., gender=...)
    assert world.root.post("/admin/volunteers", body, expect=409).code == "duplicate_id_number"
    # Somebody who may not see the other one learns nothing of that person.
    south = world.login("unit_administrator", world.south)
    refused = south.post("/admin/volunteers", dict(body, unit_id=world.south), expect=409)
    assert first["number"] not in refused.text and str(first["name"]) not in refused.text


def test_change(world):
    volunteer = world.volunteer(address="旧地址", skills=["a"])
    path = f"/admin/volunteers/{volunteer['id']}"
    etag = world.root.get(path).etag
    changed = world.root.patch(path, {"name": "赵 新", "address": None, "skills": ["b", "c"]}, headers={"If-Match": etag})
    assert changed["name"] == "赵 新" and changed["address"] is None and changed["skills"] == ["b", "c"]
    assert changed["name_pinyin"].replace(" ", "").lower() == "zhaoxin"
    assert changed["phone"] == volunteer["phone"]
    assert changed["version"] == volunteer["version"] + 1 and changed.etag != etag
    world.root.patch(path, {"name": "x"}, headers={"If-Match": etag}, expect=412)
    world.root.patch(path, {"number": "V0000000001"}, expect=422)
    history = world.root.get(path + "/history")["items"]
    assert history[0]["actor_id"] == world.root.account_id
    assert history[0]["changes"]["name"] == {"before": volunteer["name"], "after": "赵 新"}


def test_a_new_home_needs_the_right_there_too(world):
    volunteer = world.volunteer(unit_id=world.north)
    north = world.login("unit_administrator", world.north)
    path = f"/admin/volunteers/{volunteer['id']}"
    assert north.patch(path, {"unit_id": world.south}, expect=(403, 404, 422)).code
    assert north.patch(path, {"unit_id": world.north_team})["unit_id"] == world.north_team


def test_search(world):
    unit = world.unit("Search")
    zhang = world.volunteer(name="张三丰", unit_id=unit, phone="+8613711112222", skills=["武术", "太极"],
                            service_categories=["应急救援"], gender="male", birth_date="1980-04-09")
    li = world.volunteer(name="李 四", unit_id=unit, phone="+8613733334444", skills=["摄影"], birth_date="2000-12-31")
    lv = world.volunteer(name="吕 绿", unit_id=unit, phone="+8613755556666")
    smith = world.volunteer(name="Anna Smith", unit_id=unit, phone="+447911123456")
    everyone = {zhang["id"], li["id"], lv["id"], smith["id"]}

    def search(**params):
        return set(found(world.root, unit_id=unit, **params))

    for q in ("张三", "三丰", "张三丰", "zhangsan", "ZhangSanFeng", "zhang san feng", "zsf", "ZSF", zhang["number"],
              "13711112222", "+8613711112222", "2222"):
        assert search(q=q) == {zhang["id"]}, q
    assert search(q="lisi") == {li["id"]}
    assert search(q="ls") == {li["id"]}
    for q in ("lvlv", "smith", "anna"):
        assert search(q=q) == {lv["id"] if q == "lvlv" else smith["id"]}, q
    assert search(q="没有这个人") == set()
    assert search(q="%") == set() and search(q="_") == set() and search(q="'") == set()
    assert search(skill="武术") == {zhang["id"]}
    assert search(category="应急救援") == {zhang["id"]}
    assert search(gender="male") == {zhang["id"]}
    assert search(birth_from="1980-04-09", birth_to="1980-04-09") == {zhang["id"]}
    assert search(birth_from="2000-12-31") == {li["id"]}
    day = TODAY + datetime.timedelta(days=2)
    assert search(created_from=day.isoformat()) == set()
    assert search(created_to=day.isoformat()) == everyone
    assert search(state="active") == everyone and search(state="archived") == set()
    assert search(q="zhang", gender="female") == set()


def test_the_unit_filter_covers_the_units_below(world):
    top = world.unit("Filter top")
    below = world.unit("Filter below", parent_id=top)
    ids = {world.volunteer(unit_id=u)["id"] for u in (top, below)}
    assert set(found(world.root, unit_id=top)) == ids
    assert len(found(world.root, unit_id=below)) == 1


@pytest.fixture(scope="module")
def crowd(world):
    """37 people with equal names and numbers of minutes among them."""
    unit = world.unit("Crowd")
    names = ["阿 伟", "丁 芳", "丁 芳", "丁 芳", "张 伟", "张 伟", "安 娜", "Zoe Bell"]
    return unit, [world.volunteer(name=names[n % len(names)], unit_id=unit) for n in range(37)]


@pytest.mark.parametrize("sort", ["number", "-number", "name", "-name", "created_at", "-created_at", "service_minutes",
                                  "-service_minutes"])
def test_paging_is_complete_and_ordered(world, crowd, sort):
    unit, made = crowd
    by_seven = world.root.pages("/admin/volunteers", params={"unit_id": unit, "sort": sort}, limit=7)
    at_once = world.root.pages("/admin/volunteers", params={"unit_id": unit, "sort": sort}, limit=100)
    assert [v["id"] for v in by_seven] == [v["id"] for v in at_once]
    assert {v["id"] for v in by_seven} == {v["id"] for v in made}
    key = sort.lstrip("-")
    values = [v[key] for v in by_seven]
    if key == "name":  # as a Chinese reader expects: by pinyin
        values = [v["name_pinyin"].lower() for v in by_seven]
    assert values == sorted(values, reverse=sort.startswith("-"))


def test_paging_is_stable_while_people_come(world):
    unit = world.unit("Stable")
    first = [world.volunteer(unit_id=unit) for _ in range(6)]
    page = world.root.get("/admin/volunteers", params={"unit_id": unit, "sort": "number", "limit": 3})
    late = world.volunteer(unit_id=unit)
    ids = [v["id"] for v in page["items"]]
    while page["next_cursor"]:
        page = world.root.get("/admin/volunteers",
                              params={"unit_id": unit, "sort": "number", "limit": 3, "cursor": page["next_cursor"]})
        ids += [v["id"] for v in page["items"]]
    assert ids[:6] == [v["id"] for v in sorted(first, key=lambda v: v["number"])]
    assert ids.count(late["id"]) <= 1 and len(ids) == len(set(ids))


def test_list_parameters_that_are_not_valid(world):
    for params, field in (({"limit": 0}, "limit"), ({"limit": 101}, "limit"), ({"limit": "many"}, "limit"),
                          ({"sort": "phone"}, "sort"), ({"state": "asleep"}, "state"), ({"birth_from": "1990"}, "birth_from"),
                          ({"unit_id": "x"}, "unit_id"), ({"colour": "red"}, "colour")):
        answer = world.root.get("/admin/volunteers", params=params, expect=(400, 422))
        assert field in answer.fields, params
    for cursor in ("x", "AAAA", "'; DROP TABLE volunteer; --", "é"):
        assert world.root.get("/admin/volunteers", params={"cursor": cursor}, expect=(400, 422)).code


def test_a_cursor_belongs_to_its_sort(world, crowd):
    unit, _ = crowd
    cursor = world.root.get("/admin/volunteers", params={"unit_id": unit, "sort": "name", "limit": 3})["next_cursor"]
    world.root.get("/admin/volunteers", params={"unit_id": unit, "sort": "-number", "limit": 3, "cursor": cursor},
                   expect=(400, 422))


def test_total_comes_on_request(world, crowd):
    unit, made = crowd
    answer = world.root.get("/admin/volunteers", params={"unit_id": unit, "limit": 5, "total": "true"})
    assert answer["total"] == len(made) and len(answer["items"]) == 5
    assert "total" not in world.root.get("/admin/volunteers", params={"unit_id": unit}).json()


def test_states(world):
    volunteer = world.volunteer()
    path = f"/admin/volunteers/{volunteer['id']}"
    for state in ("inactive", "active", "suspended", "active", "archived"):
        changed = world.root.post(path + "/state", {"state": state, "reason": f"because {state}"}, expect=200)
        assert changed["state"] == state
    assert "reason" in world.root.post(path + "/state", {"state": "active"}, expect=422).fields
    world.root.post(path + "/state", {"state": "applicant", "reason": "x"}, expect=422)
    assert world.root.post(path + "/state", {"state": "archived", "reason": "again"}, expect=409).code == "state_conflict"
    history = world.root.pages(path + "/history")
    reasons = [h["reason"] for h in history if h["reason"]]
    assert "because suspended" in reasons and "because archived" in reasons


def test_sensitive_data(world):
    volunteer = world.volunteer()
    path = f"/admin/volunteers/{volunteer['id']}/sensitive"
    assert world.root.get(path)["emergency_contacts"] == []
    body = {"emergency_contacts": [{"name": "李 父", "relation": "父亲", "phone": "+8613600001111"}],
            "health_notes": "对青霉素过敏-" + people.word()}
    world.root.put(path, body)
    shown = world.root.get(path).json()
    assert {k: shown[k] for k in body} == body and shown["updated_at"] is not None
    world.login("coordinator", world.north).get(path, expect=403 if "volunteer:sensitive" not in
                                                world.roles["coordinator"]["permissions"] else 200)
    rows = world.server.sql(f"SELECT * FROM volunteer_sensitive WHERE volunteer_id = {volunteer['id']}")
    assert rows.strip() and "青霉素" not in rows and "13600001111" not in rows
    actions = [e["action"] for e in world.root.pages("/admin/audit", params={"object_type": "volunteer",
                                                                            "object_id": volunteer["id"]})]
    assert len([a for a in actions if "sensitive" in a]) >= 3  # read, written, read
    world.root.put(path, {"emergency_contacts": [{"name": "x"}], "health_notes": None}, expect=422)


def test_duplicates_are_suggested_dismissed(world):
    unit = world.unit("Twins")
    one = world.volunteer(name="孪 生", birth_date="1991-01-02", unit_id=unit, phone="+8613511110001")
    two = world.volunteer(name="孪 生", birth_date="1991-01-02", unit_id=unit, phone="+8613511110002")
    world.volunteer(name="别 人", birth_date="1991-01-02", unit_id=unit)
    candidates = world.root.get(f"/admin/volunteers/{one['id']}/duplicates")["items"]
    assert [c["volunteer"]["id"] for c in candidates] == [two["id"]]
    assert "name_birth_date" in candidates[0]["reasons"]
    pairs = world.root.pages("/admin/duplicates", params={"unit_id": unit})
    assert [{p["volunteer"]["id"], p["other"]["id"]} for p in pairs] == [{one["id"], two["id"]}]
    body = {"volunteer_id": two["id"], "other_id": one["id"], "reason": "twins"}
    world.root.post("/admin/duplicates/dismiss", body, expect=204)
    assert world.root.get(f"/admin/volunteers/{one['id']}/duplicates")["items"] == []
    assert world.root.pages("/admin/duplicates", params={"unit_id": unit}) == []


def test_merging_keeps_both_histories(world):
    unit, elsewhere = world.unit("Merge"), world.unit("Merge elsewhere")
    one = world.volunteer(name="合 并", unit_id=unit, occupation="厨师", education="本科", skills=["a"])
    two = world.volunteer(name="合 并", unit_id=elsewhere, occupation="医生", education="硕士", skills=["b"])
    world.root.post(f"/admin/volunteers/{two['id']}/state", {"state": "inactive", "reason": "before the merge"})
    body = {"other_id": two["id"], "keep": {"occupation": "other"}, "reason": "the same person"}
    merged = world.root.post(f"/admin/volunteers/{one['id']}/merge", body, expect=200)
    assert merged["id"] == one["id"] and merged["number"] == one["number"]
    assert merged["occupation"] == "医生" and merged["education"] == "本科"
    history = world.root.pages(f"/admin/volunteers/{one['id']}/history")
    assert "before the merge" in [h["reason"] for h in history]
    units = {m["unit_id"] for m in world.root.get(f"/admin/volunteers/{one['id']}/memberships")["items"]}
    assert units == {unit, elsewhere}
    assert two["id"] not in found(world.root, q="合 并") and one["id"] in found(world.root, q="合 并")
    # Whoever holds the old number still finds the person.
    assert found(world.root, q=two["number"]) in ([one["id"]], [])
    world.root.post(f"/admin/volunteers/{one['id']}/merge", body, expect=(404, 409))
    world.root.post(f"/admin/volunteers/{one['id']}/merge", {"other_id": one["id"], "reason": "x"}, expect=(409, 422))


def test_the_front_desk_sees_names_only(world):
    volunteer = world.volunteer(email="front@example.org", address="某路 1 号")
    desk = world.login("front_desk", world.north)
    if "volunteer:read" not in world.roles["front_desk"]["permissions"]:
        desk.get(f"/admin/volunteers/{volunteer['id']}", expect=403)
        return
    shown = desk.get(f"/admin/volunteers/{volunteer['id']}").json()
    assert shown["name"] == volunteer["name"]
    for field in ("phone", "email", "address", "id_number_masked", "birth_date"):
        assert shown.get(field) is None, field


def test_another_language(world):
    chinese = Api(world.server, world.root.token, language="zh-CN,zh;q=0.9,en;q=0.5")
    english = Api(world.server, world.root.token, language="en-GB")
    body = world.draft(gender="x")
    zh = chinese.post("/admin/volunteers", body, expect=422)
    en = english.post("/admin/volunteers", body, expect=422)
    assert zh.code == en.code and zh["title"] != en["title"]
    assert any("\u4e00" <= c <= "\u9fff" for c in zh["title"] + zh["errors"][0]["message"])
    assert en["errors"][0]["message"].isascii()
