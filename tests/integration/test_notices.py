"""Notices: the inbox, its stream, preferences, templates, and mail through a real SMTP server."""

import json
import sys
import threading
import time

import pytest

import people
from contract import REPOSITORY
from harness import Api, Server
from world import PASSWORD, World

sys.path.insert(0, str(REPOSITORY / "tests/support"))
from mailbox import Mailbox  # noqa: E402


@pytest.fixture(autouse=True, scope="module")
def taking_applications(world):
    world.open_applications()


def applicant(world, language="en", **fields):
    """Somebody who applied: (client, volunteer id)."""
    body = world.application(**fields)
    receipt = Api(world.server, language=language).post("/public/applications", body, expect=201)
    api = Api(world.server)
    api.login(body["username"], PASSWORD)
    return api, receipt["volunteer_id"]


def decide(world, volunteer_id, **body):
    world.root.post(f"/admin/applications/{volunteer_id}/decision", body or {"decision": "approve"}, expect=200)


def wait_for(api, count, **params):
    """The inbox once it holds that many."""
    end = time.monotonic() + 30
    while True:
        items = api.pages("/me/notices", params=params)
        if len(items) >= count:
            return items
        assert time.monotonic() < end, f"{count} notices are wanted, {items} are there"
        time.sleep(0.05)


def test_a_decision_reaches_the_inbox_once(world):
    api, volunteer_id = applicant(world)
    assert api.get("/me/notices/unread").json() == {"unread": 0, "latest_id": None}
    decide(world, volunteer_id)
    notice = wait_for(api, 1)[0]
    assert notice["kind"] == "application.approved" and notice["read_at"] is None
    assert "accepted" in notice["title"] and "{" not in notice["body"]
    chinese = Api(world.server, token=api.token, language="zh-CN").get("/me/notices")["items"][0]
    assert chinese["title"] == "申请已通过" and "欢迎" in chinese["body"]
    assert api.get("/me/notices/unread").json() == {"unread": 1, "latest_id": notice["id"]}

    api.post(f"/me/notices/{notice['id']}/read", expect=204)
    first = api.get("/me/notices")["items"][0]["read_at"]
    assert first is not None
    api.post(f"/me/notices/{notice['id']}/read", expect=204)
    assert api.get("/me/notices")["items"][0]["read_at"] == first
    assert api.pages("/me/notices", params={"unread": "true"}) == []
    assert len(api.pages("/me/notices")) == 1


def test_a_refusal_tells_the_reason(world):
    api, volunteer_id = applicant(world)
    decide(world, volunteer_id, decision="reject", reason="too far away")
    assert "too far away" in wait_for(api, 1)[0]["body"]


def test_who_arrives_on_the_waitlist_is_told_once(world):
    _, position, shift = world.published(needed=1, risk_notice="Mind the steps.")
    first, second = world.volunteer_login()[0], world.volunteer_login()[0]
    body = {"shift_id": shift["id"], "position_id": position["id"], "accept_risk_notice_version": 1}
    assert first.post("/me/signups", body, expect=201)["state"] == "approved"
    assert second.post("/me/signups", body, expect=201)["state"] == "waitlisted"
    assert [n["kind"] for n in wait_for(first, 1)] == ["signup.approved"]
    assert [n["kind"] for n in wait_for(second, 1)] == ["signup.waitlisted"]


def test_who_is_suspended_is_told_that_sign_ups_end(world):
    _, position, shift = world.published(needed=1)
    api, volunteer = world.volunteer_login()
    waiting, _ = world.volunteer_login()
    body = {"shift_id": shift["id"], "position_id": position["id"], "accept_risk_notice_version": 1}
    api.post("/me/signups", body, expect=201)
    waiting.post("/me/signups", body, expect=201)
    wait_for(api, 1)
    wait_for(waiting, 1)
    world.root.post(f"/admin/volunteers/{volunteer['id']}/state", {"state": "suspended", "reason": "no-shows"}, expect=200)
    told = {n["kind"]: n for n in wait_for(api, 2)}
    assert "no-shows" in told["signup.cancelled"]["body"]
    assert "signup.promoted" in {n["kind"] for n in wait_for(waiting, 2)}


def test_nobody_reads_the_notices_of_others(world):
    api, volunteer_id = applicant(world)
    other, _ = applicant(world)
    decide(world, volunteer_id)
    notice = wait_for(api, 1)[0]
    assert other.post(f"/me/notices/{notice['id']}/read", expect=404).code == "notice_not_found"
    assert other.pages("/me/notices") == []
    other.post("/me/notices/read", {"up_to_id": notice["id"]}, expect=204)
    assert api.get("/me/notices/unread")["unread"] == 1


def test_all_up_to_one_are_read(world):
    api, volunteer_id = applicant(world)
    decide(world, volunteer_id)
    wait_for(api, 1)
    correction = {"field": "phone", "message": "one digit is missing"}
    world.root.post(f"/admin/volunteers/{volunteer_id}/corrections", correction, expect=201)
    newest, oldest = wait_for(api, 2)
    assert newest["kind"] == "correction.requested" and "one digit" in newest["body"]
    api.post("/me/notices/read", {"up_to_id": oldest["id"]}, expect=204)
    assert [n["id"] for n in api.pages("/me/notices", params={"unread": "true"})] == [newest["id"]]
    page = api.get("/me/notices", params={"limit": 1, "total": "true"})
    assert page["total"] == 2 and page["next_cursor"] is not None


def test_the_stream_tells_what_comes(world):
    api, volunteer_id = applicant(world)
    told, opened = [], threading.Event()

    def listen():
        with api.get("/me/notices/events", stream=True).response as response:
            for line in response.iter_lines():
                if line.startswith(b"data: "):
                    told.append(json.loads(line[6:]))
                    opened.set()
                    if told[-1]["unread"] == 1:
                        return

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    assert opened.wait(20)
    assert told == [{"unread": 0, "latest_id": 0}]
    decide(world, volunteer_id)
    listener.join(20)
    assert not listener.is_alive() and told[-1]["unread"] == 1


def test_templates_are_checked_audited_and_reset(world):
    path = "/admin/notice-templates/application.approved"
    built_in = next(t for t in world.root.get("/admin/notice-templates")["items"] if t["kind"] == "application.approved")
    assert not built_in["customised"] and "name" in built_in["params"]
    body = {"title_zh": "你好 {name}", "body_zh": "欢迎", "title_en": "Hi {name}", "body_en": "Come on {monday}"}
    assert world.root.put(path, body, expect=422).fields.keys() == {"body_en"}
    body["body_en"] = "Welcome to {unit}"
    saved = world.root.put(path, body)
    assert saved["customised"] and saved["title_en"] == "Hi {name}"
    try:
        api, volunteer_id = applicant(world, name="韩 梅梅")
        decide(world, volunteer_id)
        notice = wait_for(api, 1)[0]
        assert notice["title"] == "Hi 韩 梅梅" and notice["body"].startswith("Welcome to North")
    finally:
        assert world.root.delete(path, expect=200)["title_en"] == built_in["title_en"]
    assert world.root.put("/admin/notice-templates/no.such", body, expect=404).code == "notice_kind_unknown"
    actions = [e["action"] for e in world.root.get("/admin/audit", params={"limit": 20})["items"]]
    assert "notice_template.update" in actions and "notice_template.reset" in actions


def test_preferences_name_known_kinds(world):
    api, _ = applicant(world)
    kinds = {p["kind"]: p for p in api.get("/me/notice-preferences")["items"]}
    assert kinds["application.approved"]["mail"] and not kinds["reminder.hours"]["mail"]
    api.put("/me/notice-preferences", {"items": [{"kind": "reminder.hours", "mail": True}]}, expect=204)
    assert {p["kind"]: p["mail"] for p in api.get("/me/notice-preferences")["items"]}["reminder.hours"]
    wrong = {"items": [{"kind": "reminder.day", "mail": False}, {"kind": "nothing", "mail": True}]}
    assert api.put("/me/notice-preferences", wrong, expect=422).fields.keys() == {"items[1].kind"}
    assert {p["kind"]: p["mail"] for p in api.get("/me/notice-preferences")["items"]}["reminder.day"]


@pytest.fixture(scope="module")
def posted(profile, cluster):
    """A server that sends mail, and where it goes."""
    mailbox = Mailbox(refused={"nobody@example.org"}).start()
    mail = {"url": mailbox.url, "from": "志愿者之家 <voms@example.org>", "tls": "none"}
    with Server(profile, cluster, config={"mail": mail}) as server:
        world = World(server)
        world.open_applications()
        yield world, mailbox
    mailbox.stop()


def mail_states(world, volunteer_id):
    return world.server.sql(f"SELECT mail FROM notice WHERE volunteer_id = {volunteer_id} ORDER BY id").split()


def wait_for_state(world, volunteer_id, state):
    end = time.monotonic() + 30
    while mail_states(world, volunteer_id) != [state]:
        assert time.monotonic() < end, mail_states(world, volunteer_id)
        time.sleep(0.05)


def test_mail_is_sent_in_the_readers_language(posted):
    world, mailbox = posted
    address = f"{people.word()}@example.org"
    api, volunteer_id = applicant(world, language="zh-CN", email=address)
    decide(world, volunteer_id)
    message = mailbox.wait(address)[0]
    notice = wait_for(api, 1)[0]
    assert message["subject"] == "申请已通过" and "欢迎" in message.get_content()
    assert str(message["from"]) == "志愿者之家 <voms@example.org>"
    assert message["message-id"] == f"<notice-{notice['id']}@example.org>"
    wait_for_state(world, volunteer_id, "sent")
    assert len(mailbox.to(address)) == 1


def test_who_does_not_want_mail_gets_none(posted):
    world, mailbox = posted
    address = f"{people.word()}@example.org"
    api, volunteer_id = applicant(world, email=address)
    api.put("/me/notice-preferences", {"items": [{"kind": "application.approved", "mail": False}]}, expect=204)
    decide(world, volunteer_id)
    wait_for(api, 1)
    assert mail_states(world, volunteer_id) == ["none"]


def test_a_refused_address_holds_up_nobody(posted):
    world, mailbox = posted
    _, refused_id = applicant(world, email="nobody@example.org")
    decide(world, refused_id)
    wait_for_state(world, refused_id, "refused")
    address = f"{people.word()}@example.org"
    _, volunteer_id = applicant(world, email=address)
    decide(world, volunteer_id)
    mailbox.wait(address)


def test_a_mail_server_that_was_away_loses_nothing(posted):
    world, mailbox = posted
    address = f"{people.word()}@example.org"
    api, volunteer_id = applicant(world, email=address)
    mailbox.stop()
    decide(world, volunteer_id)
    wait_for(api, 1)  # the inbox does not wait for the mail
    assert mail_states(world, volunteer_id) == ["waiting"]
    mailbox.start()
    mailbox.wait(address, seconds=60)
    wait_for_state(world, volunteer_id, "sent")
    assert len(mailbox.to(address)) == 1

