"""SQLite on a disk that is full."""

import pytest
from small_disk import small_file_system
from writers import Writers, check_all_there


@pytest.fixture
def small_disk():
    """A file system of 8 MiB that can grow."""
    with small_file_system(8) as directory:
        yield directory


def test_full_disk_is_said_and_survived(start, login, small_disk):
    server = start("sqlite", config={"database": {"path": str(small_disk / "voms.db")}})
    root = login(server)
    ballast = small_disk / "ballast"
    writers = Writers(server, root.token, count=8)
    writers.wait_for(50)
    fill(ballast)
    for _ in range(600):
        if 503 in writers.statuses():
            break
        writers.stopping.wait(0.05)
    assert 503 in writers.statuses(), f"a full disk, and only {writers.statuses()}"

    # What only reads goes on, and health tells.
    assert root.get("/admin/units", params={"limit": 1}).json()["items"]

    ballast.unlink()
    before = len(writers.acknowledged)
    writers.wait_for(before + 50)
    writers.stop()
    assert writers.statuses() <= {201, 503}, writers.statuses()
    check_all_there(server, writers)


def fill(path):
    with open(path, "wb", buffering=0) as ballast:
        for size in (1 << 16, 1 << 12, 1 << 9):
            try:
                while True:
                    ballast.write(b"x" * size)
            except OSError:
                continue
