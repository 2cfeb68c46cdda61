"""Files on their way in: upload, mapping, preview, commit, and what happens when something is in the way."""

import csv
import datetime
import io
import json
import pathlib
import time

import openpyxl
import pytest

import people
from harness import Api, SUPER_PASSWORD, SUPER_USERNAME
from world import PASSWORD

SHEETS = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "sheets"
SAME_PEOPLE = ["utf8.csv", "utf8_bom.csv", "gb18030.csv", "utf16.csv", "semicolon.csv", "openpyxl.xlsx",
               "libreoffice.xlsx", "wps.xlsx"]
OCTETS = {"Content-Type": "application/octet-stream"}


def upload(api, data, filename="people.csv", *, expect=201):
    if isinstance(data, str):
        data = data.encode()
    return api.post("/admin/imports", data=data, params={"filename": filename}, headers=OCTETS, expect=expect, timeout=120)


def table(header, *rows):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def columns_of(made, **override):
    return [{"index": c["index"], "field": override.get(c["header"], c["field"])} for c in made["columns"]]


def wait(api, import_id, *states, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        item = api.get(f"/admin/imports/{import_id}").json()
        if item["state"] in states:
            return item
        assert item["state"] != "failed", item
        time.sleep(0.05)
    raise AssertionError(f"still {item}")


def preview(api, made, unit_id, **options):
    path = f"/admin/imports/{made['id']}"
    api.put(path + "/mapping", {"columns": columns_of(made), "unit_id": unit_id, "options": options})
    api.post(path + "/preview", expect=202)
    return wait(api, made["id"], "previewed")


def commit(api, import_id):
    api.post(f"/admin/imports/{import_id}/commit", {"consent_declared": True}, expect=202)
    return wait(api, import_id, "done")


def bring(api, data, unit_id, filename="people.csv", **options):
    """Uploads, previews and commits; the preview's and the commit's import."""
    made = upload(api, data, filename)
    before = preview(api, made, unit_id, **options)
    return before, commit(api, made["id"])


def counts(item):
    return tuple(item[k] for k in ("create_count", "update_count", "skip_count", "refuse_count"))


def problems(api, import_id):
    return {r["row_number"]: {p["code"] for p in r["problems"]}
            for r in api.pages(f"/admin/imports/{import_id}/rows", params={"outcome": "refuse"})}


def many(count, tag):
    """A file of people who are not there yet."""
    day = datetime.date(1960, 1, 1)
    return table(["姓名", "性别", "出生日期", "手机"],
                 *([f"批量{tag}{i:06}", "女" if i % 2 else "男", day + datetime.timedelta(days=i % 14000),
                    f"139{i:08}"] for i in range(count)))


@pytest.fixture(scope="module")
def organisation(profile, cluster):
    """A server of these tests' own: the fixtures' people must not be anywhere else."""
    from harness import Server
    from world import World
    with Server(profile, cluster) as server:
        yield World(server)


def test_every_program_writes_the_same_people(organisation):
    root = organisation.root
    first = True
    for name in SAME_PEOPLE:
        before, after = bring(root, (SHEETS / name).read_bytes(), organisation.north, name)
        expected = (5, 0, 0, 0) if first else (0, 0, 5, 0)
        assert counts(before) == expected, name
        assert counts(after) == expected, name
        first = False
    found = root.get("/admin/volunteers", params={"q": "欧阳娜娜"})["items"]
    assert len(found) == 1
    assert found[0]["birth_date"] == "2001-01-31" and found[0]["gender"] == "female"
    assert found[0]["id_number_masked"].startswith("4401")


def test_what_is_found_out_about_a_file(organisation):
    made = upload(organisation.root, (SHEETS / "gb18030.csv").read_bytes(), "C:/名单.csv").json()
    assert made["encoding"] == "GB18030" and made["delimiter"] == "," and made["row_count"] == 5
    assert made["filename"] == "名单.csv" and made["state"] == "uploaded" and made["format"] == "csv"
    fields = [c["field"] for c in made["columns"]]
    assert fields == ["name", "gender", "id_document_type", "id_number", "birth_date", "phone", "email", "address", "skills"]
    shown = json.dumps(made, ensure_ascii=False)
    assert "110101199003074514" not in shown and "13800138001" not in shown


@pytest.mark.parametrize("name, status, code", [
    ("document.pdf", 415, "unknown_file_format"), ("old.xls", 415, "old_excel_file"), ("bomb.xlsx", 422, "file_limit_exceeded"),
    ("entity.xlsx", 422, "file_damaged"), ("quote.csv", 422, "file_quote_not_closed"), ("broken.csv", 422, "file_encoding_broken"),
])
def test_what_is_no_good_table_is_refused_at_once(organisation, name, status, code):
    # The name says nothing: what it is follows from the bytes.
    answer = upload(organisation.root, (SHEETS / name).read_bytes(), "volunteers.csv", expect=status)
    assert answer.code == code


def test_limits_are_named(organisation):
    root = organisation.root
    assert upload(root, b"", expect=422).code == "file_empty"
    assert upload(root, "姓名,手机\n", expect=422).code == "file_has_no_rows"
    assert upload(root, "姓名\n" + "a" * 200_000 + "\n", expect=422).code == "file_cell_too_long"
    assert upload(root, "姓名" + "," * 2000 + "x\n1\n", expect=422).code == "file_too_many_columns"
    assert upload(root, "姓名\n" + "张三\n" * 200_001, expect=422).code == "file_too_many_rows"


def test_problems_name_row_column_and_reason(organisation):
    root = organisation.root
    phone = people.phone()
    data = table(
        ["姓名", "手机号", "身份证号", "出生日期", "性别", "单位"],
        ["甲乙丙", phone, "", "", "", ""],                     # 2: fine
        ["", people.phone(), "", "", "", ""],                  # 3: no name
        ["丁一", "1.38E+10", "", "", "", ""],                  # 4: digits lost
        ["丁二", "12", "", "", "", ""],                        # 5: no phone
        ["丁三", people.phone(), "110101199003074515", "", "", ""],  # 6: check digit
        ["丁四", people.phone(), "", "1990-02-30", "", ""],    # 7: no such day
        ["丁五", people.phone(), "", "", "", "没有的单位"],    # 8: no such unit
        ["甲乙丙", phone, "", "", "", ""],                     # 9: the same as row 2
        ["丁六", "", "", "", "", ""],                          # 10: nothing to tell him by
        ["丁七", people.phone(), "", "2020-05-05", "", ""],    # 11: a child without guardian
    )
    made = upload(root, data)
    before = preview(root, made, organisation.north)
    assert counts(before) == (1, 0, 0, 9)
    found = problems(root, made["id"])
    assert found[3] == {"required"} and found[4] == {"digits_lost"}
    assert found[6] == {"id_number_checksum"} and found[8] == {"unit_unknown"}
    assert found[9] == {"duplicate_in_file"} and found[10] == {"identity_missing"} and found[11] == {"guardian_required"}
    assert len(found[5]) == 1 and len(found[7]) == 1
    row = root.get(f"/admin/imports/{made['id']}/rows", params={"outcome": "refuse", "limit": 2})["items"][1]
    assert row["problems"][0]["column"] == 1 and row["problems"][0]["field"] == "phone"
    assert "digits" in row["problems"][0]["message"]
    after = commit(root, made["id"])
    assert counts(after) == (1, 0, 0, 9)

    # The refused rows come back as they were, with row and reason, and can be corrected and sent again.
    answer = root.get(f"/admin/imports/{made['id']}/refused", params={"format": "csv"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:6] == ["姓名", "手机号", "身份证号", "出生日期", "性别", "单位"] and len(rows) == 10
    assert rows[2][0] == "丁一" and rows[2][6] == "4" and "digits" in rows[2][7]
    answer = root.get(f"/admin/imports/{made['id']}/refused", params={"format": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet.max_row == 10 and sheet["A3"].value == "丁一"


def test_the_same_file_twice_changes_nothing(organisation):
    data = many(700, people.word("t"))
    before, after = bring(organisation.root, data, organisation.south)
    assert counts(before) == counts(after) == (700, 0, 0, 0)
    before, after = bring(organisation.root, data, organisation.south)
    assert counts(before) == counts(after) == (0, 0, 700, 0)


def test_the_result_says_whom_each_row_made(organisation):
    root = organisation.root
    word = people.word("w")
    lines = [[f"{word}{i}", people.phone()] for i in range(3)]
    data = table(["姓名", "手机"], lines[0], ["", people.phone()], *lines[1:])
    before, after = bring(root, data, organisation.north)
    assert counts(before) == counts(after) == (3, 0, 0, 1)
    rows = root.get(f"/admin/imports/{after['id']}/rows")["items"]
    assert [row["outcome"] for row in rows] == ["create", "refuse", "create", "create"]
    assert rows[1]["volunteer_id"] is None
    made = [row for row in rows if row["outcome"] == "create"]
    names = [root.get(f"/admin/volunteers/{row['volunteer_id']}")["name"] for row in made]
    assert names == [row["name"] for row in made] == [line[0] for line in lines]


def test_people_who_are_there_are_changed_by_number_or_id_number(organisation):
    root = organisation.root
    made = organisation.volunteer(unit_id=organisation.north, occupation="教师")
    data = table(["志愿者编号", "职业"], [made["number"], "医生"])
    before, after = bring(root, data, organisation.north)
    assert counts(before) == counts(after) == (0, 1, 0, 0)
    assert root.get(f"/admin/volunteers/{made['id']}")["occupation"] == "医生"
    rows = root.get(f"/admin/imports/{after['id']}/rows", params={"outcome": "update"})["items"]
    assert rows[0]["changed_fields"] == ["occupation"] and rows[0]["volunteer_id"] == made["id"]
    # Told not to touch them, it leaves them alone.
    data = table(["志愿者编号", "职业"], [made["number"], "司机"])
    assert counts(bring(root, data, organisation.north, existing="skip")[1]) == (0, 0, 1, 0)
    # By name and phone alone it only says who it may be.
    other = organisation.volunteer(unit_id=organisation.north, phone=people.phone())
    phone = root.post(f"/admin/volunteers/{other['id']}/reveal", {"fields": ["phone"], "purpose": "test"})["phone"]
    data = table(["姓名", "手机号", "职业"], [other["name"], phone, "司机"])
    before, after = bring(root, data, organisation.north)
    assert counts(before) == counts(after) == (0, 0, 0, 1)
    assert problems(root, after["id"])[2] == {"possible_duplicate"}


def test_custom_fields_and_units_by_name(organisation):
    root = organisation.root
    key = people.word("f")
    root.post("/admin/custom-fields", {"key": key, "title_zh": f"尺码{key}", "title_en": f"Size {key}", "type": "choice",
                                       "options": ["S", "M"]}, expect=201)
    unit = root.get(f"/admin/units/{organisation.north_team}").json()
    name = people.name()
    data = table(["姓名", "手机号", f"尺码{key}", "所属单位"], [name, people.phone(), "M", unit["name"]],
                 [people.name(), people.phone(), "XXL", unit["name"]])
    before, after = bring(root, data, None)
    assert counts(before) == counts(after) == (1, 0, 0, 1)
    found = [v for v in root.pages("/admin/volunteers", params={"unit_id": unit["id"]}) if v["name"] == name]
    assert found[0]["custom"] == {key: "M"} and found[0]["unit_id"] == unit["id"]


def test_a_mapping_is_remembered(organisation):
    root = organisation.root
    word = people.word("h")
    data = table([f"{word}甲", f"{word}乙"], [people.name(), people.phone()])
    made = upload(root, data)
    assert [c["field"] for c in made["columns"]] == [None, None]
    columns = [{"index": 0, "field": "name"}, {"index": 1, "field": "phone"}]
    root.put(f"/admin/imports/{made['id']}/mapping", {"columns": columns, "unit_id": organisation.north})
    assert [c["field"] for c in upload(root, data)["columns"]] == ["name", "phone"]


def test_mappings_are_checked(organisation):
    root = organisation.root
    made = upload(root, table(["姓名", "手机"], [people.name(), people.phone()]))
    path = f"/admin/imports/{made['id']}/mapping"
    for columns, field in [
        ([{"index": 7, "field": "name"}], "columns[0].index"),
        ([{"index": 0, "field": "nonsense"}], "columns[0].field"),
        ([{"index": 0, "field": "name"}, {"index": 1, "field": "name"}], "columns[1].field"),
        ([{"index": 1, "field": "phone"}], "columns"),
    ]:
        assert field in root.put(path, {"columns": columns}, expect=422).fields
    assert "unit_id" in root.post(f"/admin/imports/{made['id']}/preview", expect=422).fields
    root.post(f"/admin/imports/{made['id']}/commit", {"consent_declared": True}, expect=409)


def test_without_the_declared_consent_nothing_is_entered(organisation):
    made = upload(organisation.root, table(["姓名", "手机"], [people.name(), people.phone()]))
    preview(organisation.root, made, organisation.north)
    for body in ({}, {"consent_declared": False}):
        answer = organisation.root.post(f"/admin/imports/{made['id']}/commit", body, expect=422)
        assert "consent_declared" in answer.fields


def test_nobody_imports_beyond_the_own_units(organisation):
    north = organisation.login("unit_administrator", organisation.north)
    stranger = organisation.volunteer(unit_id=organisation.south)
    south = organisation.root.get(f"/admin/units/{organisation.south}").json()
    made = upload(north, table(["姓名", "手机", "单位"], [people.name(), people.phone(), south["name"]],
                               [people.name(), people.phone(), ""]))
    north.put(f"/admin/imports/{made['id']}/mapping", {"columns": columns_of(made), "unit_id": organisation.south}, expect=404)
    before = preview(north, made, organisation.north)
    assert counts(before) == (1, 0, 0, 1) and problems(north, made["id"])[2] == {"unit_unknown"}
    # Somebody of another unit is neither changed nor shown.
    before, after = bring(north, table(["志愿者编号", "职业"], [stranger["number"], "医生"]), organisation.north)
    assert counts(after) == (0, 0, 0, 1) and problems(north, after["id"])[2] == {"exists_elsewhere"}
    assert organisation.root.get(f"/admin/volunteers/{stranger['id']}")["occupation"] is None
    # And the import itself is not there for others.
    other = organisation.login("unit_administrator", organisation.south)
    other.get(f"/admin/imports/{made['id']}", expect=404)
    assert made["id"] not in [i["id"] for i in other.pages("/admin/imports")]


def events(api, import_id):
    """The server-sent events of an import, until it ends them."""
    answer = api.call("GET", f"/admin/imports/{import_id}/events", stream=True, timeout=60)
    assert answer.status == 200
    name, found = None, []
    for line in answer.response.iter_lines(decode_unicode=True):
        if line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            found.append((name, json.loads(line[5:])))
            if found[-1][1]["state"] in ("previewed", "done", "failed", "cancelled"):
                break
    answer.response.close()
    return found


def test_progress_comes_as_events(organisation):
    root = organisation.root
    made = upload(root, many(4000, people.word("e")))
    preview(root, made, organisation.north)
    root.post(f"/admin/imports/{made['id']}/commit", {"consent_declared": True}, expect=202)
    found = events(root, made["id"])
    assert found[0][0] == "state" and found[-1][0] == "state" and found[-1][1]["state"] == "done"
    done = [item["rows_done"] for _, item in found]
    assert done == sorted(done) and done[-1] == 4000 and found[-1][1]["row_count"] == 4000


def test_who_uploaded_hears_of_the_end_once(organisation):
    organisation.root.post("/me/notices/read", {"up_to_id": 9007199254740991}, expect=204)
    _, done = bring(organisation.root, table(["姓名", "出生日期"], ["通知甲", "1990-01-01"], ["", "1990-01-02"]),
                    organisation.root_unit, "notice.csv")
    deadline = time.monotonic() + 30
    while True:
        told = [n for n in organisation.root.pages("/me/notices", params={"unread": "true"}) if n["kind"] == "import.finished"]
        if told:
            break
        assert time.monotonic() < deadline, "no notice came"
        time.sleep(0.05)
    assert len(told) == 1 and told[0]["link"] == f"import:{done['id']}" and "notice.csv" in told[0]["title"]


def test_who_uploaded_hears_of_a_failure_once(organisation):
    root = organisation.root
    staff = organisation.new_login(("unit_administrator", organisation.north))
    made = upload(staff, table(["姓名"], ["失败甲"]), "gone.csv")
    preview(staff, made, organisation.north)
    account = f"/admin/accounts/{staff.account_id}/state"
    root.post(account, {"state": "disabled", "reason": "on leave"}, expect=200)
    root.post(f"/admin/imports/{made['id']}/commit", {"consent_declared": True}, expect=202)
    assert wait(root, made["id"], "failed")["error"] is not None
    root.post(account, {"state": "active", "reason": "back"}, expect=200)
    staff.login(staff.username, PASSWORD)
    deadline = time.monotonic() + 30
    while not (told := [n for n in staff.pages("/me/notices") if n["kind"] == "import.failed"]):
        assert time.monotonic() < deadline, "no notice came"
        time.sleep(0.05)
    assert len(told) == 1 and told[0]["link"] == f"import:{made['id']}" and "gone.csv" in told[0]["title"]


def test_an_import_can_be_given_up(organisation):
    root = organisation.root
    made = upload(root, many(20000, people.word("c")))
    preview(root, made, organisation.north)
    root.post(f"/admin/imports/{made['id']}/commit", {"consent_declared": True}, expect=202)
    answer = root.post(f"/admin/imports/{made['id']}/cancel", expect=(200, 503))
    while answer.status != 200:
        answer = root.post(f"/admin/imports/{made['id']}/cancel", expect=(200, 503))
    assert answer["state"] == "cancelled"
    time.sleep(1)
    item = root.get(f"/admin/imports/{made['id']}").json()
    assert item["state"] == "cancelled" and item["rows_done"] == answer["rows_done"] < 20000


def test_a_killed_import_goes_on_where_it_was(profile, cluster, new_server):
    server = new_server()
    api = Api(server)
    api.login(SUPER_USERNAME, SUPER_PASSWORD)
    count = 24000
    made = upload(api, many(count, "k"))
    preview(api, made, 1)
    api.post(f"/admin/imports/{made['id']}/commit", {"consent_declared": True}, expect=202)
    kills = 0
    while kills < 2:
        item = api.get(f"/admin/imports/{made['id']}").json()
        assert item["state"] == "committing", f"too quick to be killed: {item}"
        if item["rows_done"] >= (kills + 1) * count // 4:
            server.kill()
            server.start()
            kills += 1
        time.sleep(0.01)
    done = wait(api, made["id"], "done", seconds=180)
    assert counts(done) == (count, 0, 0, 0) and done["rows_done"] == count
    assert int(server.sql("SELECT COUNT(*) FROM volunteer WHERE name LIKE '批量k%'")) == count
    assert int(server.sql("SELECT COUNT(DISTINCT name) FROM volunteer WHERE name LIKE '批量k%'")) == count


def test_the_template_has_every_column(organisation):
    answer = organisation.root.get("/admin/imports/template", params={"format": "csv"})
    header = next(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    made = upload(organisation.root, table(header, ["x"] * len(header)))
    assert None not in [c["field"] for c in made["columns"]]
    answer = organisation.root.get("/admin/imports/template", params={"format": "xlsx"})
    assert openpyxl.load_workbook(io.BytesIO(answer.content)).active.max_column == len(header)
