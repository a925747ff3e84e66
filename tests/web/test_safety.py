"""What every answer carries, and what is refused before a view is asked."""

from __future__ import annotations

import pytest
from flask import Flask

from engine.web.rules import allow, rule_of
from tests.web import world as worlds
from tests.web.conftest import Visitor

NEEDED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@pytest.mark.parametrize("path", ["/signin", "/tasks", "/no/such/page", "/healthz"])
def test_every_answer_forbids_scripts_of_others_guessing_and_framing(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)
    assert {name: answer.headers[name] for name in NEEDED} == NEEDED
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"


def test_pages_have_no_inline_scripts_styles_or_handlers(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("gleb")
    for path in ("/tasks", f"/deals/{world.deal}", f"/tasks/{world.task('approve').id}",
                 f"/instances/{world.instance}/replay", "/control-points", "/incidents"):  # fmt: skip
        page = visitor.get(path).text
        for bad in (" style=", " onclick=", "<style", "javascript:", "<script>"):
            assert bad not in page, (path, bad)


def test_cookies_cannot_be_read_by_scripts_or_sent_from_elsewhere(visitor: Visitor) -> None:
    answer = visitor.post("/signin", {"login": "anna", "password": worlds.PASSWORD}, page="/signin")
    for cookie in answer.headers.getlist("Set-Cookie"):
        if cookie.split("=")[1].startswith(";"):
            continue
        assert "HttpOnly" in cookie, cookie
        assert "SameSite=Lax" in cookie, cookie


def test_cookies_are_secure_where_the_site_is(world: worlds.World) -> None:
    from engine.web import create_web

    app = create_web(world.env, {"SECRET_KEY": "only for tests", "SESSION_COOKIE_SECURE": True, "TESTING": True})
    client = app.test_client()
    page = client.get("/signin", base_url="https://localhost").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    sent = {"login": "anna", "password": worlds.PASSWORD, "csrf_token": token}
    answer = client.post("/signin", data=sent, base_url="https://localhost", headers={"Referer": "https://localhost/"})
    assert all(
        "Secure" in cookie for cookie in answer.headers.getlist("Set-Cookie") if cookie.startswith(("login", "page"))
    )


def test_nothing_is_changed_without_the_token_of_the_page(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("gleb")
    task = world.task("approve")
    for path in (f"/tasks/{task.id}/claim", f"/tasks/{task.id}/complete", f"/instances/{world.instance}/cancel",
                 f"/incidents/{world.incident}/resolve", "/signout", "/language"):  # fmt: skip
        assert visitor.client.post(path, data={"reason": "x"}).status_code == 400, path
        assert visitor.client.post(path, data={"reason": "x", "csrf_token": "forged"}).status_code == 400, path
    assert world.task("approve").assignee_id is None


def test_whatever_changes_something_refuses_get(app: Flask, visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("gleb")
    for path in (f"/tasks/{world.task('approve').id}/claim", f"/instances/{world.instance}/cancel", "/signout"):
        assert visitor.get(path).status_code == 405


def test_who_was_signed_out_meanwhile_is_told_so(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("gleb")
    visitor.get("/tasks")
    visitor.client.delete_cookie("login")
    answer = visitor.post(f"/tasks/{world.task('approve').id}/claim", page="/signin")
    assert answer.status_code == 302
    assert "/signin" in answer.location
    assert "сеанс закончился" in visitor.get(answer.location).text


def test_a_script_of_somebody_signed_out_gets_no_page_in_place_of_its_answer(visitor: Visitor) -> None:
    asked = {"Sec-Fetch-Dest": "empty", "Referer": "http://localhost/board?scheme=long"}
    answer = visitor.client.get("/tasks/changes", headers=asked)
    assert answer.status_code == 401
    assert answer.text == ""
    assert answer.headers["HX-Redirect"] == "/signin?next=/board"


def test_a_view_without_a_rule_is_closed(app: Flask) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "open")
    assert rule_of(app.view_functions["forgotten"]) is None
    assert Visitor(app).sign_in("adam").get("/forgotten").status_code == 403


def test_a_rule_names_somebody() -> None:
    with pytest.raises(ValueError, match="say who"):
        allow()


def test_what_people_write_is_shown_and_not_executed(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("anna")
    nasty = '<img src=x onerror="alert(1)">'
    answer = visitor.post("/start/trial_offer", {"title": nasty})
    for path in (answer.location, "/tasks?tab=groups", "/instances"):
        page = visitor.get(path).text
        assert nasty not in page
        assert "&lt;img src=x" in page
