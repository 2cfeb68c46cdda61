"""Login, tokens, sessions, passwords, the second factor."""

import statistics
import time

import people
import totp
from harness import SUPER_PASSWORD, SUPER_USERNAME, Api
from world import PASSWORD


def login(server, name, password, **kwargs):
    """A login from an address of its own; the answer."""
    expect = kwargs.pop("expect", 200)
    return Api(server, **kwargs).post("/auth/login", {"login": name, "password": password}, expect=expect)


def test_login_by_username_phone_and_email(world):
    phone, email = people.phone(), f"{people.word()}@example.org"
    account = world.account(phone=phone, email=email)
    for name in (account["username"], account["username"].upper(), phone, phone.removeprefix("+86"), email, email.upper()):
        answer = login(world.server, name, PASSWORD)
        assert answer["account"]["id"] == account["id"], name
        assert answer["token_type"] == "Bearer"
        assert 0 < answer["expires_in"] <= 3600


def test_unknown_user_and_wrong_password_answer_the_same(world):
    account = world.account()
    unknown = login(world.server, people.word("nobody"), "whatever it is", expect=401)
    wrong = login(world.server, account["username"], "whatever it is", expect=401)
    same = [{k: v for k, v in a.json().items() if k != "request_id"} for a in (unknown, wrong)]
    assert same[0] == same[1]
    assert unknown.code == "login_failed"


def test_unknown_user_and_wrong_password_take_the_same_time(world):
    def seconds(name):
        start = time.monotonic()
        login(world.server, name, "not the password", expect=401)
        return time.monotonic() - start

    wrong = [seconds(world.account()["username"]) for _ in range(4)]
    unknown = [seconds(people.word("nobody")) for _ in range(4)]
    slow, fast = statistics.median(wrong), statistics.median(unknown)
    assert fast > slow / 3, f"unknown {fast:.3f} s, wrong password {slow:.3f} s"


def test_refusals_are_logged_with_the_precise_reason_and_without_the_password(world):
    account = world.account()
    disabled = world.account()
    world.root.post(f"/admin/accounts/{disabled['id']}/state", {"state": "disabled", "reason": "left"})
    secret = people.word("Secret-Pass-")
    login(world.server, people.word("nobody"), secret, expect=401)
    login(world.server, account["username"], secret, expect=401)
    login(world.server, disabled["username"], PASSWORD, expect=(401, 403))
    Api(world.server, "no.such.token").get("/auth/account", expect=401)
    log = world.server.log().lower()
    for reason in ("unknown user", "wrong password", "disabled"):
        assert reason in log, reason
    assert secret.lower() not in log
    assert PASSWORD.lower() not in log
    assert SUPER_PASSWORD.lower() not in log


def test_an_account_is_locked_after_failures_and_an_administrator_unlocks_it(world):
    account = world.account()
    for _ in range(20):
        answer = login(world.server, account["username"], "wrong", expect=(401, 429))
        if answer.status == 429:
            break
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) >= 1
    # The right password does not help, from any address.
    assert login(world.server, account["username"], PASSWORD, expect=429).status == 429
    assert world.root.get(f"/admin/accounts/{account['id']}")["locked_until"] is not None
    assert world.root.post(f"/admin/accounts/{account['id']}/unlock")["locked_until"] is None
    login(world.server, account["username"], PASSWORD)


def test_an_address_that_tries_many_names_is_slowed_down(world):
    attacker = Api(world.server)
    answer = None
    for _ in range(60):
        answer = attacker.post("/auth/login", {"login": people.word("guess"), "password": "guess it"}, expect=(401, 429))
        if answer.status == 429:
            break
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) >= 1
    # Others are not hit.
    login(world.server, world.account()["username"], PASSWORD)


def test_refresh_rotates_and_reuse_revokes_the_family(world):
    api = world.new_login()
    first = api.refresh_token
    second = api.post("/auth/refresh", {"refresh_token": first}, expect=200)
    assert second["refresh_token"] != first
    fresh = api.with_token(second["access_token"])
    fresh.get("/auth/account")
    assert api.post("/auth/refresh", {"refresh_token": first}, expect=401).code
    # The thief's use ended the family: neither the newest refresh token nor its access token go on.
    api.post("/auth/refresh", {"refresh_token": second["refresh_token"]}, expect=401)
    fresh.get("/auth/account", expect=401)
    assert "reuse" in world.server.log()


def test_refresh_by_cookie(world):
    account = world.account()
    api = Api(world.server)
    answer = api.post("/auth/login", {"login": account["username"], "password": PASSWORD, "refresh_delivery": "cookie"})
    assert "refresh_token" not in answer.json()
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("voms_refresh=")
    for attribute in ("HttpOnly", "SameSite=Strict", "Path=/api/v1/auth"):
        assert attribute in cookie
    value = cookie.split(";")[0]
    again = Api(world.server).post("/auth/refresh", headers={"Cookie": value}, expect=200)
    assert "refresh_token" not in again.json()
    assert again.headers["Set-Cookie"].split(";")[0] != value
    Api(world.server).post("/auth/refresh", headers={"Cookie": value}, expect=401)


def test_refresh_without_a_token_is_401(world):
    Api(world.server).post("/auth/refresh", {}, expect=401)
    Api(world.server).post("/auth/refresh", {"refresh_token": "x" * 43}, expect=401)


def test_logout_ends_the_session(world):
    api = world.new_login()
    api.post("/auth/logout", expect=204)
    api.get("/auth/account", expect=401)
    api.post("/auth/refresh", {"refresh_token": api.refresh_token}, expect=401)


def test_sessions_are_listed_and_ended(world):
    first = world.new_login()
    other = Api(world.server)
    other.login(first.username, PASSWORD)
    sessions = first.get("/auth/sessions")["items"]
    assert len(sessions) == 2
    assert [s["current"] for s in sessions].count(True) == 1
    victim = next(s for s in sessions if not s["current"])
    assert victim["address"] == other.address
    first.delete(f"/auth/sessions/{victim['id']}")
    other.get("/auth/account", expect=401)
    first.delete(f"/auth/sessions/{victim['id']}", expect=404)
    for _ in range(2):
        other.login(first.username, PASSWORD)
    first.delete("/auth/sessions")
    other.get("/auth/account", expect=401)
    assert len(first.get("/auth/sessions")["items"]) == 1


def test_a_session_of_somebody_else_is_not_there(world):
    mine, theirs = world.new_login(), world.new_login()
    session = theirs.get("/auth/sessions")["items"][0]
    mine.delete(f"/auth/sessions/{session['id']}", expect=404)
    theirs.get("/auth/account")


def test_change_of_password(world):
    api = world.new_login()
    other = Api(world.server)
    other.login(api.username, PASSWORD)
    wrong = api.post("/auth/password", {"current_password": "not it", "new_password": "Bright-Lake-77"}, expect=422)
    assert "current_password" in wrong.fields
    for weak in ("short", "12345678", "password", api.username + "1"):
        answer = api.post("/auth/password", {"current_password": PASSWORD, "new_password": weak}, expect=422)
        assert "new_password" in answer.fields, weak
    api.post("/auth/password", {"current_password": PASSWORD, "new_password": "Bright-Lake-77"}, expect=204)
    api.get("/auth/account")
    other.get("/auth/account", expect=401)
    login(world.server, api.username, PASSWORD, expect=401)
    login(world.server, api.username, "Bright-Lake-77")


def test_a_temporary_password_must_be_changed_first(world):
    api = world.new_login(("coordinator", world.north))
    temporary = world.root.post(f"/admin/accounts/{api.account_id}/password", expect=200)["temporary_password"]
    api.get("/auth/account", expect=401)
    login(world.server, api.username, PASSWORD, expect=401)
    answer = api.login(api.username, temporary)
    assert answer["must_change_password"] is True
    refused = api.get("/admin/volunteers", expect=403)
    assert refused.code == "password_change_required"
    assert api.get("/auth/account")["must_change_password"] is True
    api.post("/auth/password", {"current_password": temporary, "new_password": "Calm-Forest-81"}, expect=204)
    answer = api.login(api.username, "Calm-Forest-81")
    assert answer["must_change_password"] is False
    api.get("/admin/volunteers")


def test_disabling_an_account_ends_its_sessions(world):
    api = world.new_login()
    changed = world.root.post(f"/admin/accounts/{api.account_id}/state", {"state": "disabled", "reason": "left us"})
    assert changed["state"] == "disabled"
    api.get("/auth/account", expect=401)
    api.post("/auth/refresh", {"refresh_token": api.refresh_token}, expect=401)
    world.root.post(f"/admin/accounts/{api.account_id}/state", {"state": "active", "reason": "back"})
    api.login(api.username, PASSWORD)
    api.get("/auth/account")


def test_own_account(world):
    api = world.new_login(("coordinator", world.north), ("auditor", world.south))
    account = api.get("/auth/account")
    assert {(r["role_code"], r["unit_id"]) for r in account["roles"]} == {
        ("coordinator", world.north), ("auditor", world.south)}
    assert set(account["permissions"]) == (
        set(world.roles["coordinator"]["permissions"]) | set(world.roles["auditor"]["permissions"]))
    assert {u["id"] for u in account["units"]} == {world.north, world.south}
    changed = api.patch("/auth/account", {"language": "en", "email": f"{people.word()}@example.org"},
                        headers={"If-Match": account.etag})
    assert changed["language"] == "en"
    assert changed["version"] == account["version"] + 1
    stale = api.patch("/auth/account", {"language": "zh-CN"}, headers={"If-Match": account.etag}, expect=412)
    assert stale.code
    assert api.get("/auth/account", headers={"If-None-Match": changed.etag}, expect=304).content == b""
    api.patch("/auth/account", {"email": "not an address"}, expect=422)


def test_an_address_or_phone_logs_in_one_account_only(world):
    phone = people.phone()
    world.account(phone=phone)
    api = world.new_login()
    assert api.patch("/auth/account", {"phone": phone}, expect=(409, 422)).code


def test_the_second_factor(world):
    api = world.new_login(("coordinator", world.north))
    assert api.get("/auth/totp")["enabled"] is False
    start = api.post("/auth/totp", expect=200)
    secret = start["secret"]
    assert start["otpauth_uri"].startswith("otpauth://totp/") and secret in start["otpauth_uri"]
    # Nothing is on before a code proved that the app has the secret.
    assert api.get("/auth/totp")["enabled"] is False
    wrong = f"{(int(totp.code(secret)) + 1) % 10 ** 6:06d}"
    assert "code" in api.post("/auth/totp/confirm", {"code": wrong}, expect=422).fields
    code = totp.code(secret)
    recovery = api.post("/auth/totp/confirm", {"code": code}, expect=200)["recovery_codes"]
    status = api.get("/auth/totp")
    assert status["enabled"] is True and status["recovery_codes_left"] == len(recovery) >= 8
    assert api.post("/auth/totp", expect=409).code == "totp_enabled"

    challenge = login(world.server, api.username, PASSWORD)
    assert challenge["second_factor_required"] is True
    assert "access_token" not in challenge.json()
    # The challenge is no access token.
    api.with_token(challenge["challenge_token"]).get("/auth/account", expect=401)
    other = Api(world.server)
    other.post("/auth/second-factor", {"challenge_token": challenge["challenge_token"], "code": wrong}, expect=401)
    # The code that confirmed was used: a code is good once.
    other.post("/auth/second-factor", {"challenge_token": challenge["challenge_token"], "code": code}, expect=401)
    following = totp.code(secret, time.time() + 30)
    tokens = other.post("/auth/second-factor", {"challenge_token": challenge["challenge_token"], "code": following},
                        expect=200)
    other.with_token(tokens["access_token"]).get("/auth/account")

    challenge = login(world.server, api.username, PASSWORD)["challenge_token"]
    body = {"challenge_token": challenge, "recovery_code": recovery[0]}
    api.token = other.post("/auth/second-factor", body, expect=200)["access_token"]
    assert api.get("/auth/totp")["recovery_codes_left"] == len(recovery) - 1
    challenge = login(world.server, api.username, PASSWORD)["challenge_token"]
    other.post("/auth/second-factor", {"challenge_token": challenge, "recovery_code": recovery[0]}, expect=401)

    renewed = api.post("/auth/totp/recovery-codes", {"password": PASSWORD, "code": recovery[1]}, expect=200)
    assert not set(renewed["recovery_codes"]) & set(recovery)
    api.delete("/auth/totp", {"password": "not it", "code": renewed["recovery_codes"][0]}, expect=422)
    api.delete("/auth/totp", {"password": PASSWORD, "code": renewed["recovery_codes"][0]})
    assert "access_token" in login(world.server, api.username, PASSWORD).json()


def test_an_administrator_removes_a_lost_second_factor(world):
    api = world.new_login()
    secret = api.post("/auth/totp", expect=200)["secret"]
    api.post("/auth/totp/confirm", {"code": totp.code(secret)}, expect=200)
    assert login(world.server, api.username, PASSWORD)["second_factor_required"] is True
    assert world.root.get(f"/admin/accounts/{api.account_id}")["totp_enabled"] is True
    world.root.delete(f"/admin/accounts/{api.account_id}/totp")
    assert "access_token" in login(world.server, api.username, PASSWORD).json()


def test_guessing_the_second_factor_ends(world):
    api = world.new_login()
    secret = api.post("/auth/totp", expect=200)["secret"]
    api.post("/auth/totp/confirm", {"code": totp.code(secret)}, expect=200)
    challenge = login(world.server, api.username, PASSWORD)["challenge_token"]
    other = Api(world.server)
    good = {totp.code(secret, time.time() + 30 * n) for n in range(-3, 4)}
    guesses = (f"{n:06d}" for n in range(100) if f"{n:06d}" not in good)
    statuses = [other.post("/auth/second-factor", {"challenge_token": challenge, "code": next(guesses)},
                           expect=(401, 429)).status for _ in range(25)]
    # At the end the right code does not help either: the challenge is used up or the account locked.
    code = totp.code(secret, time.time() + 30)
    final = other.post("/auth/second-factor", {"challenge_token": challenge, "code": code}, expect=(401, 429))
    assert final.status in (401, 429) and statuses[-1] in (401, 429)
    assert 429 in statuses or final.status == 401


def test_tokens_that_are_not_ours(world):
    good = world.new_login().token
    head, body, signature = good.split(".")
    none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
    for token in ("", "x", f"{head}.{body}", f"{head}.{body}.", f"{none}.{body}.", f"{head}.{body}.{signature[:-4]}AAAA",
                  f"{head}.{body[:-2]}.{signature}", good + "x"):
        answer = Api(world.server).get("/auth/account", headers={"Authorization": f"Bearer {token}"}, expect=401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    Api(world.server).get("/auth/account", headers={"Authorization": f"Basic {good}"}, expect=401)


def test_the_super_administrator_comes_from_the_configuration(world):
    account = login(world.server, SUPER_USERNAME, SUPER_PASSWORD)["account"]
    shown = world.root.get(f"/admin/accounts/{account['id']}")
    assert shown["is_super_administrator"] is True
    world.root.post(f"/admin/accounts/{account['id']}/state", {"state": "disabled", "reason": "x"}, expect=(403, 409, 422))
    mine = world.root.get("/auth/account")
    assert set(mine["permissions"]) == set(world.roles["super_administrator"]["permissions"])
