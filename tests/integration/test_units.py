"""The tree of units."""

import people


def test_create_read_change_delete(world):
    body = {"parent_id": world.north, "name": "小队 一", "code": people.word("c"), "kind": "小队", "contact_name": "李雷",
            "contact_phone": "010-12345678", "address": "北京市海淀区", "description": "第一\n小队"}
    made = world.root.post("/admin/units", body, expect=201)
    unit = made.json()
    assert {k: unit[k] for k in body} == body
    assert unit["depth"] == 2
    assert unit["path"] == f"/1/{world.north}/{unit['id']}/"
    assert unit["path_names"].endswith("小队 一")
    shown = world.root.get(f"/admin/units/{unit['id']}")
    assert shown.json() == unit and shown.etag == made.etag
    changed = world.root.patch(f"/admin/units/{unit['id']}", {"name": "小队 二", "address": None},
                               headers={"If-Match": shown.etag})
    assert changed["name"] == "小队 二" and changed["address"] is None and changed["kind"] == "小队"
    assert changed["version"] == unit["version"] + 1
    world.root.patch(f"/admin/units/{unit['id']}", {"name": "x"}, headers={"If-Match": shown.etag}, expect=412)
    world.root.delete(f"/admin/units/{unit['id']}")
    world.root.get(f"/admin/units/{unit['id']}", expect=404)


def test_what_is_not_valid(world):
    answer = world.root.post("/admin/units", {"parent_id": world.north, "name": "", "kind": 7, "colour": "red"}, expect=422)
    assert set(answer.fields) == {"name", "kind", "colour"}
    assert "name" in world.root.post("/admin/units", {"parent_id": world.north}, expect=422).fields
    world.root.post("/admin/units", {"parent_id": 9007199254740990, "name": "x"}, expect=(404, 422))


def test_a_code_names_one_unit(world):
    code = people.word("code")
    world.unit("A", code=code)
    answer = world.root.post("/admin/units", {"parent_id": 1, "name": "B", "code": code}, expect=(409, 422))
    assert answer.code


def test_a_unit_in_use_stays(world):
    parent = world.unit("Parent")
    world.unit("Child", parent_id=parent)
    assert world.root.delete(f"/admin/units/{parent}", expect=409).code == "unit_in_use"
    home = world.unit("Home")
    world.volunteer(unit_id=home)
    assert world.root.delete(f"/admin/units/{home}", expect=409).code == "unit_in_use"
    world.root.delete("/admin/units/1", expect=(409, 422))


def test_moving_moves_what_is_below_and_the_rights_with_it(world):
    a, b = world.unit("Move A"), world.unit("Move B")
    child = world.unit("Child", parent_id=a)
    grandchild = world.unit("Grandchild", parent_id=child)
    volunteer = world.volunteer(unit_id=grandchild)
    of_a, of_b = world.new_login(("coordinator", a)), world.new_login(("coordinator", b))
    of_a.get(f"/admin/volunteers/{volunteer['id']}")
    of_b.get(f"/admin/volunteers/{volunteer['id']}", expect=404)
    moved = world.root.post(f"/admin/units/{child}/move", {"parent_id": b}, expect=200)
    assert moved["parent_id"] == b
    assert world.root.get(f"/admin/units/{grandchild}")["path"] == f"/1/{b}/{child}/{grandchild}/"
    of_a.get(f"/admin/volunteers/{volunteer['id']}", expect=404)
    of_b.get(f"/admin/volunteers/{volunteer['id']}")


def test_no_unit_comes_below_itself(world):
    top = world.unit("Top")
    below = world.unit("Below", parent_id=top)
    for target in (top, below):
        assert world.root.post(f"/admin/units/{top}/move", {"parent_id": target}, expect=(409, 422)).code
    assert world.root.get(f"/admin/units/{below}")["parent_id"] == top


def test_the_list(world):
    top = world.unit("List top " + people.word())
    children = [world.unit(f"List child {n} {people.word()}", parent_id=top) for n in range(5)]
    listed = world.root.pages("/admin/units", params={"parent_id": top}, limit=2)
    assert sorted(u["id"] for u in listed) == sorted(children)
    answer = world.root.get("/admin/units", params={"parent_id": top, "total": "true", "limit": 1})
    assert answer["total"] == 5 and len(answer["items"]) == 1
    word = people.word("findme")
    world.unit(f"单位 {word}", parent_id=top)
    assert [u["name"] for u in world.root.get("/admin/units", params={"q": word})["items"]] == [f"单位 {word}"]
    names = [u["name"] for u in world.root.pages("/admin/units", params={"parent_id": top, "sort": "-name"}, limit=3)]
    assert names == sorted(names, reverse=True) and len(names) == 6


def test_counts(world):
    top = world.unit("Counting")
    team = world.unit("Counting team", parent_id=top)
    world.volunteer(unit_id=top)
    world.volunteer(unit_id=team)
    world.volunteer(unit_id=team)
    unit = world.root.get(f"/admin/units/{top}")
    assert (unit["volunteer_count"], unit["subtree_volunteer_count"]) == (1, 3)


def test_public_units_are_those_that_take_applications(world, anonymous):
    closed = world.unit("Closed", parent_id=world.north)
    world.open_applications()
    ids = {u["id"] for u in anonymous.pages("/public/units")}
    assert world.north in ids and closed not in ids
