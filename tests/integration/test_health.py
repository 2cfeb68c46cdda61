"""Health, information, metrics, the log."""

import re

import requests

from harness import Api


def test_health(world):
    health = Api(world.server).get("/public/system/health")
    assert health["status"] == "ok"
    assert re.match(r"\d+\.\d+\.\d+", health["version"])
    parts = health["parts"]
    assert parts["database"]["status"] == "ok" and parts["database"]["latency_ms"] >= 0
    assert parts["migrations"]["status"] == "ok"
    for name, part in parts.items():
        assert part["status"] in ("ok", "off"), name
        assert part["message"] is None or part["status"] == "off", name


def test_health_speaks_the_callers_language(world):
    zh, en = (Api(world.server, language=tag).get("/public/system/health").json() for tag in ("zh-CN", "en"))
    assert set(zh["parts"]) == set(en["parts"])


def test_information(world):
    info = Api(world.server).get("/public/system/info")
    assert info["time_zone"] == "Asia/Shanghai" and info["default_language"] == "zh-CN"


def test_metrics_on_loopback_only(world):
    url = world.server.base + "/metrics"
    local = requests.get(url, timeout=10)
    assert local.status_code == 200
    assert local.headers["Content-Type"].startswith("text/plain")
    for name in ("requests", "loop", "fiber"):
        assert name in local.text.lower(), name
    line = re.compile(r'^(#.*|[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})? [-+0-9.eEnNaAiIfF]+)$')
    wrong = [text for text in local.text.splitlines() if text and not line.match(text)]
    assert not wrong, wrong[:5]
    # A proxy that speaks for somebody else.
    remote = requests.get(url, headers={"X-Forwarded-For": "203.0.113.9"}, timeout=10)
    assert remote.status_code in (403, 404)
    assert "voms" not in remote.text or "requests_total" not in remote.text


def test_metrics_count_by_route_and_status(world):
    volunteer = world.volunteer()
    for _ in range(3):
        world.root.get(f"/admin/volunteers/{volunteer['id']}")
    text = requests.get(world.server.base + "/metrics", timeout=10).text
    # By route, not by path: ids would make a series each.
    lines = [l for l in text.splitlines() if "{volunteer_id}" in l and "200" in l]
    assert lines, "no series for the volunteer's route"
    assert f"/volunteers/{volunteer['id']}" not in text
    assert "_bucket{" in text and 'le="+Inf"' in text


def test_the_log_names_no_secret(world):
    log = world.server.log()
    assert world.server.config["jwt"]["secret"] not in log
    assert world.server.config["encryption"]["key"] not in log
    assert not re.search(r"eyJ[A-Za-z0-9_-]{20,}\.", log), "a token in the log"
