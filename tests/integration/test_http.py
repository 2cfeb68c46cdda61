"""What every call does alike: limits, caching, conditions, repeated calls, odd requests."""

import json
import socket
import time
import uuid

import pytest

import people
from harness import Api
from world import PASSWORD


def raw(server, data, *, seconds=20, close_after=None):
    """Sends bytes and reads until the server closes, or nothing comes for a while."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as client:
        client.sendall(data)
        answer = b""
        while True:
            try:
                part = client.recv(65536)
            except (TimeoutError, socket.timeout, ConnectionResetError):
                break
            if not part:
                break
            answer += part
            if close_after and close_after in answer:
                break
        return answer


def status_of(answer):
    assert answer.startswith(b"HTTP/1.1 "), answer[:200]
    return int(answer.split(b" ")[1])


# ---- Requests that are not right ----


def test_unknown_routes(world):
    for path in ("/no/such/thing", "/admin/volunteers/1/no_such", "/admin/", "/"):
        answer = world.root.get(path, expect=404)
        assert answer.content_type == "application/problem+json"
    # As the api is, so is its root: no page of the console in its place.
    assert world.root.get("/api/v1/nothing", expect=404).code


def test_ids_that_are_none(world):
    for bad in ("abc", "0", "-1", "1.5", "99999999999999999999", "%00", "1%2f2", "١"):
        world.root.get(f"/admin/volunteers/{bad}", expect=(400, 404))


def test_wrong_method(world):
    answer = world.root.call("PUT", "/admin/volunteers", {}, expect=405)
    allowed = {m.strip() for m in answer.headers["Allow"].split(",")}
    assert {"GET", "HEAD", "POST", "OPTIONS"} <= allowed and "PUT" not in allowed
    world.root.call("DELETE", "/public/system/health", expect=405)


def test_options_and_no_cors(world):
    answer = world.root.call("OPTIONS", "/admin/volunteers", check=False, expect=(200, 204),
                             headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
    assert "POST" in answer.headers["Allow"]
    assert not [h for h in answer.headers if h.lower().startswith("access-control-")]
    answer = world.root.get("/public/system/info", headers={"Origin": "https://evil.example"})
    assert not [h for h in answer.headers if h.lower().startswith("access-control-")]


def test_cors_for_the_origins_that_are_configured(new_server):
    server = new_server(config={"server": {"cors_origins": ["https://portal.example"]}})
    api = Api(server)
    good = api.get("/public/system/info", headers={"Origin": "https://portal.example"})
    assert good.headers["Access-Control-Allow-Origin"] == "https://portal.example"
    bad = api.get("/public/system/info", headers={"Origin": "https://evil.example"})
    assert bad.headers.get("Access-Control-Allow-Origin") in (None, "https://portal.example")
    before = api.call("OPTIONS", "/admin/volunteers", check=False, expect=(200, 204), headers={
        "Origin": "https://portal.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type"})
    assert "POST" in before.headers["Access-Control-Allow-Methods"]
    assert "authorization" in before.headers["Access-Control-Allow-Headers"].lower()


def test_head_is_get_without_a_body(world):
    volunteer = world.volunteer()
    for path in ("/public/system/info", f"/admin/volunteers/{volunteer['id']}"):
        head, get = world.root.call("HEAD", path, expect=200), world.root.get(path)
        assert head.content == b""
        assert head.headers["Content-Length"] == get.headers["Content-Length"]
        assert head.etag == get.etag


@pytest.mark.parametrize("body", [
    b"", b"{", b"nonsense", b"[1,2]", b'"text"', b"null", b'{"login": "a", "password": "b"', b'{"login": "\xff"}',
    b'{"login": "\\ud800", "password": "x"}', b'{"a":' * 5000, b"[" * 20000 + b"]" * 20000, b'{"login":"a","login":"b"}',
    b'{"login": "a\\u0000b", "password": "x"}',
])
def test_bodies_that_are_no_json_object(world, body):
    answer = Api(world.server).call("POST", "/auth/login", data=body, headers={"Content-Type": "application/json"})
    assert answer.status in (400, 401, 422), answer.text
    if answer.status == 401:  # a text that the parser takes, and no such user
        assert body.startswith(b'{"login"')


def test_values_that_fit_no_type(world):
    for value in (1, None, True, [], {}, "x" * 300, 1e400, -0.0):
        body = json.dumps({"login": value, "password": "x"}).replace("Infinity", "1e400")
        answer = Api(world.server).call("POST", "/auth/login", data=body, headers={"Content-Type": "application/json"})
        assert answer.status in (400, 422), (value, answer.text)


def test_media_types(world):
    for media in ("text/plain", "application/xml", "application/x-www-form-urlencoded"):
        world.root.call("POST", "/admin/units", data=b"{}", headers={"Content-Type": media}, expect=415)
    body = json.dumps({"login": people.word(), "password": "x" * 12})
    for media in ("application/json", "application/json; charset=utf-8", "Application/JSON"):
        Api(world.server).call("POST", "/auth/login", data=body, headers={"Content-Type": media}, expect=401)


def test_a_body_over_the_limit(world):
    big = json.dumps({"parent_id": 1, "name": "x", "description": "y" * (2 * 1024 * 1024)})
    world.root.call("POST", "/admin/units", data=big, headers={"Content-Type": "application/json"}, expect=413)
    # Refused on what it announces, before it comes.
    head = (b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 99999999999\r\n\r\n")
    start = time.monotonic()
    assert status_of(raw(world.server, head, close_after=b"\r\n\r\n")) == 413
    assert time.monotonic() - start < 5
    # And while it comes, when it announces nothing.
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    head = (b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n")
    with socket.create_connection(("127.0.0.1", world.server.port), timeout=20) as client:
        client.sendall(head)
        answer = b""
        try:
            for _ in range(400):
                client.sendall(chunk)
            answer = client.recv(65536)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert not answer or status_of(answer) == 413
    assert world.root.get("/public/system/info").status == 200


def test_headers_and_paths_over_the_limit(world):
    long_header = b"GET /api/v1/public/system/info HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 200_000 + b"\r\n\r\n"
    answer = raw(world.server, long_header, seconds=5)
    assert answer == b"" or status_of(answer) in (400, 413, 431)
    long_path = b"GET /api/v1/public/" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = raw(world.server, long_path, seconds=5)
    assert answer == b"" or status_of(answer) in (400, 404, 414, 431)
    many = b"GET /api/v1/public/system/info HTTP/1.1\r\nHost: x\r\n" + b"".join(
        b"X-%d: y\r\n" % n for n in range(20_000)) + b"\r\n"
    answer = raw(world.server, many, seconds=5)
    assert answer == b"" or status_of(answer) in (200, 400, 413, 431)
    assert world.root.get("/public/system/info").status == 200


@pytest.mark.parametrize("data", [
    b"\r\n\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x00" * 1000,
    b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET /api/v1/public/system/info?%%%=%zz&&&=&a HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /api/v1/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /../../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
])
def test_bytes_that_are_no_request(world, data):
    answer = raw(world.server, data, seconds=2, close_after=b"\r\n\r\n")
    assert b"root:" not in answer
    assert answer == b"" or 200 <= status_of(answer) < 500 or status_of(answer) == 505  # HTTP/9.9
    assert world.root.get("/public/system/info").status == 200


def test_a_slow_client_is_let_go(world):
    """One byte now and then does not hold a connection for ever, nor does it slow down others."""
    slow = socket.create_connection(("127.0.0.1", world.server.port), timeout=20)
    slow.sendall(b"GET /api/v1/public/system/info HT")
    start = time.monotonic()
    ended = False
    while time.monotonic() - start < 40 and not ended:
        began = time.monotonic()
        assert world.root.get("/public/system/info").status == 200
        assert time.monotonic() - began < 5
        try:
            slow.sendall(b"T")
            slow.settimeout(1)
            ended = slow.recv(4096) is not None
        except (TimeoutError, socket.timeout):
            continue
        except OSError:
            ended = True
    slow.close()
    assert ended, "still there after 40 s of an unfinished request line"


def test_keep_alive(world):
    request = b"GET /api/v1/public/system/info HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", world.server.port), timeout=10) as client:
        for _ in range(3):
            client.sendall(request)
            answer = client.recv(65536)
            assert status_of(answer) == 200
            assert b"connection: close" not in answer.lower()
    answer = raw(world.server, request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert status_of(answer) == 200


def test_pipelined_requests_are_answered_in_order(world):
    requests = b"".join(b"GET /api/v1/public/no/%d HTTP/1.1\r\nHost: x\r\n\r\n" % n for n in range(5))
    requests += b"GET /api/v1/public/system/info HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = raw(world.server, requests)
    assert answer.count(b"HTTP/1.1 404") == 5 and answer.count(b"HTTP/1.1 200") == 1
    assert answer.rindex(b"HTTP/1.1 404") < answer.index(b"HTTP/1.1 200")


# ---- What each answer carries ----


def test_request_ids(world):
    first, second = world.root.get("/public/system/info"), world.root.get("/public/system/info")
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
    problem = world.root.get("/no/such", expect=404)
    assert problem["request_id"] == problem.headers["X-Request-Id"]
    refused = Api(world.server).get("/auth/account", expect=401)
    assert refused["request_id"] in world.server.log()


def test_headers_against_abuse(world):
    answer = world.root.get("/auth/account")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"] or "private" in answer.headers["Cache-Control"]


def test_conditions(world):
    volunteer = world.volunteer()
    path = f"/admin/volunteers/{volunteer['id']}"
    etag = world.root.get(path).etag
    for value in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        answer = world.root.get(path, headers={"If-None-Match": value}, expect=304)
        assert answer.content == b"" and answer.etag == etag
    world.root.get(path, headers={"If-None-Match": '"other"'}, expect=200)
    world.root.patch(path, {"occupation": "a"}, headers={"If-Match": '"v999"'}, expect=412)
    world.root.patch(path, {"occupation": "a"}, headers={"If-Match": "*"})
    world.root.patch(path, {"occupation": "b"}, headers={"If-Match": etag}, expect=412)
    world.root.patch(path, {"occupation": "c"})
    assert world.root.get(path)["occupation"] == "c"


def test_two_who_change_at_once(world):
    """With If-Match exactly one of many wins."""
    from concurrent.futures import ThreadPoolExecutor
    volunteer = world.volunteer()
    path = f"/admin/volunteers/{volunteer['id']}"
    etag = world.root.get(path).etag

    def change(n):
        api = Api(world.server, world.root.token)
        return api.patch(path, {"occupation": f"job {n}"}, headers={"If-Match": etag}, expect=(200, 412)).status

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(change, range(8)))
    assert statuses.count(200) == 1
    assert world.root.get(path)["version"] == volunteer["version"] + 1


# ---- Idempotency-Key ----


def test_a_repeated_call_is_carried_out_once(world):
    key = str(uuid.uuid4())
    body = world.draft(unit_id=world.unit("Repeat"))
    first = world.root.post("/admin/volunteers", body, headers={"Idempotency-Key": key}, expect=201)
    second = world.root.post("/admin/volunteers", body, headers={"Idempotency-Key": key}, expect=201)
    assert first.json() == second.json()
    assert len(world.root.pages("/admin/volunteers", params={"unit_id": body["unit_id"]})) == 1


def test_a_key_belongs_to_one_request_and_one_caller(world):
    key = str(uuid.uuid4())
    body = world.draft()
    first = world.root.post("/admin/volunteers", body, headers={"Idempotency-Key": key}, expect=201)
    other = dict(body, name="另 一个")
    reused = world.root.post("/admin/volunteers", other, headers={"Idempotency-Key": key}, expect=422)
    assert reused.code == "idempotency_key_reused"
    administrator = world.login("unit_administrator", world.north)
    somebody = administrator.post("/admin/volunteers", dict(body, phone=people.phone()), headers={"Idempotency-Key": key})
    assert somebody.status == 201 and somebody["id"] != first["id"]


def test_a_call_that_failed_can_be_repeated_with_its_key(world):
    key = str(uuid.uuid4())
    number = people.resident_id()
    known = world.volunteer(id_number=number, id_document_type="resident_id", birth_date=..., gender=...)
    body = world.draft(id_number=number, id_document_type="resident_id", birth_date=..., gender=...)
    headers = {"Idempotency-Key": key}
    world.root.post("/admin/volunteers", body, headers=headers, expect=409)
    world.root.patch(f"/admin/volunteers/{known['id']}", {"id_number": None, "id_document_type": None})
    world.root.post("/admin/volunteers", body, headers=headers, expect=201)


def test_concurrent_repeats_make_one(world):
    from concurrent.futures import ThreadPoolExecutor
    key = str(uuid.uuid4())
    body = world.draft(unit_id=world.unit("Race"))

    def send(_):
        api = Api(world.server, world.root.token)
        return api.post("/admin/volunteers", body, headers={"Idempotency-Key": key}, expect=(201, 409)).status

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(send, range(6)))
    assert 201 in statuses
    assert len(world.root.pages("/admin/volunteers", params={"unit_id": body["unit_id"]})) == 1


def test_a_key_that_is_none(world):
    world.root.post("/admin/volunteers", world.draft(), headers={"Idempotency-Key": "x" * 300}, expect=(400, 422))


# ---- Many at once ----


def test_many_writers_lose_nothing(world):
    from concurrent.futures import ThreadPoolExecutor
    unit = world.unit("Many")

    def write(n):
        api = Api(world.server, world.root.token)
        return [api.post("/admin/volunteers", world.draft(unit_id=unit), expect=201)["number"] for _ in range(5)]

    with ThreadPoolExecutor(8) as pool:
        numbers = [number for part in pool.map(write, range(8)) for number in part]
    assert len(set(numbers)) == 40
    assert {v["number"] for v in world.root.pages("/admin/volunteers", params={"unit_id": unit})} == set(numbers)


def test_logins_do_not_starve_the_loop(world):
    """Passwords are hashed beside the loops: reads stay quick while many log in."""
    from concurrent.futures import ThreadPoolExecutor
    accounts = [world.account()["username"] for _ in range(3)]
    with ThreadPoolExecutor(12) as pool:
        def log_in(n):
            return Api(world.server).post("/auth/login", {"login": accounts[n % 3], "password": PASSWORD},
                                          expect=(200, 429, 503)).status
        logins = [pool.submit(log_in, n) for n in range(24)]
        worst = 0
        for _ in range(30):
            began = time.monotonic()
            world.root.get("/public/system/info")
            worst = max(worst, time.monotonic() - began)
        statuses = [job.result() for job in logins]
    assert 200 in statuses
    assert worst < 2, f"a read took {worst:.2f} s"
