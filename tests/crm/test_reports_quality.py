"""Complaints, satisfaction and control points in their reports, on numbers computed by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from engine.crm import complaints, surveys
from engine.crm.complaints import Told
from engine.crm.surveys import Marks
from engine.models import ControlPoint, Deployment, ProcessDefinition, ProcessInstance
from engine.work import Work
from tests.crm.figures import Company

YEAR = {"from_": "2026-01-01", "to": "2026-12-31"}


def test_an_open_complaint_is_shown_with_its_stage_its_days_there_and_who_has_it(company: Company) -> None:
    client = company.client("Клиент")
    first = company.do(complaints.register, client, Told("Опоздали")).id
    company.do(complaints.acknowledge, first)
    company.do(complaints.assign, first, "quentin")
    signs = {"category": "term", "cause": "discipline", "importance": "high"}
    company.do(complaints.classify, first, "justified", "Забыли", **signs)
    company.clock.move(days=3)
    company.do(complaints.register, client, Told("Грубили", explicitness="hidden"))
    (late, fresh) = company.rows("RP-08", **YEAR)
    assert late[1:9] == ["Клиент", "causes found", 3, "Служба качества", "Кузнецов Константин", "Срок",
                         "Правило не выполнили", "Высокая"]  # fmt: skip
    assert fresh[2:5] == ["registered", 0, "Служба качества"]
    stages = {row[0]: row[1:] for row in company.rows("RP-08", 1, **YEAR)}
    assert stages["causes found"] == [1, Decimal("50.0"), 3.5, 0]  # three days and the rest of today
    causes = company.rows("RP-08", 3, **YEAR)
    assert causes[0] == ["Правило не выполнили", 1, Decimal("50.0"), 1, 0, 1, None]
    assert causes[1] == ["not said yet", 1, Decimal("50.0"), 0, 1, 1, None]
    assert len(company.rows("RP-08", case="complaints", sign="cause", what="discipline", **YEAR)) == 1
    assert company.rows("RP-08", from_="2025-01-01", to="2025-12-31") == []


def test_satisfaction_is_shown_by_product_and_with_the_share_of_clients_asked(company: Company) -> None:
    product = company.product("Обучение")
    happy, sad = company.client("Довольный"), company.client("Недовольный", "boris")
    company.client("Знакомый")
    for client in (happy, sad):
        company.pay(client, product, date(2026, 10, 1), 100)
    answer(company, happy, product, 5)
    answer(company, sad, product, 3)
    (row, total) = company.rows("RP-09", **YEAR)
    assert row == ["Обучение", 2, 2, Decimal("100.0"), 4.0, 0, 1, Decimal("50.0")]
    assert total[1:3] == [2, 2]
    assert company.rows("RP-09", login="boris", **YEAR)[0][:5] == ["Обучение", 1, 1, Decimal("100.0"), 3.0]
    assert [row[1] for row in company.rows("RP-09", 3, **YEAR)] == [2, 0, 2]
    company.clock.move(days=366)
    later = {"from_": "2026-11-20", "to": "2027-11-20"}
    assert [row[1] for row in company.rows("RP-09", 3, **later)] == [0, 2, 2]
    assert {row[0] for row in company.rows("RP-09", case="covered", was="no", **later)} == {"Довольный", "Недовольный"}


def answer(company: Company, client: int, product: int, mark: int) -> None:
    def told(work: Work) -> None:
        survey = surveys.ask(work, client, "yearly", product_id=product)
        questions = surveys.questionnaires.find(work.session, survey.questionnaire_id).questions
        scores = {str(question["key"]): mark for question in questions}
        surveys.answer(work, survey.id, Marks(scores, recommends=mark > 3), "phone")

    company.do(told)


def test_control_points_are_registered_and_their_discipline_is_counted(company: Company) -> None:
    def register(work: Work) -> None:
        deployment = Deployment(at=work.now)
        definition = ProcessDefinition(
            key="p", version=1, name="p", file="p", xml=b"", sha256="", calls=[], forms={}, decisions={},
            starter_groups=[], deployment=deployment,
        )  # fmt: skip
        instance = ProcessInstance(
            definition=definition, key="p", version=1, title="Дело", versions={}, state=b"", variables={},
            started_at=work.now,
        )  # fmt: skip
        work.session.add(instance)
        work.session.flush()
        points = (("CP-01", "met", -1.0, 1), ("CP-01", "met", 2.0, 1), ("CP-01", "open", None, 3),
                  ("CP-02", "missed", None, 2), ("CP-02", "waived", None, 2), ("CP-02", "cancelled", None, 2),
                  ("CP-02", "open", None, -3))  # fmt: skip
        for number, (code, status, deviation, ago) in enumerate(points):
            work.session.add(ControlPoint(
                instance_id=instance.id, token_id=str(number), element_id="e", code=code, title=f"Точка {code}",
                owner_id=company.people["anna"], planned_at=work.now - timedelta(days=ago), planned_why={},
                evidence_rule="completed", status=status, opened_at=work.now, deviation=deviation,
            ))  # fmt: skip

    company.do(register)
    first, second, total = company.rows("RP-10", **YEAR)
    assert first == ["CP-01 Точка CP-01", 3, 1, 1, 0, 0, 0, 1, Decimal("33.3"), 2.0]
    assert second == ["CP-02 Точка CP-02", 3, 0, 0, 1, 1, 1, 0, Decimal("0.0"), None]
    assert total[1:9] == [6, 1, 1, 1, 1, 1, 1, Decimal("25.0")]
    assert len(company.rows("RP-10", 2, **YEAR)) == 6
    assert [row[8] for row in company.rows("RP-10", case="points", state="overdue", **YEAR)] == ["overdue"]
    assert company.rows("RP-10", login="boris", **YEAR) == []
