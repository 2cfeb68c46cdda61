"""The parts of an installation that stands on several machines, here each on ports of its own."""

import contextlib
import pathlib
import shutil
import subprocess
import sys
import tempfile

import requests

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import harness  # noqa: E402
from contract import REPOSITORY  # noqa: E402
from harness import Nats, PostgresCluster, Redis, Service, free_port  # noqa: E402


class NatsNode(Nats):
    """One of three."""

    def __init__(self, number, route_ports):
        super().__init__()
        self.number = number
        self.route_ports = route_ports

    def arguments(self):
        routes = ",".join(f"nats://127.0.0.1:{port}" for port in self.route_ports)
        return [*super().arguments(), "--name", f"n{self.number}", "--cluster_name", "voms",
                "--cluster", f"nats://127.0.0.1:{self.route_ports[self.number]}", "--routes", routes]

    def answers(self):
        """Healthy only with the others: it is enough that it listens."""
        with contextlib.suppress(requests.RequestException):
            return self.monitor("/varz").status_code == 200
        return False


class NatsCluster:
    def __init__(self):
        ports = [free_port() for _ in range(3)]
        self.nodes = [NatsNode(number, ports) for number in range(3)]
        self.url = ",".join(node.url for node in self.nodes)

    def start(self):
        for node in self.nodes:
            node.start()
        wait_until(lambda: all(node.monitor("/healthz").status_code == 200 for node in self.nodes), "a cluster of NATS")
        return self

    def streams(self):
        """Of the nodes that answer: [(node, description of the stream there)]."""
        found = []
        for node in self.nodes:
            with contextlib.suppress(requests.RequestException, KeyError, IndexError):
                accounts = node.monitor("/jsz?streams=true&config=true").json()["account_details"]
                found.append((node, accounts[0]["stream_detail"][0]))
        return found

    def leader(self):
        """The node that leads the stream."""
        for _, stream in self.streams():
            if stream.get("cluster", {}).get("leader"):
                return next(node for node in self.nodes if f"n{node.number}" == stream["cluster"]["leader"])
        raise AssertionError(f"nobody leads: {self.streams()}")

    def close(self):
        for node in self.nodes:
            node.close()


class Sentinel(Service):
    def __init__(self, master, quorum=2):
        super().__init__("sentinel")
        (self.directory / "sentinel.conf").write_text(
            f"port {self.port}\nbind 127.0.0.1\nsentinel monitor voms 127.0.0.1 {master.port} {quorum}\n"
            "sentinel down-after-milliseconds voms 1000\nsentinel failover-timeout voms 5000\n")

    def arguments(self):
        return ["redis-server", "sentinel.conf", "--sentinel"]

    def ask(self, *words):
        result = subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True, timeout=10)
        return result.stdout.split()

    def answers(self):
        return self.ask("ping") == ["PONG"]


class RedisReplica(Redis):
    def __init__(self, master):
        super().__init__()
        self.master = master

    def arguments(self):
        return [*super().arguments(), "--replicaof", "127.0.0.1", str(self.master.port)]


class RedisWithSentinels:
    """A master, a replica and three who watch them."""

    def __init__(self):
        self.master = Redis()
        self.replica = RedisReplica(self.master)
        self.sentinels = []

    def start(self):
        self.master.start()
        self.replica.start()
        self.sentinels = [Sentinel(self.master).start() for _ in range(3)]
        wait_until(lambda: all(self.known(s) == (1, 2) for s in self.sentinels), "sentinels that know each other")
        return self

    @staticmethod
    def known(sentinel):
        """How many replicas and other sentinels it knows."""
        words = sentinel.ask("sentinel", "master", "voms")
        facts = dict(zip(words[::2], words[1::2]))
        return int(facts.get("num-slaves", 0)), int(facts.get("num-other-sentinels", 0))

    @property
    def url(self):
        return "sentinel://" + ",".join(f"127.0.0.1:{s.port}" for s in self.sentinels) + "/voms"

    def close(self):
        for service in (*self.sentinels, self.replica, self.master):
            with contextlib.suppress(ProcessLookupError):
                service.close()


class PostgresPair(PostgresCluster):
    """A primary and a standby that confirms every commit."""

    def __init__(self, *settings):
        super().__init__(*settings)
        self.standby = pathlib.Path(tempfile.mkdtemp(prefix="voms-pg-", dir="/tmp"))

    def start(self):
        super().start()
        self._of(self.standby, "replica", str(self.directory))
        wait_until(self.is_followed, "a synchronous standby")
        return self

    def is_followed(self):
        command = ["psql", "-XAt", "-h", str(self.directory), "-U", "postgres", "-c", "SELECT sync_state FROM pg_stat_replication"]
        return subprocess.run(command, capture_output=True, text=True, timeout=10).stdout.split() == ["sync"]

    @staticmethod
    def _of(directory, verb, *arguments):
        command = [str(REPOSITORY / "tests/support/postgres"), verb, str(directory), *arguments]
        # The server that it starts keeps our pipes open.
        result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
        assert result.returncode == 0, command

    def promote(self):
        """What Patroni would do once it has seen that the primary is gone."""
        self._of(self.standby, "promote")

    def url(self, database):
        return f"postgresql://voms@/{database}?host={self.directory},{self.standby}&target_session_attrs=read-write"

    def standby_url(self, database):
        return f"postgresql://voms@/{database}?host={self.standby}"

    def kill_standby(self):
        self._of(self.standby, "kill")

    def restart_standby(self):
        self._of(self.standby, "restart")

    def close(self):
        with contextlib.suppress(AssertionError):
            self._of(self.standby, "stop")
        shutil.rmtree(self.standby, ignore_errors=True)
        super().close()


def wait_until(condition, what, seconds=40):
    """As the harness's; a server that does not answer does not meet the condition."""

    def met():
        with contextlib.suppress(requests.RequestException):
            return condition()
        return False

    harness.wait_until(met, seconds, what)
