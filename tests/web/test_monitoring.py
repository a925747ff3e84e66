"""Monitoring: the board, stalled deals and pauses, workload, heat, missed deadlines. Figures worked out by hand."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select

from engine import instances, steps, tasks, work
from engine.models import Absence, Deal, MissedTask, Pause, StageTime, StepDay
from engine.queries import board, heat, missed, oversight, stalled, workload
from tests.web.conftest import Visitor
from tests.web.world import LONG_NAME, World

SCHEME = "stepanov6"
PAGES = ("/desk", "/workload", "/heat", "/misses", "/misses?period=days90&why=slow&stage=-",
         "/procedures/trial_offer/heat", "/procedures/trial_offer/heat?element=prepare&measure=late",
         "/stalled", "/stalled?tab=paused", "/stalled?tab=review", "/board",
         "/board?stage=contract", "/control-points?status=overdue",
         "/control-points?status=today", "/control-points?status=coming")  # fmt: skip


def roll(world: World) -> None:
    day = world.clock.now.date()
    for back in range(7):
        work.run(world.env, work.SYSTEM, steps.roll_up, day - timedelta(days=back))


@pytest.mark.parametrize("login", ["gleb", "dina", "adam", "vera"])
def test_who_watches_opens_every_page(visitor: Visitor, world: World, login: str) -> None:
    roll(world)
    visitor.sign_in(login)
    for path in PAGES:
        answer = visitor.get(path)
        answer = visitor.get(answer.location) if answer.status_code == 302 else answer
        assert answer.status_code == 200, path
        assert "<h1" in answer.text


def test_an_employee_has_the_board_and_the_pauses_of_his_own_deals_only(visitor: Visitor, world: World) -> None:
    visitor.sign_in("boris")
    assert [visitor.get(path).status_code for path in ("/desk", "/workload", "/misses")] == [403] * 3
    assert visitor.get("/board").status_code == 200
    assert "С-0001/26" not in visitor.get("/board").text
    for path in (f"/board/deals/{world.deal}", f"/deals/{world.deal}/pause"):
        assert visitor.get(path).status_code == 404


def columns(world: World, login: str = "gleb", **more: object) -> dict[str, tuple[int, Decimal]]:
    with world.env.sessions() as session:
        wanted = board.Wanted(scheme=SCHEME, **more)  # type: ignore[arg-type]
        found = board.columns(session, world.env, world.actor(login), world.clock.now, wanted)
        return {column.key: (column.count, column.total) for column in found if column.count}


def test_a_deal_stands_in_the_stage_it_has_not_ended_with_its_sum(world: World) -> None:
    # 12 × 98 000 + 150 000 less 5 %; M3 is behind it, so the proposal's stage is not ended (M4)
    assert columns(world) == {"proposal": (1, Decimal("1259700.00"))}
    assert columns(world, least=Decimal("1259700")) == columns(world)
    assert columns(world, least=Decimal("1259701")) == {}
    assert columns(world, "boris") == {}
    assert columns(world, words="ветер") == columns(world)
    assert columns(world, state="paused") == {}


def test_a_card_says_what_is_next_and_how_long_the_deal_stands_still(visitor: Visitor, world: World) -> None:
    visitor.sign_in("gleb")
    page = visitor.get("/board").text
    card = page[page.index("<article") : page.index("</article>")]
    assert "Согласовать предложение" in card
    assert "норма — 20 рабочих дней; истории ещё нет" in card
    assert 'data-following="contract"' in card


def test_the_menu_of_a_card_says_why_a_stage_cannot_be_reached(visitor: Visitor, world: World) -> None:
    visitor.sign_in("gleb")
    skipped = visitor.get(f"/board/deals/{world.deal}/to/delivery").text
    assert "Этап нельзя перескочить" in skipped
    assert "Открытого шага туда нет" in visitor.get(f"/board/deals/{world.deal}/to/contract").text
    assert visitor.get(f"/board/deals/{world.deal}/to/moon").status_code == 404
    part = visitor.get(f"/board/deals/{world.deal}/to/delivery", X_Part="dialog").text
    assert "<html" not in part


def still(world: World, login: str = "gleb") -> list[tuple[str, str]]:
    with world.env.sessions() as session:
        rows, count = stalled.still(session, world.env, world.actor(login), world.clock.now, scheme=SCHEME)
        assert count == len(rows)
        return [(row.number, row.judgement.level) for row in rows]


@pytest.mark.parametrize(("days", "level"), [(8, None), (9, "slow"), (12, "stale")])
def test_the_list_holds_deals_that_stay_longer_than_most(world: World, days: int, level: str | None) -> None:
    with work.unit_of_work(world.env, work.SYSTEM) as w:
        w.session.add(StageTime(scheme=SCHEME, stage="proposal", segment="", cases=34, p50=4, p80=8.5, p95=11.5))
        deal = w.session.get_one(Deal, world.deal)
        deal.milestone_at = deal.stirred_at = w.now - timedelta(days=days)
    assert still(world) == ([("С-0001/26", level)] if level else [])
    assert still(world, "boris") == []


def test_a_pause_is_written_on_the_page_ends_there_and_takes_the_deal_off_the_list(
    visitor: Visitor, world: World
) -> None:
    with work.unit_of_work(world.env, work.SYSTEM) as w:
        deal = w.session.get_one(Deal, world.deal)
        deal.milestone_at = deal.stirred_at = w.now - timedelta(days=40)
    assert still(world) == [("С-0001/26", "stale")]
    visitor.sign_in("anna")
    path = f"/deals/{world.deal}/pause"
    refused = visitor.post(path, {"reason": "", "until": "2026-11-01", "clock": "client"}, page=path)
    assert refused.status_code == 200
    assert "Выберите, почему сделка стоит" in refused.text
    assert "Выберите будущий день" in refused.text
    given = {"reason": "client_budget", "until": "2026-12-01", "clock": "client", "note": "Бюджет в декабре"}
    assert visitor.post(path, given, page=path).status_code == 302
    assert still(world) == []
    task = world.task("prepare", world.foreign_instance + 1)  # of the second offer; what is late stays late
    assert "Отдыхает на паузе" in visitor.get(f"/tasks/{task.id}").text
    assert "Клиент ждёт бюджет" in visitor.get(f"/deals/{world.deal}").text
    with world.env.sessions() as session:
        pause = session.scalars(select(Pause)).one()
    assert visitor.post(f"/pauses/{pause.id}/resume", page=path).status_code == 302
    with world.env.sessions() as session:
        assert session.get_one(Pause, pause.id).ended_how == "resumed"


def test_a_case_of_no_deal_is_paused_on_its_page_and_stands_among_the_paused(
    app: Flask, visitor: Visitor, world: World
) -> None:
    begun = world.do("anna", instances.start, "trial_offer", {}, title="Опрос без сделки").id
    path = f"/instances/{begun}/pause"
    visitor.sign_in("gleb")
    assert path in visitor.get(f"/instances/{begun}").text
    given = {"reason": "client_budget", "until": "2026-12-01", "clock": "client", "note": "Ждём данных"}
    assert visitor.post(path, given, page=path).status_code == 302
    assert "Ждём данных" in visitor.get(f"/instances/{begun}").text
    paused = visitor.get("/stalled?tab=paused").text
    assert "Опрос без сделки" in paused
    assert path in paused
    assert visitor.post(path, given | {"until": "2026-12-08"}, page=path).status_code == 302
    assert "8 декабря" in visitor.get(path).text
    assert f"/deals/{world.deal}/pause" in visitor.get(f"/instances/{world.instance}").text
    assert visitor.get(f"/instances/{world.instance}/pause").status_code == 409
    assert path not in Visitor(app).sign_in("anna").get(f"/instances/{begun}").text


def test_workload_counts_what_is_open_late_done_and_usual(world: World) -> None:
    """Anna did one task; it took no time at all, since she claimed and completed it in one moment. She takes another
    of the same step: it is due in two working days, and usually takes nothing."""
    roll(world)
    free = world.task("prepare", world.foreign_instance)
    world.do("boris", tasks.claim, free.id)
    with work.unit_of_work(world.env, work.SYSTEM) as w:
        w.session.add(Absence(user_id=world.people["boris"], starts_at=w.now, ends_at=w.now + timedelta(days=2)))
    with world.env.sessions() as session:
        now = world.clock.now
        rows, count = workload.loads(session, now, now - timedelta(days=30), now + timedelta(days=4))
        by_login = {row.user.login: row for row in rows}
        waiting = {row.key: row.count for row in workload.free(session)}
        mine, many = workload.tasks_of(session, world.people["boris"])
    assert count == 8
    boris, anna = by_login["boris"], by_login["anna"]
    assert (boris.open, boris.overdue, boris.week, boris.done) == (1, 0, 1, 0)
    assert (boris.expected, boris.guessed, len(boris.away)) == (0, 0, 1)
    assert (anna.open, anna.done, anna.away) == (0, 1, [])
    assert waiting == {"head": 1, "manager": 1}
    assert ([row.task.name for row in mine], many) == ([LONG_NAME], 1)


def test_a_manager_gives_tasks_of_one_person_to_another_with_a_reason(visitor: Visitor, world: World) -> None:
    task = world.task("prepare", world.foreign_instance)
    world.do("boris", tasks.claim, task.id)
    visitor.sign_in("gleb")
    path = f"/workload/{world.people['boris']}"
    assert LONG_NAME in visitor.get(path).text
    given = {"act": "reassign", "task": str(task.id), "user": str(world.people["anna"]), "reason": "Отпуск"}
    assert visitor.post("/tasks/bulk", given, page=path).status_code == 302
    assert world.task("prepare", world.foreign_instance).assignee_id == world.people["anna"]


def test_the_heat_counts_each_step_before_and_after_the_roll_up(world: World) -> None:
    """Monday 10:00 begun, 13:00 taken and done: three working hours of waiting. The check: 13:00 on Monday to 9:00 on
    Tuesday, that is four hours on Monday after lunch, none before nine."""

    def totals() -> dict[str, tuple[int, int, int, int]]:
        found: dict[str, tuple[int, int, int, int]] = {}
        with world.env.sessions() as session:
            for key in ("trial_offer", "trial_check"):
                for element, one in heat.totals(session, world.env, now, key, since, now.date()).items():
                    found[element] = (one.passes, one.waiting, one.working, one.late)
        return found

    now = world.clock.now
    since = now.date() - timedelta(days=7)
    live = totals()
    roll(world)
    assert totals() == {"prepare": (1, 3 * 3600, 0, 0), "look": (1, 4 * 3600, 0, 0)}
    assert live == {"look": (1, 4 * 3600, 0, 0)}, "of today and yesterday the tasks themselves are counted"
    with world.env.sessions() as session:
        assert session.scalars(select(StepDay.passes).where(StepDay.element_id == "look")).one() == 1
        cases, count = heat.cases(session, world.env, now, "trial_offer", "prepare", since, now.date())
    assert ([case.person for case in cases], count) == (["Иванова Анна"], 1)


def test_a_step_that_calls_a_procedure_shows_what_is_behind_it_and_leads_down(
    visitor: Visitor, world: World
) -> None:
    now, behind = world.clock.now, {"check": {"trial_check"}, "other": {"gone"}}
    with world.env.sessions() as session:
        found = heat.called(session, world.env, now, behind, now.date() - timedelta(days=7), now.date())
    assert {key: (one.passes, one.waiting) for key, one in found.items()} == {"check": (1, 4 * 3600)}
    roll(world)
    visitor.sign_in("gleb")
    page = visitor.get("/procedures/trial_offer/heat").text
    assert "Вызванные процедуры" in page
    assert re.search(r'href="/procedures/trial_check/heat\?[^"]*"', page)
    assert 'data-down="{&#34;check&#34;' in page


def test_missed_deadlines_divide_by_step_person_stage_class_and_reason(visitor: Visitor, world: World) -> None:
    """The approval was due eight working hours after 9:00 on Tuesday; the head approves on Thursday at noon."""
    world.clock.now += timedelta(hours=27)
    task = world.task("approve")
    assert task.due_at is not None
    world.do("gleb", tasks.complete, task.id, {"agreed": True})
    roll(world)
    with world.env.sessions() as session:
        row = session.scalars(select(MissedTask)).one()
        day = world.clock.now.date()
        wanted = missed.Wanted(day, day, *steps.bounds(world.env, day), {})
        shown = {name: [(one.value, one.count, one.of) for one in missed.lines(session, wanted, name)]
                 for name in missed.DIMENSIONS}  # fmt: skip
        assert missed.total(session, wanted) == (1, 1)
        assert missed.tasks(session, missed.Wanted(day, day, wanted.start, wanted.end, {"why": "paused"})) == []
    assert row.late == round(world.env.calendar("main").working_minutes_between(task.due_at, world.clock.now) * 60)
    assert shown == {
        "step": [("trial_offer/approve", 1, 1)], "person": [(str(world.people["gleb"]), 1, 1)],
        "stage": [("M3", 1, None)], "class": [("-", 1, None)], "why": [("taken_late", 1, None)],
    }  # fmt: skip
    visitor.sign_in("gleb")
    page = visitor.get("/misses?period=days90").text
    assert "1 задача выполнена с опозданием" in page
    assert "поздно взята" in page
    assert re.search(r"why=taken_late", page)


def test_the_desk_counts_what_calls_and_leads_there(visitor: Visitor, world: World) -> None:
    world.clock.now += timedelta(days=10)
    with world.env.sessions() as session:
        now = world.clock.now
        points = oversight.points(session, now, now, now + timedelta(days=7))
    assert (points.overdue, points.today, points.coming) == (3, 0, 0)
    visitor.sign_in("gleb")
    page = visitor.get("/desk").text
    for path in ("/control-points?status=overdue", "/stalled", "/workload", "/incidents", "/approvals"):
        assert f'href="{path}"' in page
    assert "Просроченные точки контроля" in page
