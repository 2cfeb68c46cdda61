"""Starts the real server, on SQLite or on a private PostgreSQL, and speaks to it.

Other suites (imports, faults) use this too: `Server`, `PostgresCluster`, `Api`.
"""

import contextlib
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import requests

from contract import REPOSITORY, contract

PREFIX = "/api/v1"
SUPER_USERNAME = "root.admin"
SUPER_PASSWORD = "correct horse battery 9"
START_SECONDS = 60
STOP_SECONDS = 30
# A connection that was silent for longer is not used again: the server ends it after 60 s, and a request sent in
# that moment is lost.
REUSE_SECONDS = 20
# The tests' own address is trusted as a proxy, so that they can speak for many clients: lockouts count by
# address, and one test must not lock out the next.
TRUSTED_PROXIES = ["127.0.0.1"]
_addresses = itertools.count(1)


def fresh_address():
    """A private address that no other client of this run has."""
    n = next(_addresses)
    return f"10.{(n >> 16) & 255}.{(n >> 8) & 255}.{n & 255}"


def find_binary(name):
    """The program under test: VOMS_SERVER's folder, or the newest build tree."""
    configured = os.environ.get("VOMS_SERVER")
    if configured:
        path = pathlib.Path(configured).resolve().parent / name
        if not path.exists():
            raise FileNotFoundError(f"{path} (from VOMS_SERVER)")
        return path
    candidates = [*REPOSITORY.glob(f"build*/src/bin/{name}"), *REPOSITORY.glob(f"build/test/src/bin/{name}")]
    found = sorted(candidates, key=lambda p: p.stat().st_mtime)
    if not found:
        raise FileNotFoundError(f"no build*/src/bin/{name} in {REPOSITORY}; build first, or set VOMS_SERVER")
    return found[-1]


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PostgresCluster:
    """A PostgreSQL of our own, by tests/support/postgres: own data directory and socket, no network."""

    def __init__(self, *settings):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="voms-pg-", dir="/tmp"))
        self.settings = settings
        self._databases = itertools.count(1)

    def _command(self, verb, *arguments):
        command = [str(REPOSITORY / "tests/support/postgres"), verb, str(self.directory), *arguments]
        result = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert result.returncode == 0, f"{command}: {result.stderr}{result.stdout}"
        return result.stdout

    def start(self):
        self._command("start", *self.settings)
        return self

    def restart(self):
        """Stops it hard, so that connections break, and starts it."""
        self._command("restart")

    def kill(self):
        """kill -9 for all of its processes; restart() brings it back."""
        self._command("kill")

    def close(self):
        with contextlib.suppress(AssertionError):
            self._command("stop")
        shutil.rmtree(self.directory, ignore_errors=True)

    def new_database(self):
        name = f"voms_{os.getpid()}_{next(self._databases)}"
        self.sql("voms_test", f"CREATE DATABASE {name}")
        return name

    def sql(self, database, statement):
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.url(database), "-c", statement]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def url(self, database):
        return f"postgresql://voms@/{database}?host={self.directory}"


def wait_until(condition, seconds=20, what="it"):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)


class Service:
    """A program of somebody else on a port of its own, in a directory of its own, that tests may kill and freeze."""

    def __init__(self, name):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"voms-{name}-", dir="/tmp"))
        self.port = free_port()
        self.process = None

    def arguments(self):
        raise NotImplementedError

    def answers(self):
        raise NotImplementedError

    def start(self):
        with open(self.directory / "log", "ab") as log:
            path = f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin:/sbin"
            self.process = subprocess.Popen(self.arguments(), cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=dict(os.environ, PATH=path))
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < deadline, (self.directory / "log").read_text()
            time.sleep(0.02)
        return self

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=STOP_SECONDS)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


class Redis(Service):
    def __init__(self, password=None):
        super().__init__("redis")
        self.password = password
        self.url = f"redis://{f':{password}@' if password else ''}127.0.0.1:{self.port}"

    def arguments(self):
        return ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                *(["--requirepass", self.password] if self.password else [])]

    def cli(self, *words):
        login = ["--no-auth-warning", "-a", self.password] if self.password else []
        result = subprocess.run(["redis-cli", "-p", str(self.port), *login, *words], capture_output=True, text=True,
                                timeout=10)
        return result.stdout.strip()

    def answers(self):
        return self.cli("ping") == "PONG"


class Nats(Service):
    def __init__(self):
        super().__init__("nats")
        self.monitor_port = free_port()
        self.url = f"nats://voms:secret-of-nats@127.0.0.1:{self.port}"

    def arguments(self):
        return ["nats-server", "-a", "127.0.0.1", "-p", str(self.port), "-m", str(self.monitor_port), "-js", "-sd", "data",
                "--user", "voms", "--pass", "secret-of-nats"]

    def monitor(self, path):
        return requests.get(f"http://127.0.0.1:{self.monitor_port}{path}", timeout=5)

    def answers(self):
        with contextlib.suppress(requests.RequestException):
            return self.monitor("/healthz").status_code == 200
        return False

    def lose_everything(self):
        """With the process dead: as if its disk had been lost."""
        shutil.rmtree(self.directory / "data")


WORKERS = ("worker-consumer", "worker-scheduler")


class Worker:
    """A worker process beside a server, with the server's configuration."""

    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.log_path = server.directory / f"{name}.log"
        self.process = None

    def start(self):
        server = self.server
        arguments = [str(find_binary(self.name)), "--data", str(server.data), "--config", str(server.config_path)]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(arguments, cwd=server.directory, env=server.env, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        return self

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=STOP_SECONDS)

    def stop(self):
        """As Server.stop."""
        process, self.process = self.process, None
        if process is None:
            return
        process.terminate()
        try:
            code = process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{self.name}: no exit within {STOP_SECONDS} s of SIGTERM:\n{self.log()[-4000:]}")
        check_log(self.log())
        assert code == 0, f"{self.name}: exit {code}:\n{self.log()[-4000:]}"


def check_log(text):
    found = re.search(r"AddressSanitizer|LeakSanitizer|UndefinedBehavior|runtime error:|BUG:", text)
    assert not found, f"a sanitizer report in the log:\n{text[max(0, found.start() - 500):][:6000]}"


class Server:
    """One server process with its own data. `profile` is "sqlite" or "postgres"; with nats.url its workers, too."""

    def __init__(self, profile, cluster=None, *, config=None, directory=None, database=None, env=None, options=()):
        self.options = options
        self.profile = profile
        self.cluster = cluster
        self.owns_directory = directory is None
        self.directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="voms-it-", dir="/tmp"))
        self.data = self.directory / "data"
        self.log_path = self.directory / "server.log"
        self.config_path = self.directory / "config.json"
        self.port = free_port()
        self.clock = self.directory / "clock"
        self.env = dict(os.environ, VOMS_TEST_CLOCK=str(self.clock), **(env or {}))
        self.env.setdefault("ASAN_OPTIONS", "detect_leaks=1:detect_stack_use_after_return=0:exitcode=99")
        self.env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1:exitcode=99")
        self.env.setdefault("LSAN_OPTIONS", f"suppressions={REPOSITORY}/tests/support/lsan.supp:print_suppressions=0")
        self.process = None
        self.database = database
        if profile == "postgres" and database is None:
            self.database = cluster.new_database()
        self.data.mkdir(parents=True, exist_ok=True)
        self.config = self._default_config()
        for section, values in (config or {}).items():
            self.config.setdefault(section, {}).update(values)
        carried = self.config.get("nats", {}).get("url")
        self.workers = [Worker(self, name) for name in WORKERS] if carried else []

    def _default_config(self):
        config = {
            "server": {"host": "127.0.0.1", "port": self.port, "trusted_proxies": TRUSTED_PROXIES},
            "jwt": {"secret": "0123456789abcdef0123456789abcdef-integration"},
            "encryption": {"key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"},
            "super_admin": {"username": SUPER_USERNAME, "password": SUPER_PASSWORD},
            "log": {"level": "info", "format": "text"},
        }
        if self.profile == "postgres":
            config["database"] = {"driver": "postgres", "url": self.cluster.url(self.database)}
        else:
            config["database"] = {"driver": "sqlite", "path": str(self.data / "voms.db")}
        return config

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    def arguments(self):
        return [str(find_binary("server")), "--data", str(self.data), "--config", str(self.config_path),
                *self.options]

    def start(self, *, wait=True):
        self.config_path.write_text(json.dumps(self.config, indent=2))
        self.config_path.chmod(0o600)
        self.log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.arguments(), cwd=self.directory, env=self.env,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if wait:
            self.wait_healthy()
            for worker in self.workers:
                worker.start()
        return self

    def wait_healthy(self, seconds=START_SECONDS):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log()[-4000:]}")
            with contextlib.suppress(requests.RequestException):
                if requests.get(self.base + PREFIX + "/public/system/health", timeout=5).status_code == 200:
                    return
            time.sleep(0.05)
        raise AssertionError(f"not healthy within {seconds} s:\n{self.log()[-4000:]}")

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def move_clock(self, ahead):
        """Sets the server's clock so far ahead of ours (a timedelta); all of its schedules run."""
        offset_ms = int(ahead.total_seconds() * 1000)
        told = f"offset_ms={offset_ms}"
        self.clock.write_text(str(offset_ms))
        for program in [self, *self.workers]:
            before = program.log().count(told)
            program.process.send_signal(signal.SIGUSR2)
            deadline = time.monotonic() + 10
            while program.log().count(told) == before:
                assert time.monotonic() < deadline, "the clock was not moved"
                time.sleep(0.02)

    def vomsctl(self, *arguments, check=True, timeout=120):
        result = subprocess.run(
            [str(find_binary("vomsctl")), *arguments, "--data", str(self.data), "--config", str(self.config_path)],
            capture_output=True, text=True, timeout=timeout, env=self.env, cwd=self.directory)
        if check and result.returncode != 0:
            raise AssertionError(f"vomsctl {arguments}: {result.returncode}\n{result.stdout}{result.stderr}")
        return result

    def kill(self):
        """As the machine would by losing power: no clean-up."""
        for program in [self, *self.workers]:
            if program.process is not None:
                program.process.kill()
                program.process.wait(timeout=STOP_SECONDS)

    def stop(self):
        """SIGTERM; the exit must be 0 and in time, and no sanitizer may have complained."""
        for worker in self.workers:
            worker.stop()
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"no exit within {STOP_SECONDS} s of SIGTERM:\n{self.log()[-4000:]}")
        finally:
            self.process = None
        self.check_log()
        assert code == 0, f"exit {code}:\n{self.log()[-4000:]}"

    def check_log(self):
        check_log(self.log())

    def close(self):
        try:
            self.stop()
        finally:
            keep = os.environ.get("VOMS_KEEP")
            if self.owns_directory and not keep:
                shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is None:
            self.close()
        else:
            with contextlib.suppress(AssertionError):
                self.close()

    def worker(self, name):
        return next(worker for worker in self.workers if worker.name == name)

    def sql(self, statement):
        """Looks into the database, or changes it behind the server's back."""
        if self.profile == "postgres":
            return self.cluster.sql(self.database, statement)
        path = self.config["database"]["path"]
        result = subprocess.run(["sqlite3", "-cmd", ".timeout 5000", path, statement], capture_output=True, text=True,
                                timeout=60)
        assert result.returncode == 0, result.stderr
        return result.stdout


class Exchange:
    """One request and its answer, for the contract and for assertions."""

    def __init__(self, response, method, path, sent_json, sent_params):
        self.response = response
        self.method = method
        self.path = path
        self.status = response.status_code
        self.headers = response.headers
        self.content_type = response.headers.get("Content-Type", "").split(";")[0].strip()
        self.sent_json = sent_json
        self.sent_params = sent_params
        self._json = None

    @property
    def content(self):
        return self.response.content

    @property
    def text(self):
        return self.response.content.decode("utf-8")

    @property
    def etag(self):
        return self.headers.get("ETag")

    @property
    def code(self):
        """The stable code of a problem, or None."""
        return self.json().get("code") if self.content_type == "application/problem+json" else None

    @property
    def fields(self):
        """field -> code of a validation problem."""
        return {e["field"]: e["code"] for e in self.json().get("errors", [])}

    def json(self):
        if self._json is None:
            self._json = json.loads(self.response.content.decode("utf-8"))
        return self._json

    def __getitem__(self, key):
        return self.json()[key]


class Api:
    """A client that holds every answer against the contract."""

    def __init__(self, server, token=None, *, address=None, language="en"):
        self.server = server
        self.base = server.base
        self.token = token
        self.address = address or fresh_address()
        self.language = language
        self.session = requests.Session()
        self.used_at = time.monotonic()
        self.account_id = None
        self.username = None
        self.refresh_token = None

    def anonymous(self, **kwargs):
        return Api(self.server, **kwargs)

    def with_token(self, token):
        other = Api(self.server, token, address=self.address, language=self.language)
        return other

    def call(self, method, path, json=None, *, expect=None, params=None, headers=None, data=None, files=None,
             stream=False, timeout=30, check=True):
        """Sends a request. `path` starts behind /api/v1. `expect` is a status or several."""
        full = path if path.startswith(("/api/", "/metrics")) else PREFIX + path
        sent = {"Accept-Language": self.language, "X-Forwarded-For": self.address}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        sent.update(headers or {})
        if time.monotonic() - self.used_at > REUSE_SECONDS:
            self.session.close()
        response = self.session.request(
            method, self.base + full, params=params, json=json, data=data, files=files, stream=stream, timeout=timeout,
            headers={k: v for k, v in sent.items() if v is not None}, allow_redirects=False)
        self.used_at = time.monotonic()
        exchange = Exchange(response, method, full.split("?")[0], json, params)
        if check and not stream:
            contract().check(exchange)
        if expect is not None:
            wanted = expect if isinstance(expect, (tuple, set, list)) else (expect,)
            assert exchange.status in wanted, (
                f"{method} {full}: {exchange.status} instead of {expect}: {response.text[:1500] if not stream else ''}")
        return exchange

    def get(self, path, *, expect=200, **kwargs):
        return self.call("GET", path, expect=expect, **kwargs)

    def post(self, path, json=None, *, expect=(200, 201, 202, 204), **kwargs):
        return self.call("POST", path, json, expect=expect, **kwargs)

    def put(self, path, json=None, *, expect=200, **kwargs):
        return self.call("PUT", path, json, expect=expect, **kwargs)

    def patch(self, path, json=None, *, expect=200, **kwargs):
        return self.call("PATCH", path, json, expect=expect, **kwargs)

    def delete(self, path, json=None, *, expect=204, **kwargs):
        return self.call("DELETE", path, json, expect=expect, **kwargs)

    def pages(self, path, *, params=None, limit=100):
        """All items of a list, page by page; fails when an item comes twice or paging does not end."""
        items, cursor, seen = [], None, set()
        for _ in range(10000):
            page = self.get(path, params=dict(params or {}, limit=limit, **({"cursor": cursor} if cursor else {})))
            items += page["items"]
            for item in page["items"]:
                key = item.get("id") or item.get("row_number") or item.get("volunteer_id")
                assert key is None or key not in seen, f"{path}: {key} came twice"
                seen.add(key)
            cursor = page["next_cursor"]
            if cursor is None:
                return items
        raise AssertionError(f"{path}: paging does not end")

    def login(self, login, password, *, expect=200):
        """Logs in and keeps the access token."""
        answer = self.post("/auth/login", {"login": login, "password": password}, expect=expect,
                           headers={"Authorization": None})
        if answer.status == 200 and "access_token" in answer.json():
            self.token = answer["access_token"]
            self.refresh_token = answer.json().get("refresh_token")
            self.account_id = answer["account"]["id"]
            self.username = answer["account"]["username"]
        return answer
