"""Settings, jobs and dead letters."""

from harness import Api


def test_read_and_change(world):
    settings = world.root.get("/admin/settings")
    changed = world.root.patch("/admin/settings", {"organisation_name_zh": "晨光志愿者协会", "organisation_name_en": "Dawn"},
                               headers={"If-Match": settings.etag})
    assert changed["organisation_name_zh"] == "晨光志愿者协会" and changed["version"] == settings["version"] + 1
    world.root.patch("/admin/settings", {"organisation_name_zh": "x"}, headers={"If-Match": settings.etag}, expect=412)
    entry = world.root.get("/admin/audit", params={"object_type": "settings"})["items"]
    assert entry and entry[0]["actor_id"] == world.root.account_id


def test_what_is_not_valid(world):
    for body, field in (({"time_zone": "Mars/Olympus"}, "time_zone"), ({"default_language": "fr"}, "default_language"),
                        ({"minor_age": -1}, "minor_age"), ({"retention_session_days": "many"}, "retention_session_days"),
                        ({"colour": "red"}, "colour"), ({"applications_open": "yes"}, "applications_open")):
        assert field in world.root.patch("/admin/settings", body, expect=422).fields


def test_only_the_whole_organisations_administrators_change_them(world):
    for role in ("unit_administrator", "coordinator", "auditor"):
        world.login(role, world.root_unit).patch("/admin/settings", {"applications_open": True}, expect=403)
    assert Api(world.server).call("PATCH", "/admin/settings", {"applications_open": True}).status == 401


def test_jobs_and_dead_letters_are_listed(world):
    assert isinstance(world.root.get("/admin/jobs", params={"limit": 5})["items"], list)
    assert world.root.get("/admin/dead-letters")["items"] == []
    world.root.post("/admin/dead-letters/9007199254740990/retry", expect=404)
    world.root.delete("/admin/dead-letters/9007199254740990", expect=404)
