"""What is done on the page of a deal, and what goes along when a deal or a client gets another manager."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sqlalchemy import select

from engine import tasks
from engine.crm import clients, deals, payments, terms
from engine.errors import WrongState
from engine.models import Client, Deal, ProcessInstance, User, UserTask
from engine.vocabulary import OPEN_TASK
from engine.work import SYSTEM, run
from tests.web import world as worlds
from tests.web.conftest import Visitor


def hands(world: worlds.World) -> dict[str, set[str | None]]:
    """Who has the deal, and the open tasks about it."""
    with world.env.sessions() as session:
        of_it = (
            select(UserTask)
            .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
            .where(ProcessInstance.deal_id == world.deal, UserTask.status.in_(OPEN_TASK))
        )
        deal = session.get_one(Deal, world.deal)
        rows = session.scalars(of_it).all()
        return {
            "deal": {login(session, deal.owner_id)},
            "tasks": {login(session, task.assignee_id) for task in rows if task.assignee_id is not None},
        }


def login(session: Any, user_id: int | None) -> str | None:
    return session.get_one(User, user_id).login if user_id is not None else None


def test_a_head_gives_a_deal_to_another_manager_with_the_open_tasks(world: worlds.World, visitor: Visitor) -> None:
    at_work(world)
    before = hands(world)
    assert (before["deal"], "anna" in before["tasks"]) == ({"anna"}, True)
    visitor.sign_in("gleb")
    assert "Передать другому менеджеру" in visitor.get(f"/deals/{world.deal}").text
    address, boris = f"/deals/{world.deal}/owner", str(world.people["boris"])
    assert "Укажите, почему сделка передаётся другому." in said(visitor, address, owner=boris, reason=" ")
    assert "перешли к нему" in said(visitor, address, owner=boris, reason="Анна занята на выставке")
    after = hands(world)
    assert after["deal"] == {"boris"}
    assert after["tasks"] == before["tasks"] - {"anna"} | {"boris"}


def test_a_manager_gives_nobody_his_deal(world: worlds.World, visitor: Visitor) -> None:
    visitor.sign_in("anna")
    assert "Передать другому менеджеру" not in visitor.get(f"/deals/{world.deal}").text
    answer = visitor.post(f"/deals/{world.deal}/owner", {"owner": str(world.people["boris"]), "reason": "Устала"})
    assert answer.status_code == 403


def test_a_client_gets_another_manager_with_or_without_what_is_open_for_it(
    world: worlds.World, visitor: Visitor
) -> None:
    with world.env.sessions() as session:
        client = session.get_one(Deal, world.deal).client_id
    run(world.env, SYSTEM, clients.set_owner, client, world.people["anna"])
    at_work(world)
    visitor.sign_in("gleb")
    page = f"/clients/{client}"
    assert "С открытыми сделками, задачами и точками контроля" in visitor.get(page).text
    visitor.post(f"{page}/owner", {"owner": str(world.people["boris"])})
    assert hands(world)["deal"] == {"anna"}
    visitor.post(f"{page}/owner", {"owner": str(world.people["anna"])})
    visitor.post(f"{page}/owner", {"owner": str(world.people["boris"]), "along": "1"})
    assert hands(world)["deal"] == {"boris"}
    assert "anna" not in hands(world)["tasks"]
    with world.env.sessions() as session:
        assert session.get_one(Client, client).owner_id == world.people["boris"]


def test_the_owner_says_anew_how_likely_his_deal_is(world: worlds.World, visitor: Visitor) -> None:
    visitor.sign_in("anna")
    page = f"/deals/{world.deal}"
    assert "Изменить перспективы" in visitor.get(page).text
    said_of = {"probability": "70", "expected_on": "2026-12-24", "money": "confirmed", "decides": "Ким Анна",
               "rival": "Вектор роста", "risk": "high", "risk_note": "Смена директора"}  # fmt: skip
    shown = said(visitor, f"{page}/prospects", **said_of)
    seen = "70 %", "24 декабря 2026", "бюджет подтверждён", "Ким Анна", "Вектор роста", "высокий", "Смена директора"
    for part in seen:
        assert part in shown, part
    assert "От 0 до 100" in said(visitor, f"{page}/prospects", probability="170")
    said(visitor, f"{page}/prospects", probability="70", risk="low")
    with world.env.sessions() as session:
        deal = session.get_one(Deal, world.deal)
        assert (deal.probability, deal.expected_on, deal.prospects) == (70, None, {"risk": "low"})


def test_who_only_sees_a_deal_does_not_judge_it(world: worlds.World, visitor: Visitor) -> None:
    visitor.sign_in("vera")
    page = f"/deals/{world.deal}"
    assert "Изменить перспективы" not in visitor.get(page).text
    visitor.post(f"{page}/prospects", {"probability": "1"})
    with world.env.sessions() as session:
        assert session.get_one(Deal, world.deal).probability is None


def at_work(world: worlds.World) -> None:
    """Anna has the open tasks of her deal."""
    with world.env.sessions() as session:
        of_it = select(UserTask.id).join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        rows = session.scalars(of_it.where(ProcessInstance.deal_id == world.deal, UserTask.status.in_(OPEN_TASK))).all()
    for task in rows:
        with suppress(WrongState):  # what must be kept apart from her own step
            world.do("gleb", tasks.reassign, task, world.people["anna"], "Её сделка")


def said(visitor: Visitor, address: str, **given: str) -> str:
    """What the page answers."""
    return visitor.get(visitor.post(address, given).location).text


def test_the_page_says_who_does_the_work_who_accepts_it_and_within_how_many_days_it_is_paid(
    world: worlds.World, visitor: Visitor
) -> None:
    """R228, X19."""
    acceptance = "Ким Анна, директор по персоналу"
    with world.env.sessions() as session:
        client_id = session.get_one(Deal, world.deal).client_id
    fresh = run(world.env, SYSTEM, deals.open_deal, client_id, "Второй семинар").id
    run(world.env, SYSTEM, terms.agree, fresh, team=["boris"], acceptance=acceptance)
    run(world.env, SYSTEM, payments.set_schedule, fresh, "half", days=20)
    visitor.sign_in("gleb")
    shown = visitor.get(f"/deals/{fresh}").text
    with world.env.sessions() as session:
        boris = session.get_one(User, world.people["boris"]).name
    for part in ("Команда", boris, acceptance, "20 рабочих дней со дня счёта"):
        assert part in shown, part
