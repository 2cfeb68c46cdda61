"""Lists as files: their rights, masks, filters, and cells that must not become formulas."""

import csv
import io

import openpyxl
import pytest

import people

LISTS = ["volunteers", "units", "memberships", "accounts", "audit"]


def rows_of(answer, form):
    if form == "csv":
        assert answer.content.startswith(b"\xef\xbb\xbf")
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    return [["" if v is None else v for v in row] for row in sheet.iter_rows(values_only=True)]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("name", LISTS)
def test_every_list_can_be_exported(world, name, form):
    world.volunteer(unit_id=world.north)
    answer = world.root.get(f"/admin/{name}/export", params={"format": form})
    rows = rows_of(answer, form)
    assert len(rows) > 1 and all(rows[0])
    assert f"{name}.{form}" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_sign_ups_of_an_activity_are_exported(world, form):
    activity, position, shift = world.published(needed=1)
    other = world.shift(activity["id"], hours=72)
    people_of = {}
    for at, count in ((shift, 2), (other, 1)):
        for _ in range(count):
            api, volunteer = world.volunteer_login()
            body = {"shift_id": at["id"], "position_id": position["id"],
                    "accept_risk_notice_version": activity["risk_notice_version"]}
            people_of[volunteer["number"]] = api.post("/me/signups", body, expect=201)["state"]
    path = f"/admin/activities/{activity['id']}/signups/export"

    def found(**params):
        answer = world.root.get(path, params={"format": form, **params}, headers={"Accept-Language": "en"})
        header, *rows = rows_of(answer, form)
        assert header[0] == "Volunteer number" and f"signups.{form}" in answer.headers["Content-Disposition"]
        return {row[0]: dict(zip(header, row)) for row in rows}

    everybody = found()
    assert set(everybody) == set(people_of)
    first, second, third = people_of
    assert [str(everybody[n]["Place on the waitlist"]) for n in (first, second)] == ["", "1"]
    assert set(found(shift_id=shift["id"])) == {first, second}
    assert set(found(state="waitlisted")) == {second}
    world.login("coordinator", world.north).get(path)
    world.login("coordinator", world.south).get(path, expect=404)
    world.root.get(path, params={"format": "pdf"}, expect=422)


def test_what_is_masked_stays_masked(world):
    phone = people.phone()
    made = world.volunteer(unit_id=world.north, phone=phone)
    text = world.root.get("/admin/volunteers/export", params={"q": made["number"]}).text
    assert made["number"] in text and phone[-11:] not in text.replace(" ", "")
    assert world.root.get("/admin/volunteers/export", params={"reveal": "phone"}, expect=422).fields == {"purpose": "required"}
    text = world.root.get("/admin/volunteers/export",
                          params={"q": made["number"], "reveal": "phone", "purpose": "to call them"}).text
    assert phone[-11:] in text.replace(" ", "")
    entry = world.root.get("/admin/audit", params={"action": "volunteer.export"})["items"][0]
    assert entry["purpose"] == "to call them"


def test_formulas_are_inert(world):
    made = world.volunteer(unit_id=world.north, occupation='=HYPERLINK("http://x")', education="@SUM(A1)")
    text = world.root.get("/admin/volunteers/export", params={"q": made["number"]}).text
    assert "\"'=HYPERLINK(" in text and "\"'@SUM" in text
    rows = rows_of(world.root.get("/admin/volunteers/export", params={"q": made["number"], "format": "xlsx"}), "xlsx")
    assert '=HYPERLINK("http://x")' in rows[1]


def test_an_export_is_confined_like_its_list(world):
    north = world.login("unit_administrator", world.north)
    hidden = world.volunteer(unit_id=world.south)
    shown = world.volunteer(unit_id=world.north)
    text = north.get("/admin/volunteers/export").text
    assert shown["number"] in text and hidden["number"] not in text
    world.login("auditor", world.north).get("/admin/volunteers/export", expect=403)
