"""vomsctl backup, backup verify and restore: what comes back is one moment of what was there."""

import contextlib
import fcntl
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from harness import SUPER_PASSWORD, SUPER_USERNAME, Api, Server, find_binary

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "faults"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

from small_disk import small_file_system  # noqa: E402
from writers import Writers, check_all_there  # noqa: E402

PASSPHRASE = "correct horse battery staple"


class Site:
    """An installation with a server of its own, and the folder of its backups."""

    def __init__(self, server):
        self.server = server
        self.folder = server.directory / "backups"
        self.passphrase = server.directory / "passphrase"
        self.passphrase.write_text(PASSPHRASE + "\n")

    def ctl(self, *arguments, check=True, **kwargs):
        return self.server.vomsctl(*arguments, "--passphrase-file", str(self.passphrase), check=check, **kwargs)

    def backup(self, *options):
        """Makes one; gives its path."""
        answer = json.loads(self.ctl("backup", "--output", str(self.folder), "--json", *options).stdout)
        return pathlib.Path(answer["path"])

    def restore(self, path, *options, check=True):
        return self.ctl("restore", str(path), "--replace", "--yes", *options, check=check)

    def login(self):
        api = Api(self.server)
        api.login(SUPER_USERNAME, SUPER_PASSWORD)
        return api

    def prove(self):
        """Both chains are whole; the exit code of audit verify counts entries that wait to be sealed, too."""
        assert "the chain is whole" in self.server.vomsctl("audit", "verify", check=False).stdout
        assert "the ledger is sound" in self.server.vomsctl("ledger", "verify").stdout

    def add_file(self, name, content):
        (self.server.data / "files").mkdir(exist_ok=True)
        (self.server.data / "files" / name).write_bytes(content)

    def state(self):
        return json.loads((self.server.data / "backup-state.json").read_text())


@pytest.fixture
def site(new_server):
    return Site(new_server())


def unit_names(server):
    return {line for line in server.sql("SELECT name FROM unit").split("\n") if line}


def test_backup_under_writing_load_is_one_moment(site):
    root = site.login()
    writers = Writers(site.server, root.token, count=8)
    writers.wait_for(100)
    site.add_file("0123456789abcdef0123456789abcdef", b"a picture" * 1000)
    before = dict(writers.acknowledged)
    path = site.backup()
    after_backup = len(writers.acknowledged)
    writers.wait_for(after_backup + 50)
    writers.stop()
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    proof = site.ctl("backup", "verify", str(path)).stdout
    assert "are whole" in proof and "are sound" in proof

    site.server.stop()
    (site.server.data / "files" / "0123456789abcdef0123456789abcdef").unlink()
    site.restore(path)
    assert (site.server.data / "files" / "0123456789abcdef0123456789abcdef").read_bytes() == b"a picture" * 1000
    # All that was acknowledged before the backup is there, whole; each unit that is there has its ancestors and audit.
    there = unit_names(site.server)
    assert set(before) <= there, f"{len(set(before) - there)} are missing"
    assert not set(list(writers.acknowledged)[-20:]) & there, "it is the state from before the restoration"
    half = site.server.sql(
        "SELECT count(*) FROM unit u WHERE u.name LIKE 'unit %' AND ((SELECT count(*) FROM unit_ancestor a WHERE "
        "a.unit_id = u.id) <> 2 OR (SELECT count(*) FROM audit_entry l WHERE l.object_type = 'unit' AND "
        "l.object_id = u.id) < 1)")
    assert half.strip() == "0"
    site.server.start()
    site.prove()
    assert site.login().get("/admin/units", params={"limit": 1}).json()["items"]
    # What is written now gets ids that nobody had.
    more = Writers(site.server, site.login().token, count=2, prefix="later")
    more.wait_for(10)
    more.stop()
    check_all_there(site.server, more)


def test_backup_is_encrypted_and_needs_its_passphrase(site):
    site.add_file("secret", b"Zhang San 110101199003070011")
    path = site.backup()
    content = path.read_bytes()
    for plain in (b"voms_schema_migrations", b"Zhang San", site.server.config["encryption"]["key"].encode()):
        assert plain not in content
    site.passphrase.write_text("another horse battery staple\n")
    refused = site.ctl("backup", "verify", str(path), check=False)
    assert refused.returncode == 1 and "another passphrase" in refused.stderr
    site.passphrase.write_text("short\n")
    refused = site.ctl("backup", check=False)
    assert refused.returncode == 78 and "at least 12" in refused.stderr
    assert "battery" not in refused.stderr
    assert site.server.vomsctl("backup", check=False).returncode == 78


def test_every_damaged_byte_is_found_before_anything_changes(site):
    path = site.backup()
    content = path.read_bytes()
    site.server.stop()
    names = unit_names(site.server)
    places = [0, 20, 40, 80, 200, len(content) // 2, len(content) - 1]
    for place in places:
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1:])
        refused = site.restore(path, check=False)
        assert refused.returncode == 1, f"byte {place}: {refused.stdout}"
        assert any(word in refused.stderr for word in ("damaged", "no backup", "another passphrase")), refused.stderr
        assert unit_names(site.server) == names
    for cut in (10, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:cut])
        assert site.restore(path, check=False).returncode == 1, f"cut at {cut}"
    path.write_bytes(content + b"x")
    assert site.restore(path, check=False).returncode == 1
    assert unit_names(site.server) == names
    site.server.start()


def test_restore_refuses_what_would_destroy(site):
    path = site.backup()
    running = site.restore(path, check=False)
    assert running.returncode == 1 and "stop it first" in running.stderr
    site.server.stop()
    full = site.ctl("restore", str(path), check=False)
    assert full.returncode == 1 and "--replace" in full.stderr
    unasked = site.ctl("restore", str(path), "--replace", check=False)
    assert unasked.returncode == 1 and "--yes" in unasked.stderr
    asked = site.ctl("restore", str(path), "--replace", "--yes", "--dry-run")
    assert "nothing was changed" in asked.stdout
    site.server.start()


def test_restore_into_an_empty_place_brings_files_keys_and_configuration(site, profile, cluster):
    site.add_file("evidence", b"as it was")
    path = site.backup()
    other = Server(profile, cluster, config={"encryption": {"key": "HyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4"}})
    other.config_path.write_text(json.dumps(other.config))
    other.config_path.chmod(0o640)
    there = Site(other)
    restored = there.ctl("restore", str(path))
    assert "restored" in restored.stdout
    assert (other.data / "files" / "evidence").read_bytes() == b"as it was"
    config = json.loads(other.config_path.read_text())
    assert config["encryption"]["key"] == site.server.config["encryption"]["key"]
    assert config["jwt"] == other.config["jwt"] and config["server"] == other.config["server"]
    assert oct(other.config_path.stat().st_mode & 0o777) == "0o640"
    kept = json.loads(pathlib.Path(f"{other.config_path}.restored").read_text())
    assert kept == site.server.config
    former = json.loads(pathlib.Path(f"{other.config_path}.before-restore").read_text())
    assert former == other.config
    assert not (other.data / "restore-unfinished").exists()
    other.config = config
    with other:
        assert there.login().get("/admin/units", params={"limit": 1}).json()["items"]


def test_backup_of_a_newer_schema_is_refused_by_name(site):
    site.server.sql("INSERT INTO voms_schema_migrations (id, name, checksum, applied_at, version, duration_ms) VALUES "
                    "(9999, 'tomorrow', 'x', %s, '9.9.9', 0)" % ("now()" if site.server.profile == "postgres" else "1"))
    path = site.backup()
    site.server.stop()
    refused = site.restore(path, check=False)
    assert refused.returncode == 1 and "9999_tomorrow" in refused.stderr and "does not know" in refused.stderr
    refused = site.ctl("backup", "verify", str(path), check=False)
    assert refused.returncode == 1 and "9999_tomorrow" in refused.stderr
    site.server.start()


def test_keep_removes_older_ones_only(site):
    site.folder.mkdir()
    days = ["20250101", "20250601", "20260301", "20260302", "20260309", "20260310"]
    for day in days:
        (site.folder / f"voms-{day}T010000Z.backup").write_bytes(b"old")
    (site.folder / "voms-20260310T020000Z.backup.unfinished").write_bytes(b"left by a crash")
    (site.folder / "notes.txt").write_text("not ours")
    path = site.backup("--keep", "daily=2,weekly=3,monthly=3")
    left = sorted(p.name for p in site.folder.iterdir())
    assert left == sorted([path.name, "notes.txt", "voms-20260310T010000Z.backup", "voms-20260302T010000Z.backup",
                           "voms-20250601T010000Z.backup"])
    time.sleep(1.1)
    newest = site.backup("--keep", "2")
    assert sorted(p.name for p in site.folder.glob("voms-*")) == sorted([path.name, newest.name])
    assert site.ctl("backup", "--keep", "weekly", check=False).returncode == 1


def test_two_at_once_are_refused_and_the_outcome_is_recorded(site):
    path = site.backup()
    state = site.state()
    assert state["file"] == str(path) and state["size_bytes"] == path.stat().st_size and state["failure"] is None
    with open(site.server.data / "backup.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = site.ctl("backup", check=False)
        assert refused.returncode == 1 and "is locked" in refused.stderr
    refused = site.ctl("backup", "--output", "/proc/nowhere/backups", check=False)
    assert refused.returncode != 0
    state = site.state()
    assert state["failed_at"] > state["made_at"] and "/proc/nowhere" in state["failure"]
    site.ctl("backup", "verify", str(path))
    assert site.state()["verified_at"] > state["made_at"]


@pytest.fixture
def small_disk():
    """It has 40 MiB."""
    with small_file_system(40) as directory:
        yield directory


def test_full_disk_is_refused_before_and_survived_within(site, small_disk):
    # Foreseen: the files alone do not fit.
    site.add_file("large", os.urandom(30 << 20))
    refused = site.ctl("backup", "--output", str(small_disk), check=False)
    assert refused.returncode == 69 and "MiB are needed" in refused.stderr
    assert list(small_disk.iterdir()) == []
    # Unforeseen: the disk fills up meanwhile, which a limit on the size of files stands for.
    (site.server.data / "files" / "large").write_bytes(os.urandom(8 << 20))
    command = [str(find_binary("vomsctl")), "--config", str(site.server.config_path), "--data", str(site.server.data),
               "backup", "--output", str(small_disk), "--passphrase-file", str(site.passphrase)]
    limited = subprocess.run(["bash", "-c", 'trap "" XFSZ; ulimit -f 4096; exec "$@"', "-", *command],
                             capture_output=True, text=True, timeout=120, env=site.server.env)
    assert limited.returncode == 69 and "cannot write" in limited.stderr, limited.stderr
    assert list(small_disk.iterdir()) == []
    assert not (site.server.data / ".backup-work").exists()


def start_ctl(site, *arguments):
    command = [str(find_binary("vomsctl")), "--config", str(site.server.config_path), "--data", str(site.server.data),
               *arguments, "--passphrase-file", str(site.passphrase)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=site.server.env,
                            cwd=site.server.directory)


def test_kill_in_the_middle_leaves_the_old_state(site):
    site.server.vomsctl("generate-volunteers", "3000")
    site.add_file("large", os.urandom(4 << 20))
    path = site.backup()
    # In the middle of backups.
    for delay in (0.3, 0.75, 0.9, 1.05):
        process = start_ctl(site, "backup", "--output", str(site.folder))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=delay)
        process.kill()
        process.wait()
    for whole in site.folder.glob("*.backup"):
        assert "are whole" in site.ctl("backup", "verify", str(whole)).stdout
    time.sleep(1.1)
    newest = site.backup()
    assert not list(site.folder.glob("*.unfinished"))
    # In the middle of restorations.
    site.server.sql("UPDATE unit SET name = 'changed since' WHERE id = 1")
    site.server.stop()
    outcomes = set()
    for delay in (0.5, 0.7, 0.8, 0.9, 1.0, 1.2, 1.6):
        process = start_ctl(site, "restore", str(newest), "--replace", "--yes")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        wait_until_unused(site)
        name = site.server.sql("SELECT name FROM unit WHERE id = 1").strip()
        volunteers = site.server.sql("SELECT count(*) FROM volunteer").strip()
        assert volunteers == "3000"
        outcomes.add(name == "changed since")
        site.server.sql("UPDATE unit SET name = 'changed since' WHERE id = 1")
    assert True in outcomes, "none was killed before it changed anything"
    site.restore(newest)
    assert site.server.sql("SELECT name FROM unit WHERE id = 1").strip() != "changed since"
    assert path.exists()
    site.server.start()
    site.prove()


def wait_until_unused(site):
    """psql and pg_restore of a killed vomsctl end by themselves."""
    if site.server.profile != "postgres":
        return
    deadline = time.monotonic() + 30
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() " \
            "AND backend_type = 'client backend'"
    while site.server.sql(query).strip() != "0":
        assert time.monotonic() < deadline, "a program goes on by itself"
        time.sleep(0.05)
