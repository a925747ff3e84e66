"""Stretches of the way of a complaint."""
from __future__ import annotations

from typing import Any

from engine import instances
from engine.crm import complaints as verbs
from engine.models import Complaint, ProcessInstance
from tests.stories.story import Story

SAID = "Материалы прислали за час до начала"


def comes(story: Story, by: str = "oleg", client: int = 1, **filled: Any) -> int:
    """An employee hears it and registers it; the instance's id."""
    begun: ProcessInstance = story.act(by, instances.start, "complaint", {}, client_id=client)
    story.instance_id = begun.id
    story.work()
    registers(story, **filled)
    return begun.id


def registers(story: Story, **filled: Any) -> None:
    """The registrar's form."""
    said = {"registration": "new", "complaint_essence": SAID, "complaint_demand": "Вернуть часть денег"}
    known = {name: value for name, value in said.items() if story.variables_of(REGISTER).get(name) is None}
    story.complete(REGISTER, **(known | filled))


def acknowledged(story: Story) -> None:
    """The client is told number and term."""
    story.send(send_channel="email")


def assigned(story: Story, login: str = "quentin") -> None:
    """Somebody answers for it."""
    story.complete("Назначить ответственного", complaint_assignee=login)


def investigated(story: Story, verdict: str = "justified", by: str | None = None, **filled: Any) -> None:
    """The cause is found."""
    said = {"investigation": "found", "complaint_findings": "Файлы ждали согласования два дня",
            "complaint_verdict": verdict, "complaint_category": "term", "complaint_cause": "handover"}  # fmt: skip
    story.complete("Найти причину", by=by, **(said | filled))


def remedied(story: Story, kind: str = "apology", **filled: Any) -> None:
    """What is done for the client."""
    story.complete("Предложить решение", complaint_remedy=kind, remedy_note="Извинились, дали запись", **filled)


def carried_out(story: Story, result: str) -> None:
    """The assignment is accepted, done and taken."""
    story.complete("Ответить на поручение", assignment_answer="accept")
    story.complete("Выполнить поручение", assignment_work="report", assignment_result=result)
    story.complete("Проверить результат", assignment_check="accept")


def answered(story: Story, decision: str = "granted") -> None:
    """The answer is written and goes out."""
    story.complete("Составить ответ", complaint_decision=decision)
    story.send(send_channel="email")


def verified(story: Story, result: str = "satisfied", **filled: Any) -> None:
    """After five working days the client is asked."""
    story.wait("P5BD")
    story.complete("Узнать, доволен ли клиент", verify_result=result, **filled)


def closed(story: Story) -> None:
    """Nothing goes into the knowledge base."""
    story.complete("Пополнить базу знаний", lesson_kind="none")


def handled(story: Story) -> None:
    """The whole way as it should go."""
    registers(story)
    acknowledged(story)
    assigned(story)
    investigated(story)
    remedied(story)
    answered(story)
    verified(story)
    closed(story)


def of(story: Story) -> Complaint:
    """The newest complaint."""
    with story.env.sessions() as session:
        return session.query(Complaint).order_by(Complaint.id.desc()).first() or verbs.find(session, 0)


REGISTER = "Зарегистрировать жалобу"
