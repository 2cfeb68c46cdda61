"""vomsctl migrate-store: an embedded installation, moved to PostgreSQL, goes on as if nothing had happened."""

import json
import re

import pytest

import people
from harness import SUPER_PASSWORD, SUPER_USERNAME, Api, Server
from world import World


@pytest.fixture
def source(profile):
    if profile != "postgres":
        pytest.skip("needs both databases: runs with the profile postgres")
    server = Server("sqlite")
    server.start()
    yield server
    server.close()


@pytest.fixture
def target(source, cluster):
    """A server that was never started, on an empty database."""
    server = Server("postgres", cluster)
    server.config["storage"] = {"path": str(server.data)}
    server.config_path.write_text(json.dumps(server.config))
    server.config_path.chmod(0o600)
    yield server
    server.close()


def move(source, target, check=True, **kwargs):
    return source.vomsctl("migrate-store", "--from-config", str(source.config_path), "--from-data", str(source.data),
                          "--to-config", str(target.config_path), check=check, **kwargs)


def login(server, username=SUPER_USERNAME, password=SUPER_PASSWORD):
    api = Api(server)
    api.login(username, password)
    return api



def everything(server):
    """What people see, as both databases must tell it."""
    root = login(server)
    return {path: root.pages(path) for path in ("/admin/units", "/admin/volunteers", "/admin/roles", "/admin/accounts")}


def counts(server, tables):
    return {table: int(server.sql(f'SELECT count(*) FROM "{table}"')) for table in tables}


def tables_of(server):
    return [line for line in server.sql(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace").split("\n") if line]


def test_moved_installation_goes_on(source, target):
    world = World(source)
    source.vomsctl("generate-volunteers", "200")
    unit = world.root.post("/admin/units", {"parent_id": 1, "name": "反斜杠\\与 \"引号\""}).json()
    (source.data / "files").mkdir(exist_ok=True)
    (source.data / "files" / "evidence").write_bytes(b"a picture")
    before = everything(source)
    source.stop()
    # What no API takes, and a careless move would spoil.
    source.sql("UPDATE unit SET description = 'zeile' || char(10) || 'zwei' || char(13) || '\\N' || char(9) || '\\.' "
               f"WHERE id = {unit['id']}")
    [spoilt] = [item for item in before["/admin/units"] if item["id"] == unit["id"]]
    spoilt["description"] = "zeile\nzwei\r\\N\t\\."
    told = move(source, target).stdout
    assert "counts and checksums are equal" in told and "next: start the services" in told
    assert re.search(r"volunteer\s+200 ", told)
    assert (target.data / "files" / "evidence").read_bytes() == b"a picture"
    tables = [table for table in tables_of(target) if table != "voms_schema_migrations"]
    assert len(tables) > 60
    assert counts(source, tables) == counts(target, tables)
    assert target.sql("SELECT count(*) FROM pg_trigger WHERE tgenabled = 'D'").strip() == "0"

    with target:
        after = everything(target)
        for path, items in before.items():
            if path != "/admin/accounts":  # which tell of the last login
                assert after[path] == items, path
        assert [a["username"] for a in after["/admin/accounts"]] == [a["username"] for a in before["/admin/accounts"]]
        assert "the chain is whole" in target.vomsctl("audit", "verify", check=False).stdout
        assert "the ledger is sound" in target.vomsctl("ledger", "verify").stdout
        # New rows get ids that nobody had.
        root = login(target)
        later = root.post("/admin/units", {"parent_id": 1, "name": people.word("later")}).json()
        assert later["id"] > unit["id"]
        target.vomsctl("generate-volunteers", "5", "99")
        numbers = [v["number"] for v in root.pages("/admin/volunteers")]
        assert len(numbers) == len(set(numbers)) == 205


def test_move_refuses_what_would_destroy(source, target):
    running = move(source, target, check=False)
    assert running.returncode == 1 and "stop it first" in running.stderr
    source.stop()
    key = target.config["encryption"]["key"]
    target.config["encryption"]["key"] = "HyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4"
    target.config_path.write_text(json.dumps(target.config))
    other = move(source, target, check=False)
    assert other.returncode == 1 and "encryption keys" in other.stderr
    target.config["encryption"]["key"] = key
    target.start()
    used = move(source, target, check=False)
    assert used.returncode == 1 and "stop it first" in used.stderr
    target.stop()
    full = move(source, target, check=False)
    assert full.returncode == 1 and "not empty" in full.stderr
    backwards = move(target, source, check=False)
    assert backwards.returncode == 1 and "sqlite" in backwards.stderr


def test_move_that_fails_leaves_nothing_and_can_be_repeated(source, target):
    source.stop()
    source.sql("PRAGMA foreign_keys=OFF; INSERT INTO unit_ancestor (unit_id, ancestor_id) SELECT 1, 424242")
    broken = move(source, target, check=False)
    assert broken.returncode == 1 and "unit_ancestor" in broken.stderr
    assert target.sql("SELECT count(*) FROM account").strip() == "0"
    source.sql("DELETE FROM unit_ancestor WHERE ancestor_id = 424242")
    assert "counts and checksums are equal" in move(source, target).stdout
