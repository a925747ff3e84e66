"""What nobody should send, and what should not break: refused in words, nothing changed, neighbours unharmed."""
from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from engine import actions, deployments, identity, incidents, jobs, tasks
from engine.documents.pdf import Office
from engine.environment import Environment
from engine.errors import Invalid, Refused, WrongState
from engine.models import Base, Document, Incident, Job, LoginSession, User, UserTask
from engine.vocabulary import JobStatus
from engine.web import create_web
from engine.work import SYSTEM, Work, unit_of_work
from tests.case import drawing, user_task
from tests.engine.docx_files import docx
from tests.stories import steps
from tests.stories.conftest import ROOT
from tests.stories.conftest import actions as registered
from tests.stories.story import Story

FILE = "processes/sale/stage_presentation.bpmn"
PASSWORD = "only for these tests"
SIGNAL = (
    '<bpmn:startEvent id="start"/><bpmn:intermediateCatchEvent id="wait" name="Ждём"><bpmn:signalEventDefinition '
    'id="d" signalRef="Signal_1"/></bpmn:intermediateCatchEvent><bpmn:endEvent id="end"/>'
)
GOOD = {"meeting_agreed": "agreed", "meeting_at": "2026-11-18T11:00", "meeting_place": "Москва",
        "meeting_subject": "Презентация", "participants_client": "Журавлёва Наталья"}  # fmt: skip
TOP = "<bpmn:definitions"
RUSSIAN = re.compile("[а-яё]{3}")
HANGING = """#!/bin/sh
case "$*" in
  *--convert-to*) echo hanging >> "{log}"; exec sleep 1000 ;;
  *) for last; do :; done; touch "$(dirname "$last")/.~lock.$(basename "$last")#"; exec sleep 1000 ;;
esac
"""


def changed(old: str, new: str) -> bytes:
    """The first stage of the sale with one thing spoilt."""
    content = (ROOT / FILE).read_text("utf-8")
    assert old in content
    return content.replace(old, new, 1).encode()


BAD_DRAWINGS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a document type": ("doctype", lambda: changed(TOP, '<!DOCTYPE d [<!ENTITY x "y">]>' + TOP)),
    "a broken expression": ("feel-syntax", lambda: changed('=meeting_agreed = "agreed"', "=meeting_agreed = ")),
    "a missing form": ("form-unknown", lambda: changed('"sale/plan_meeting"', '"sale/nowhere"')),
    "an unknown group": ("group-unknown", lambda: changed('candidateGroups="manager"', 'candidateGroups="managers"')),
    "a signal nobody throws": ("signal-nobody-throws", lambda: drawing(
        "lonely", SIGNAL, '<bpmn:signal id="Signal_1" name="nobody_throws_it"/>', flows="start>wait;wait>end")),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_DRAWINGS)
def test_a_bad_drawing_is_refused_and_takes_the_good_ones_with_it(story: Story, name: str) -> None:
    code, spoilt = BAD_DRAWINGS[name]
    good = drawing("harmless", '<bpmn:startEvent id="start"/>' + user_task("a") + '<bpmn:endEvent id="end"/>',
                   flows="start>a;a>end")  # fmt: skip
    before = everything(story.env)
    with pytest.raises(Refused) as refused:
        story.act("maria", deployments.publish, {"processes/test/good.bpmn": good, FILE: spoilt()})
    errors = [fault for fault in refused.value.faults if fault.severity == "error"]
    assert code in {fault.code for fault in errors}, [(fault.code, str(fault.reason)) for fault in errors]
    assert all(str(fault.remedy) for fault in errors)
    assert everything(story.env) == before


@pytest.mark.parametrize("name", [name for name in BAD_DRAWINGS if name != "a signal nobody throws"])
def test_the_designer_reads_in_russian_what_is_wrong_and_the_old_version_stays(story: Story, name: str) -> None:
    designer = at_the_desk(story, "maria")
    before = everything(story.env)
    answer = designer.post(f"/procedures/{Path(FILE).stem}/publish", data=BAD_DRAWINGS[name][1]())
    assert answer.status_code == 422
    assert answer.json is not None
    assert RUSSIAN.search(answer.json["message"])
    wrong = [fault for fault in answer.json["faults"] if fault["severity"] == "error"]
    assert wrong
    assert all(RUSSIAN.search(fault["reason"]) and RUSSIAN.search(fault["remedy"]) for fault in wrong), wrong
    assert everything(story.env) == before


FORGED: dict[str, tuple[dict[str, Any], str]] = {
    "a field of its own": ({"meeting_agreed": "agreed", "total": "1"}, "total"),
    "an answer that is not offered": ({"meeting_agreed": "bribed"}, "meeting_agreed"),
    "a date that is none": (GOOD | {"meeting_at": "завтра"}, "meeting_at"),
    "a list instead of a word": (GOOD | {"meeting_place": ["a", "b"]}, "meeting_place"),
    "a text without end": (GOOD | {"meeting_place": "а" * 2_000_000}, "meeting_place"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_form_is_refused_by_field(story: Story, name: str) -> None:
    raw, field = FORGED[name]
    story.begin()
    task = story.task("Договориться о презентации")
    before = everything(story.env)
    with pytest.raises(Invalid) as invalid:
        story.act("anna", tasks.complete, task.id, raw)
    assert field in invalid.value.fields
    assert everything(story.env) == before


def test_a_field_that_is_hidden_brings_nothing(story: Story) -> None:
    """Somebody sends a refusal together with a meeting: only the meeting is seen, so only the meeting counts."""
    story.begin()
    unseen = {"refusal": {"category": "no_budget", "comment": "нет денег"}, "postponed_until": "2027-01-01"}
    story.complete("Договориться о презентации", **GOOD, **unseen)
    kept = story.variables_of("Провести встречу")
    assert [kept.get("postponed_until"), kept.get("refusal")] == [None, None]


@pytest.mark.parametrize("source", [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{% include '/etc/passwd' %}", "{{ deal.delete() }}", "{{ nobody_knows_this }}",
])  # fmt: skip
def test_a_template_that_reaches_for_python_is_not_published(story: Story, source: str) -> None:
    before = everything(story.env)
    with pytest.raises(Refused) as refused:
        story.act("maria", deployments.publish, {"documents/sale/act.docx": docx(source)})
    assert {fault.file for fault in refused.value.faults} == {"documents/sale/act.docx"}
    assert everything(story.env) == before


def test_the_second_of_two_people_hears_who_was_faster_and_keeps_what_he_typed(story: Story) -> None:
    story.begin()
    task = story.task("Договориться о презентации")
    story.act("anna", tasks.unclaim, task.id)
    anna, boris = at_the_desk(story, "anna"), at_the_desk(story, "boris")
    page = boris.get(f"/tasks/{task.id}").text
    hidden = dict(re.findall(r'<input type="hidden" name="(_\w+)" value="([^"]*)"', page))
    filled = hidden | GOOD | {"_complete": "1"}
    assert anna.post(f"/tasks/{task.id}/complete", data=filled).status_code == 302
    story.work()
    before = everything(story.env)
    late = boris.post(f"/tasks/{task.id}/complete", data=filled | {"meeting_place": "Петербург, Фонтанка"})
    assert late.status_code in (404, 409), "he may not even see it any more, but what he typed is his"
    assert "Иванова Анна" in late.text
    assert "Петербург, Фонтанка" in late.text
    assert everything(story.env) == before
    with pytest.raises(WrongState):
        story.act("boris", tasks.complete, task.id, GOOD)
    assert everything(story.env) == before


def test_a_crashing_action_becomes_an_incident_while_its_neighbours_go_on(story: Story) -> None:
    unlucky, lucky = two_sales(story)
    story.env.actions = burning(unlucky)
    for sale in (unlucky, lucky):
        story.act("anna", tasks.complete, open_task(story, sale, "Plan").id, GOOD)
    until_an_incident(story)
    assert open_task(story, lucky, "Hold").name == "Провести встречу"
    (incident,) = rows(story, Incident)
    assert (incident.instance_id, incident.element_id) == (unlucky, "Invite")
    assert "the printer is on fire" in incident.message
    assert [job.attempts for job in rows(story, Job) if job.status == JobStatus.FAILED] == [3]

    story.env.actions = registered()
    story.act("elena", incidents.retry, incident.id, "Принтер потушили")
    story.clock.move(minutes=1)
    drain(story)
    assert open_task(story, unlucky, "Hold").name == "Провести встречу"
    assert story.mailbox.to("zhuravleva@polarstar.example.test")


@pytest.mark.begins_at("proposal")
def test_a_converter_that_hangs_is_killed_and_only_its_own_document_waits(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hung = story.instance_id
    other = begins_another(story)
    log, script = tmp_path / "log", tmp_path / "bin" / "soffice"
    script.parent.mkdir()
    script.write_text(HANGING.format(log=log))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    story.env.pdf = Office(timeout=0.3)

    said = {"lines": steps.LINES, "discount": "0", "offer_need": "Учить", "offer_solution": "Тренинг"}
    story.act("anna", tasks.complete, open_task(story, hung, "Prepare").id, said)
    story.act("anna", tasks.complete, open_task(story, other, "Plan").id, GOOD)
    until_an_incident(story)
    assert open_task(story, other, "Hold").name == "Провести встречу"
    (incident,) = rows(story, Incident)
    assert incident.instance_id == hung
    assert "LibreOffice did not finish the document" in incident.message
    assert log.read_text().splitlines() == ["hanging"] * 6, "two tries for each of three attempts"
    assert not alive(script), "every office was killed"
    assert [row for row in rows(story, Document) if row.kind == "proposal" and row.pdf_id is not None] == []

    story.env.pdf = None
    story.act("elena", incidents.retry, incident.id, "Конвертер починили")
    drain(story)
    assert open_task(story, hung, "Send").name == "Проверить и отправить"


# --- helpers ---------------------------------------------------------------------------------------------------------


def at_the_desk(story: Story, login: str) -> FlaskClient:
    """The browser of somebody who has signed in; it sends the CSRF token by itself."""
    with unit_of_work(story.env, SYSTEM) as work:
        user = work.session.scalars(select(User).filter_by(login=login)).one()
        user.password_hash = identity.hash_password(PASSWORD)
    client = create_web(story.env, {"SECRET_KEY": "only for tests"}).test_client()
    client.environ_base["HTTP_X_CSRFTOKEN"] = token_of(client)
    assert client.post("/signin", data={"login": login, "password": PASSWORD}).status_code == 302
    client.environ_base["HTTP_X_CSRFTOKEN"] = token_of(client)
    return client


def token_of(client: FlaskClient) -> str:
    found = re.search(r'csrf[-_]token"[^>]*(?:content|value)="([^"]+)"', client.get("/help").text or "") or re.search(
        r'csrf[-_]token"[^>]*(?:content|value)="([^"]+)"', client.get("/signin").text
    )
    assert found is not None
    return found[1]


def everything(env: Environment) -> dict[str, str]:
    """A fingerprint of each table, but for who is signed in."""
    found = {}
    with env.sessions() as session:
        for table in Base.metadata.sorted_tables:
            if table.name != LoginSession.__tablename__:
                content = sorted(repr(tuple(row)) for row in session.execute(select(table)))
                found[table.name] = hashlib.sha256("\n".join(content).encode()).hexdigest()
    return found


def two_sales(story: Story) -> tuple[int, int]:
    """Two sales that stand at their first step."""
    story.begin("Сделка, на которой действие падает")
    return story.instance_id, begins_another(story)


def begins_another(story: Story) -> int:
    """One more sale, of another client."""
    kept = story.deal_id, story.instance_id
    story.begin("Соседняя сделка", client=2)
    other = story.instance_id
    story.deal_id, story.instance_id = kept
    return other


def open_task(story: Story, instance_id: int, element_id: str) -> UserTask:
    found = [one for one in rows(story, UserTask) if one.rank is not None and one.instance_id == instance_id]
    assert [one.element_id for one in found] == [element_id]
    return found[0]


def rows(story: Story, model: type[Any]) -> list[Any]:
    with story.env.sessions() as session:
        return list(session.scalars(select(model).order_by(model.id)))


def drain(story: Story) -> None:
    """Do what is due now, whatever comes of it."""
    while jobs.run_due(story.env):
        pass


def until_an_incident(story: Story) -> None:
    """Let time pass until somebody must look at something."""
    for _ in range(100):
        drain(story)
        if rows(story, Incident):
            return
        story.clock.move(minutes=1)
    raise AssertionError("no incident in a hundred minutes")


def alive(script: Path) -> list[str]:
    """Command lines of processes that this script still runs as."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            said = place.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(script) in said:
            found.append(said)
    return found


def burning(instance_id: int) -> actions.Registry:
    """The company's actions; mail of one instance crashes."""
    real, spoilt = registered(), actions.Registry()

    def send(work: Work, call: actions.ActionCall) -> Any:
        if call.instance.id == instance_id:
            raise RuntimeError("the printer is on fire")
        return real.get("mail.send")(work, call)  # type: ignore[operator]

    for name in real:
        spoilt.add(name, send if name == "mail.send" else real.get(name))
    return spoilt
