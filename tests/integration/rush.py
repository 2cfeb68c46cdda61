"""The rush: many people press the button for the same few places at once.

Accounts, sessions and sign-up rights are written into the database and the access tokens are signed here with the
server's secret, for logging in thousands of people takes Argon2id minutes. What is measured and checked is the call.
"""

import asyncio
import base64
import hashlib
import hmac
import json
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
        return f"now() + interval '{seconds} seconds'"
    return str(int((time.time() + seconds) * 1000))


def truth(server, value):
    return ("true" if value else "false") if server.profile == "postgres" else str(int(value))


def make_people(server, count):
    """So many of the generated volunteers, with sessions: [(volunteer, account, session)]."""
    false, now, later = truth(server, False), instant(server, 0), instant(server, 100 * 3600)
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


async def _client(port, requests, answers):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while requests:
        number, request = requests.pop()
        started = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        answers.append((number, int(head.split()[1]), body, time.perf_counter() - started))
    writer.close()


async def _run(port, requests, connections):
    answers = []
    started = time.perf_counter()
    await asyncio.gather(*(_client(port, requests, answers) for _ in range(connections)))
    return answers, time.perf_counter() - started


def run(server, shift, position, tokens, connections):
    """All sign up, over so many connections: [(number, status, body, seconds)], seconds."""
    body = json.dumps({"shift_id": shift, "position_id": position}).encode()
    requests = [(number, (f"POST /api/v1/me/signups HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                          f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body)
                for number, token in enumerate(tokens)]
    requests.reverse()
    answers, seconds = asyncio.run(_run(server.port, requests, connections))
    return [(n, status, json.loads(text), took) for n, status, text, took in answers], seconds


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
