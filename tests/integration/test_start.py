"""Starting, stopping, starting again; configurations that are wrong."""

import json
import signal
import socket
import subprocess
import time

from harness import SUPER_PASSWORD, SUPER_USERNAME, Api, Server, find_binary
from world import PASSWORD, World


def run_server(tmp_path, text, *arguments):
    path = tmp_path / "config.json"
    path.write_text(text)
    path.chmod(0o600)
    return subprocess.run([str(find_binary("server")), "--data", str(tmp_path / "data"), "--config", str(path), *arguments],
                          capture_output=True, text=True, timeout=60)


def test_a_syntax_error_names_path_line_and_column(tmp_path):
    result = run_server(tmp_path, '{\n  "server": {\n    "port": 8181,,\n  }\n}\n')
    assert result.returncode == 78
    assert "config.json" in result.stderr and "3" in result.stderr
    assert "line" in result.stderr.lower() or ":3:" in result.stderr


def test_everything_wrong_is_told_at_once(tmp_path):
    result = run_server(tmp_path, json.dumps({
        "server": {"prot": 8181, "port": 99999999}, "jwt": {"secret": "short"},
        "super_admin": {"username": "admin", "password": "12345"}, "datbase": {}}))
    assert result.returncode == 78
    for name in ("server.prot", "server.port", "jwt.secret", "super_admin.password", "datbase"):
        assert name in result.stderr, name
    # The nearest known name is suggested.
    assert "database" in result.stderr
    assert "12345" not in result.stderr


def test_missing_secrets_are_named(tmp_path):
    result = run_server(tmp_path, json.dumps({"database": {"driver": "postgres"}}))
    assert result.returncode == 78
    for name in ("jwt.secret", "super_admin.username", "super_admin.password", "database.url"):
        assert name in result.stderr, name


def test_check_config(tmp_path, profile, cluster):
    server = Server("sqlite")
    result = run_server(tmp_path, json.dumps(server.config), "--check-config")
    assert result.returncode == 0, result.stderr
    assert SUPER_PASSWORD not in result.stdout + result.stderr
    result = run_server(tmp_path, "{}x", "--check-config")
    assert result.returncode == 78


def test_values_from_the_environment_and_from_files(new_server, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("Silver-Window-55\n")
    secret.chmod(0o600)
    server = new_server(config={"super_admin": {"username": "${VOMS_TEST_ADMIN}", "password": f"file:{secret}"}},
                        env={"VOMS_TEST_ADMIN": "env.admin"})
    Api(server).login("env.admin", "Silver-Window-55")


def test_a_port_that_is_taken(profile, cluster):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = Server(profile, cluster, config={"server": {"port": taken.getsockname()[1]}})
        server.start(wait=False)
        code = server.process.wait(timeout=30)
        assert code not in (0, -signal.SIGSEGV, -signal.SIGABRT)
        assert str(taken.getsockname()[1]) in server.log()
        server.check_log()


def test_a_database_that_stays_away(tmp_path):
    server = Server("sqlite")
    server.config["database"] = {"driver": "postgres", "url": f"postgresql://voms@/voms?host={tmp_path}/nowhere"}
    server.start(wait=False)
    try:
        deadline = time.monotonic() + 60
        while server.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)
        if server.process.poll() is not None:
            assert server.process.returncode == 69
        assert "nowhere" in server.log()
    finally:
        server.process.kill()
        server.process.wait()
    server.check_log()


def test_data_and_logins_outlive_a_restart(new_server):
    server = new_server()
    world = World(server)
    volunteer = world.volunteer()
    api = world.new_login(("coordinator", world.north))
    server.stop()
    server.start()
    again = Api(server, world.root.token).get(f"/admin/volunteers/{volunteer['id']}")
    assert again.json() == volunteer
    renewed = Api(server).post("/auth/refresh", {"refresh_token": api.refresh_token}, expect=200)
    Api(server, renewed["access_token"]).get("/auth/account")
    Api(server).login(SUPER_USERNAME, SUPER_PASSWORD)
    Api(server).login(api.username, PASSWORD)


def test_migrations_are_recorded_once(new_server):
    server = new_server()
    query = "SELECT id,name,applied_at FROM voms_schema_migrations ORDER BY id;"
    first = server.sql(query)
    assert len(first.splitlines()) >= 3
    server.stop()
    server.start()
    assert server.sql(query) == first


def test_a_request_that_runs_is_answered_before_the_end(new_server):
    """SIGTERM drains: an answer that was begun comes, and the exit is clean."""
    server = new_server()
    head = json.dumps({"login": SUPER_USERNAME, "password": SUPER_PASSWORD}).encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                       b"Content-Length: %d\r\n\r\n%s" % (len(head), head))
        time.sleep(0.02)
        server.process.send_signal(signal.SIGTERM)
        answer = client.recv(65536)
    assert answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 503"))
    server.stop()
