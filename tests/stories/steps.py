"""Stretches of the way that many stories go: each brings a deal to the end of one stage."""
from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from engine.crm import questionnaires, surveys
from engine.models import StoredFile, Survey
from engine.work import Work
from tests.stories.story import Story

LINES = [
    {"name": "Конференция для клиентов «под ключ»", "quantity": "1", "unit": "мероприятие", "price": "244000.00"},
    {"name": "Опрос удовлетворенности клиентов", "quantity": "2", "unit": "волна", "price": "61000.00"},
]
TOTAL = Decimal("366000.00")
UNIT_TASK = "Выполнить задачу по проекту"
QUESTIONS = [question["key"] for question in questionnaires.GENERAL["questions"]]


def agree_meeting(story: Story, at: str = "2026-11-18T11:00", **filled: Any) -> None:
    """A meeting on Wednesday at eleven (Moscow)."""
    said = {"meeting_agreed": "agreed", "meeting_at": at, "meeting_place": "Москва, ул. Краснопрудная, 12"}
    story.complete("Договориться о презентации", **(said | filled))


def hold_meeting(story: Story) -> None:
    """Time passes until the meeting is over, and its outcome is noted."""
    story.wait("P2BD")
    story.complete("Провести встречу", meeting_result="held", meeting_ended_at="2026-11-18T12:30")


def write_protocol(story: Story) -> None:
    """The protocol is written and sent, and the client confirms it."""
    story.complete(
        "Составить протокол", needs="Собрать партнёров в одном месте\nПоказать новую линейку", plans="Повторить весной",
        event_parameters="120 участников, 15 декабря", decisions="Готовим предложение",
        protocol_tasks=[{"what": "Прислать список участников", "who": "Клиент", "due": "2026-11-25"}],
    )  # fmt: skip
    story.send()
    story.complete("Получить подтверждение протокола", protocol_answer="confirmed")


def presentation(story: Story) -> None:
    """Stage 1 as it should go."""
    agree_meeting(story)
    hold_meeting(story)
    write_protocol(story)


def prepare_proposal(story: Story, name: str = "Подготовить предложение", **filled: Any) -> None:
    """Lines, price and content; the document is not sent yet."""
    said = {"lines": LINES, "discount": "0", "offer_solution": "Конференция под ключ с опросом участников",
            "offer_delivery": "Площадка в центре Москвы", "offer_plan": "Площадка\nПрограмма\nПроведение"}  # fmt: skip
    story.complete(name, **(said | filled))


def proposal(story: Story) -> None:
    """Stage 2 as it should go."""
    prepare_proposal(story)
    story.send()
    story.complete("Защитить предложение", proposal_decision="agreed")


def contract_terms(story: Story, name: str = "Подготовить условия договора", **filled: Any) -> None:
    """Dates and the order of payment."""
    said = {"event_at": "2026-12-15T10:00", "schedule": "full_before", "service_place": "Москва, Экспоцентр"}
    story.complete(name, **(said | filled))


def approve_contract(story: Story) -> None:
    """Lawyer and accountant agree."""
    story.approve("lawyer")
    story.approve("accountant")


def contract(story: Story, **filled: Any) -> None:
    """Stage 3 as it should go."""
    contract_terms(story, **filled)
    approve_contract(story)
    story.send()
    story.complete("Получить подписанный договор", contract_decision="signed")


def pay(story: Story, sum: Decimal = TOTAL, reference: str = "101") -> None:
    """The invoice goes out and money comes in."""
    story.send()
    receive(story, sum, reference)


def receive(story: Story, sum: Decimal, reference: str) -> None:
    """Money comes in for the open invoice."""
    story.complete("Отметить поступление оплаты", payment_sum=str(sum), payment_reference=reference)


def handover(story: Story) -> None:
    """The project leads take the project, the units get ready, support has begun."""
    story.complete("Принять проект в работу", handover_result="accepted")
    while UNIT_TASK in story.open:
        story.complete(UNIT_TASK, errand_result="Готово")
    story.complete("Подтвердить начало поддержки", support_answer="started")


def event(story: Story) -> None:
    """No preparatory steps, the event on its day, the act signed."""
    story.complete("Составить план подготовки", preparation=[])
    carry_out(story)
    act(story)


def carry_out(story: Story) -> None:
    """The day comes and the event takes place."""
    story.until(story.variables_of("Провести мероприятие")["event_at"])
    story.wait("PT7BH")
    story.complete("Провести мероприятие", event_result="done", event_note="118 участников")


def act(story: Story) -> None:
    """The act goes out and comes back signed."""
    story.send()
    story.complete("Получить подписанный акт", act_answer="signed")


def survey(story: Story, **scores: int) -> None:
    """The link goes out and the client answers by it; fives unless told otherwise."""
    said = dict.fromkeys(QUESTIONS, 5) | {name.removeprefix("survey_"): one for name, one in scores.items()}
    story.act("system", surveys.answer_by_link, link(story), surveys.Marks(said))
    story.work()


def link(story: Story) -> str:
    """The token of the newest link that was mailed; of a letter that is no longer at hand a new one."""
    bodies = [str(letter.get_body(("plain",)).get_content()) for letter in story.mailbox.letters]
    found = [token for body in bodies for token in re.findall(r"/survey/([\w-]+)", body)]
    if found:
        return str(found[-1])
    with story.env.sessions() as session:
        newest = session.scalars(select(Survey.id).order_by(Survey.id.desc())).first()
    return str(story.act("system", surveys.make_link, newest))


def interview(story: Story, **scores: int) -> None:
    """The operator asks on the phone; fives unless told otherwise."""
    marks = [{"score": scores.get(question, 5)} for question in QUESTIONS]
    story.complete("Опросить по телефону", phone_result="answered", survey_marks=marks)


def lose(story: Story, **refusal: object) -> None:
    """The manager writes down why, and when the client is spoken to again."""
    story.complete("Оформить отказ или отсрочку", **({"refusal": refusal} if refusal else {}))


def upload(story: Story, content: bytes) -> list[str]:
    """Anna attaches a file to the case; gives what the form sends."""

    def keep(work: Work) -> int:
        row = StoredFile(sha256=work.env.files.put(content), name="договор.docx", media_type="application/x", size=1,
                         instance_id=story.instance_id, created_at=work.now, created_by=work.actor.user_id)  # fmt: skip
        work.session.add(row)
        work.session.flush()
        return row.id

    return [str(story.act("anna", keep))]


# where a story may begin: the point before it and what happens between the two
POINTS: dict[str, tuple[str, Callable[[Story], None]] | None] = {
    "presentation": None,
    "proposal": ("presentation", presentation),
    "contract": ("proposal", proposal),
    "payment": ("contract", contract),
    "handover": ("payment", pay),
    "delivery": ("handover", handover),
    "evaluation": ("delivery", event),
    "closing": ("evaluation", lambda story: survey(story, survey_terms=4)),
}
