"""The rush: many people press the button for the same few places at once.

Accounts, sessions and sign-up rights are written into the database and the access tokens are signed here with the
server's secret, for logging in thousands of people takes Argon2id minutes. What is measured and checked is the call.
"""

import base64
import hashlib
import hmac
import json
import re
import select
import socket
import time

SECRET = b"0123456789abcdef0123456789abcdef-integration"


def _base64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def access_token(account_id, session_id, ahead=0, lasts=800):
    """Good for so many seconds, on a server whose clock is so many seconds ahead of ours."""
    now = int(time.time() + ahead)
    claims = {"iss": "voms", "use": "access", "sub": str(account_id), "sid": str(session_id), "iat": now - 1,
              "nbf": now - 1, "exp": now + lasts}
    text = _base64(b'{"alg":"HS256","typ":"JWT"}') + b"." + _base64(json.dumps(claims).encode())
    return (text + b"." + _base64(hmac.new(SECRET, text, hashlib.sha256).digest())).decode()


def instant(server, seconds):
    """An SQL literal of now plus seconds."""
    if server.profile == "postgres":
        return f"date_trunc('milliseconds', now()) + interval '{seconds} seconds'"
    return str(int((time.time() + seconds) * 1000))


def truth(server, value):
    return ("true" if value else "false") if server.profile == "postgres" else str(int(value))


def make_people(server, count):
    """So many of the generated volunteers, with sessions: [(volunteer, account, session)]."""
    false, now, later = truth(server, False), instant(server, 0), instant(server, 60 * 24 * 3600)
    server.sql("UPDATE volunteer SET state = 'active', birth_date = '1990-01-01', consent_version = '1', "
               f"consent_withdrawn = {false}")
    volunteers = [int(i) for i in server.sql(f"SELECT id FROM volunteer ORDER BY id LIMIT {count}").split()]
    assert len(volunteers) == count
    known = set(server.sql("SELECT volunteer_id FROM account WHERE volunteer_id IS NOT NULL").split())
    fresh = [v for v in volunteers if str(v) not in known]
    for start in range(0, len(fresh), 500):
        rows = ",".join(f"('rush{v}', 'Rush', 'zh-CN', 'active', {false}, 1, {v}, 'x', {now}, {false}, {now}, {now})"
                        for v in fresh[start:start + 500])
        server.sql("INSERT INTO account (username, display_name, language, state, is_super, unit_id, volunteer_id, "
                   f"password_hash, password_changed_at, must_change_password, created_at, updated_at) VALUES {rows}")
    server.sql("INSERT INTO session (account_id, created_at, last_used_at, expires_at) "
               f"SELECT id, {now}, {now}, {later} FROM account WHERE username LIKE 'rush%' "
               "AND id NOT IN (SELECT account_id FROM session)")
    rows = server.sql("SELECT a.volunteer_id, a.id, s.id FROM account a JOIN session s ON s.account_id = a.id "
                      "WHERE a.username LIKE 'rush%' ORDER BY a.volunteer_id").split()
    people = [tuple(map(int, row.split("|"))) for row in rows][:count]
    assert len(people) == count
    return people


def make_place(server, places, starts_in=98 * 3600, lasts=2 * 3600, **columns):
    """A published activity of one shift with so many places: (activity, shift, position)."""
    now, begin, end = (instant(server, s) for s in (0, starts_in, starts_in + lasts))
    values = {"unit_id": 1, "recording_unit_id": 1, "state": "'published'", "state_changed_at": now, "name": "'Rush'",
              "category": "'other'", "description": "'Cleaning'", "place_name": "'Park'", "radius_m": 100,
              "person_in_charge": "'Wang Wu'", "is_volunteer_service": truth(server, True), "visibility": "'public'",
              "time_zone": "'Asia/Shanghai'", "cancel_deadline_minutes": 60, "approval": "'automatic'",
              "waitlist": "'promote'", "offer_minutes": 60, "starts_at": begin, "ends_at": end, "created_at": now,
              "updated_at": now, **columns}
    activity = int(server.sql(f"INSERT INTO activity ({', '.join(values)}) VALUES "
                              f"({', '.join(map(str, values.values()))}) RETURNING id").split()[0])
    position = int(server.sql(
        "INSERT INTO activity_position (activity_id, name, needed, required_skills, created_at, updated_at) "
        f"VALUES ({activity}, 'Helper', {places}, '[]', {now}, {now}) RETURNING id").split()[0])
    shift = int(server.sql(
        "INSERT INTO shift (activity_id, starts_at, ends_at, state, created_at, updated_at) "
        f"VALUES ({activity}, {begin}, {end}, 'planned', {now}, {now}) RETURNING id").split()[0])
    server.sql(f"INSERT INTO shift_place (shift_id, position_id, needed) VALUES ({shift}, {position}, {places})")
    return activity, shift, position


def prepare(server, people, places, approval="automatic"):
    """One shift with so many places, and people with sessions: (shift, position, tokens)."""
    tokens = [access_token(account, session) for _, account, session in make_people(server, people)]
    _, shift, position = make_place(server, places, approval=f"'{approval}'")
    return shift, position, tokens


class _Client:
    """One connection, which sends its next request when the last one is answered."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = None
        self.received = b""

    def send(self, numbered):
        self.number, request = numbered
        self.received = b""
        self.started = time.perf_counter()
        self.socket.sendall(request)

    def take(self):
        """Receives; true when the answer is complete."""
        some = self.socket.recv(65536)
        assert some, f"request {self.number} was not answered: {self.received[:200]}"
        self.received += some
        head, end, body = self.received.partition(b"\r\n\r\n")
        return bool(end) and len(body) >= int(_LENGTH.search(head).group(1))


_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def send_all(port, requests, connections):
    """Sends all over so many connections, answers as JSON: [(number, status, body, seconds)], seconds.

    One thread and few Python lines an answer, for client and server share the machine's cores.
    """
    waiting = list(enumerate(requests))[::-1]
    clients = [_Client(port) for _ in range(min(connections, len(waiting)))]
    answers, poll, began = [], select.epoll(), time.perf_counter()
    by_fd = {client.socket.fileno(): client for client in clients}
    for fd, client in by_fd.items():
        poll.register(fd, select.EPOLLIN)
        client.send(waiting.pop())
    while len(answers) < len(requests):
        events = poll.poll(60)
        assert events, f"{len(requests) - len(answers)} requests are not answered"
        for fd, _ in events:
            client = by_fd[fd]
            if client.take():
                answers.append((client.number, client.received, time.perf_counter() - client.started))
                if waiting:
                    client.send(waiting.pop())
    seconds = time.perf_counter() - began
    for client in clients:
        client.socket.close()
    return [(number, int(text[9:12]), json.loads(text.partition(b"\r\n\r\n")[2]), took)
            for number, text, took in answers], seconds


def posts(path, tokens, body):
    """The same request for each token."""
    text = json.dumps(body).encode()
    return [(f"POST /api/v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
             f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n").encode() + text
            for token in tokens]


def run(server, shift, position, tokens, connections):
    """All sign up, over so many connections: [(number, status, body, seconds)], seconds."""
    requests = posts("/me/signups", tokens, {"shift_id": shift, "position_id": position})
    return send_all(server.port, requests, connections)


def check(server, shift, answers, places):
    """Nobody lost, nobody too many, and the order is that of the answers' sequence numbers."""
    assert {status for _, status, _, _ in answers} == {201}, {b.get("code") for _, s, b, _ in answers if s != 201}
    signups = sorted((body for _, _, body, _ in answers), key=lambda body: body["sequence"])
    assert [s["sequence"] for s in signups] == list(range(1, len(answers) + 1))
    approved = min(places, len(answers))
    assert [s["state"] for s in signups] == ["approved"] * approved + ["waitlisted"] * (len(answers) - approved)
    assert [s["waitlist_place"] for s in signups[approved:]] == list(range(1, len(answers) - approved + 1))
    stored = server.sql(f"SELECT id, state, sequence FROM signup WHERE shift_id = {shift} ORDER BY sequence").split()
    assert stored == [f"{s['id']}|{s['state']}|{s['sequence']}" for s in signups]
    counts = server.sql(f"SELECT taken, waiting, pending, last_sequence FROM shift_place WHERE shift_id = {shift}").strip()
    assert counts == f"{approved}|{len(answers) - approved}|0|{len(answers)}"
