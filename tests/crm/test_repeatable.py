"""settings/returns.yaml: every action is judged, and what it calls repeatable adds nothing when it is repeated."""
from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

import app
from engine import instances, settled
from engine.actions import ActionCall, FastAction, SlowAction
from engine.environment import Environment, settings_of
from engine.models import AuditEvent, Base, ProcessInstance
from engine.work import Work, run
from tests.case import END, START, Case, Clock, drawing, user_task
from tests.cast import actor
from tests.conftest import MONDAY, ROOT
from tests.engine.crm_kit import Office

JUDGED: dict[str, Any] = settings_of(ROOT / "settings")["returns"]
LINES = [{"name": "Обучение", "quantity": 1, "price": 1000}]
OF_A_DEAL: dict[str, dict[str, Any]] = {  # what they are given here
    "client.check_requisites": {}, "contracts.term": {}, "deal.check_closing": {}, "deal.due_discount": {},
    "deal.is_new_product": {}, "deal.lines": {"lines": LINES, "discount": 5},
    "deal.qualify": {"probability": 40, "need": "обучить отдел"}, "deal.reach": {"milestone": "M3"},
    "deal.refund_lines": {"sum": "100"}, "deal.refund_papers": {},
    "deal.schedule": {"schedule": "half"}, "deal.terms": {"team": ["anna"]},
    "lead.questions": {}, "loyalty.check": {}, "survey.needed": {},
    "winback.prepare": {}, "churn.look": {}, "practice.gather": {}, "matrix.draft": {}, "campaign.history": {},
    "survey.due": {}, "diagnosis.last": {}, "lead.ground": {}, "transfer.list": {"transfer_from": "anna"},
    "correction.similar": {"cause": "staff"}, "correction.effect": {"cause": "staff", "since": MONDAY},
    "client.reconciliation": {"starts": MONDAY.date()}, "consent.missing": {"contact_id": 1, "purposes": ["calls"]},
}  # fmt: skip
ELSEWHERE = {"deal.price", "document.issue", "lead.check", "matrix.impact"}  # in the stories, where their ground is


def test_every_action_is_either_repeatable_or_lasts_for_a_reason() -> None:
    lasting = [name for actions in JUDGED["lasting"].values() for name in actions]
    judged = [*JUDGED["repeatable"], *lasting]
    assert sorted(judged) == sorted(app._actions(ROOT))
    assert set(JUDGED["lasting"]) == set(settled.WHY)


def test_what_is_called_repeatable_is_repeated_here_or_in_a_story() -> None:
    assert set(OF_A_DEAL) | ELSEWHERE == set(JUDGED["repeatable"])


@pytest.fixture
def about_a_deal(env: Environment, clock: Clock) -> Case:
    """An instance about a deal with lines, with the actions of the product."""
    case, office = Case(env, clock), Office(env)
    office.lines(("Обучение", 1, 1000))
    case.publish(drawing("flow", START + user_task("a") + END, flows="start>a;a>end"))
    about = {"deal_id": office.deal_id, "client_id": office.client_id}
    case.instance_id = case.act("system", instances.start, "flow", {}, **about).id
    return case


@pytest.mark.parametrize("name", OF_A_DEAL)
def test_a_repeatable_action_done_again_adds_nothing(about_a_deal: Case, name: str) -> None:
    case = about_a_deal
    action = next(one for key, one in app._actions(ROOT)._actions.items() if key == name)
    assert not isinstance(action, SlowAction)
    first = _once(case, action, OF_A_DEAL[name], "1")
    stands = _counts(case)
    assert _once(case, action, OF_A_DEAL[name], "2") == first | ({"moved": False} if name == "deal.reach" else {})
    assert _counts(case) == stands


def _once(case: Case, action: FastAction, inputs: dict[str, Any], token: str) -> dict[str, Any]:
    def act(work: Work) -> dict[str, Any]:
        instance = work.session.get_one(ProcessInstance, case.instance_id)
        call = ActionCall(instance, "act", token, f"action:{instance.id}:{token}", inputs, {}, inputs)
        return dict(action(work, call) or {})

    given: dict[str, Any] = run(case.env, actor(case.env, "system"), act)
    return given


def _counts(case: Case) -> dict[str, int]:
    """How many rows every table has, the log aside."""
    with case.env.sessions() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables if table.name != AuditEvent.__tablename__
        }  # fmt: skip
