"""Each page for each role, and what nobody may see."""

from __future__ import annotations

import re

import pytest

from engine.models import Document, Incident, ProcessInstance, StoredFile
from tests.engine.docx_files import docx
from tests.office import office_or_skip, pages
from tests.web import world as worlds
from tests.web.conftest import Visitor

EVERYBODY = ("anna", "lida", "gleb", "dina", "adam", "vera")
OPEN_TO_ALL = ("/tasks", "/tasks?tab=groups", "/tasks?tab=overdue", "/tasks?tab=done", "/approvals", "/start", "/deals",
               "/instances", "/instances?status=all", "/documents", "/help", "/help?role=auditor")  # fmt: skip
OVERSIGHT = ("/control-points", "/control-points?status=all", "/incidents", "/incidents?status=ended")


@pytest.mark.parametrize("login", EVERYBODY)
def test_every_employee_opens_the_pages_of_daily_work(visitor: Visitor, login: str) -> None:
    visitor.sign_in(login)
    for path in OPEN_TO_ALL:
        answer = visitor.get(path)
        assert answer.status_code == 200, path
        assert "<h1" in answer.text


@pytest.mark.parametrize(
    ("login", "status"), [("anna", 403), ("lida", 403), ("gleb", 200), ("dina", 200), ("vera", 200)]
)
def test_the_registers_are_for_those_who_oversee(visitor: Visitor, login: str, status: int) -> None:
    visitor.sign_in(login)
    assert [visitor.get(path).status_code for path in OVERSIGHT] == [status] * len(OVERSIGHT)


def test_the_menu_offers_only_what_its_reader_may_open(visitor: Visitor) -> None:
    visitor.sign_in("anna")
    page = visitor.get("/tasks").text
    offered = set(re.findall(r'class="side-link" href="([^"]+)"', page))
    assert "/deals" in offered
    assert {visitor.get(path).status_code for path in offered} == {200}
    assert "/incidents" not in offered


def test_who_is_not_signed_in_is_asked_to_sign_in_and_comes_back(visitor: Visitor) -> None:
    answer = visitor.get("/deals?status=won")
    assert answer.status_code == 302
    assert answer.location == "/signin?next=/deals?status%3Dwon"
    answer = visitor.post(answer.location, {"login": "anna", "password": worlds.PASSWORD}, page="/signin")
    assert answer.location == "/deals?status=won"


def test_signing_in_never_leads_to_another_site(visitor: Visitor) -> None:
    for target in ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        other = Visitor(visitor.client.application)
        answer = other.post(f"/signin?next={target}", {"login": "anna", "password": worlds.PASSWORD}, page="/signin")
        assert answer.location == "/tasks"


def test_a_wrong_password_is_refused_without_saying_which_was_wrong(visitor: Visitor) -> None:
    known = visitor.post("/signin", {"login": "anna", "password": "wrong password here"}, page="/signin")
    unknown = visitor.post("/signin", {"login": "nobody", "password": "wrong password here"}, page="/signin")
    assert (known.status_code, unknown.status_code) == (401, 401)
    alert = re.compile(r'role="alert".*?</div></div>', re.S)
    assert alert.search(known.text)[0] == alert.search(unknown.text)[0]  # type: ignore[index]


def test_a_login_session_ends_for_real(visitor: Visitor) -> None:
    visitor.sign_in("anna")
    stolen = visitor.client.get_cookie("login")
    assert stolen is not None
    assert visitor.post("/signout").status_code == 302
    visitor.client.set_cookie("login", stolen.value)
    assert visitor.get("/tasks").status_code == 302


def test_the_page_of_an_own_task_shows_form_help_deadline_and_place(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("boris")
    page = visitor.get(f"/tasks/{world.task('prepare', world.foreign_instance).id}").text
    for shown in ("Предмет предложения", "действующего прайса", "Почему этот срок?", "рабочий день 2", "data-diagram"):
        assert shown in page
    assert page.index("Предмет предложения") < page.index("data-diagram")


def test_a_task_that_is_not_ones_own_does_not_exist(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("yuri")
    for number in (world.task("prepare").id, 9999):
        assert visitor.get(f"/tasks/{number}").status_code == 404
        for act in ("complete", "claim", "unclaim", "draft", "form", "delegate", "resolve", "follow-up"):
            assert visitor.post(f"/tasks/{number}/{act}").status_code == 404, act
        for act in ("reassign", "due"):
            assert visitor.post(f"/tasks/{number}/{act}").status_code == 403, act


def test_deals_instances_and_documents_of_others_do_not_exist(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("yuri")
    paths = (f"/deals/{world.deal}", f"/instances/{world.instance}", f"/instances/{world.instance}/log",
             f"/instances/{world.instance}/replay", f"/instances/{world.instance}/replay.json",
             f"/documents/{world.document}.pdf", f"/documents/{world.document}.docx", "/files/1")  # fmt: skip
    assert {path: visitor.get(path).status_code for path in paths} == dict.fromkeys(paths, 404)
    assert "Северный ветер" not in visitor.get("/deals?status=all").text
    assert "КП-0001/26" not in visitor.get("/documents").text
    assert "Предложение по сделке" not in visitor.get("/instances?status=all").text


def test_a_deal_page_tells_its_whole_story(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("anna")
    page = visitor.get(f"/deals/{world.deal}").text
    for shown in ("Презентация", "CP-11", "КП-0001/26", "1\xa0259\xa0700,00", "п/п 118", "Орлова Мария", "replay"):
        assert shown in page, shown
    assert "Знакомство" in visitor.get(f"/deals/{world.deal}?scheme=khorosheva6").text


def test_a_document_opens_as_pdf_and_only_a_pdf_is_shown_by_the_browser(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("gleb")
    shown = visitor.get(f"/documents/{world.document}.pdf")
    assert (shown.status_code, shown.mimetype) == (200, "application/pdf")
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    saved = visitor.get(f"/documents/{world.document}.pdf?download=1")
    assert saved.headers["Content-Disposition"].startswith("attachment")


def test_a_pdf_that_was_never_kept_is_made_of_the_docx_when_somebody_looks(
    visitor: Visitor, world: worlds.World
) -> None:
    content = docx("Счёт на двадцать одну тысячу рублей")
    with world.env.sessions() as session:
        session.connection(execution_options={"write": True})
        paper = session.get_one(Document, world.document)
        stored = session.get_one(StoredFile, paper.docx_id)
        stored.sha256, stored.media_type = world.env.files.put(content), "application/octet-stream"
        paper.pdf_id = None
        session.commit()
    visitor.sign_in("gleb")
    path = f"/documents/{world.document}.pdf"
    assert visitor.get(path).status_code == 404
    assert path not in visitor.get("/documents").text
    world.env.pdf = office_or_skip()
    try:
        shown = visitor.get(path)
        assert (shown.mimetype, shown.headers["Content-Disposition"][:6]) == ("application/pdf", "inline")
        assert "двадцать одну тысячу рублей" in pages(shown.data)[0]
        assert path in visitor.get("/documents").text
    finally:
        world.env.pdf.close()


def test_the_log_says_whether_it_is_whole(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("vera")
    path = f"/instances/{world.instance}/log"
    assert "Журнал цел." in visitor.get(path).text
    with world.env.sessions() as session:
        raw = session.connection(execution_options={"write": True}).connection.driver_connection
        assert raw is not None
        raw.execute("DROP TRIGGER audit_event_no_update")
        raw.execute(
            "UPDATE audit_event SET type = 'user_task.cancelled' WHERE chain = ? AND seq = 3", (world.instance,)
        )
        session.commit()
    page = visitor.get(path).text
    assert "Журнал подделан." in page
    assert "Запись 3" in page


def test_the_replay_gives_every_coming_and_going_on_every_sheet(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("vera")
    way = visitor.get(f"/instances/{world.instance}/replay.json").json
    assert way is not None
    assert [(sheet["path"], sheet["caller"]) for sheet in way["sheets"]] == [("", None), ("check", "check")]
    assert [stay[1] for stay in way["stays"]] == ["begin", "prepare", "check", "in", "look", "out", "approve"]
    assert way["stays"][-1][3] is None
    assert visitor.get(way["sheets"][1]["drawing"]).mimetype == "application/xml"


def test_search_finds_in_any_case_and_takes_signs_literally(visitor: Visitor) -> None:
    visitor.sign_in("anna")
    for words in ("северный", "СЕВЕРНЫЙ", "с-0001", "Годовое обслуживание"):
        assert "С-0001/26" in visitor.get(f"/deals?q={words}").text, words
    assert "С-0001/26" not in visitor.get("/deals?q=%25").text


def test_htmx_gets_the_lines_of_the_inbox_alone(visitor: Visitor) -> None:
    visitor.sign_in("anna")
    lines = visitor.get("/tasks?tab=groups&q=дополнительное", HX_Request="true").text
    assert "<html" not in lines
    assert lines.count("<tr class") == 1


def test_an_addressed_page_that_does_not_exist_is_said_in_plain_words(visitor: Visitor) -> None:
    visitor.sign_in("anna")
    answer = visitor.get("/no/such/page")
    assert answer.status_code == 404
    assert "Здесь ничего нет" in answer.text


def test_health_answers_without_signing_in(visitor: Visitor) -> None:
    assert visitor.get("/healthz").json == {"status": "ok"}


def test_a_page_that_breaks_says_so_and_nothing_more(world: worlds.World, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.web import create_web

    app = create_web(world.env, {"SECRET_KEY": "only for tests", "PROPAGATE_EXCEPTIONS": False})
    visitor = Visitor(app).sign_in("anna")
    monkeypatch.setattr("engine.queries.deal.listing", lambda *_, **__: 1 / 0)
    answer = visitor.get("/deals")
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.text
    assert "Что-то сломалось" in answer.text


def test_an_incident_is_resolved_with_a_reason_only(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("gleb")
    visitor.post(f"/incidents/{world.incident}/resolve", {"reason": " "})
    with world.env.sessions() as session:
        assert session.get_one(Incident, world.incident).status == "open"
    visitor.post(f"/incidents/{world.incident}/resolve", {"reason": "Письмо отправлено вручную"})
    with world.env.sessions() as session:
        assert session.get_one(Incident, world.incident).status == "resolved"


def test_an_instance_is_suspended_and_its_tasks_rest(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("gleb")
    visitor.post(f"/instances/{world.instance}/suspend", {"reason": "Клиент попросил паузу"})
    with world.env.sessions() as session:
        assert session.get_one(ProcessInstance, world.instance).status == "suspended"
    task = world.task("approve")
    page = visitor.get(f"/tasks/{task.id}").text
    assert "Дело приостановлено" in page
    assert f"/tasks/{task.id}/complete" not in page
    assert visitor.post(f"/tasks/{task.id}/complete", {"agreed": "true"}).status_code == 409
