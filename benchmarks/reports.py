"""``python -m benchmarks.reports``: what a page of each report costs on a year of 200 clients and 500 deals, and on ten
times as much. Absolute times are this machine's at this moment; nothing is asserted.

``BENCH_POSTGRESQL=postgresql://…`` measures there instead (its schema ``public`` is dropped).
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from benchmarks.bench_env import percentile
from engine import database, identity
from engine.calendar import calendars
from engine.crm.reports import registry
from engine.environment import Environment, settings_of
from engine.models import (
    Campaign,
    ClassHistory,
    Client,
    ClientProduct,
    Complaint,
    ContactRecord,
    ControlPoint,
    Deal,
    DealLine,
    Deployment,
    Group,
    Matrix,
    Membership,
    MilestoneReached,
    Payment,
    ProcessDefinition,
    ProcessInstance,
    Product,
    Questionnaire,
    SalesPlan,
    ScheduledPayment,
    Segment,
    SegmentProduct,
    Settlement,
    Source,
    Survey,
    SurveyAnswer,
    User,
    UserTask,
    table_of,
)
from engine.web import create_web

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CLIENTS, DEALS, SELLERS, PRODUCTS, SEGMENTS = 200, 500, 8, 24, 8
WAY = ("M0", "M1", "M2", "M3", "M4", "M5", "M6", "M6a", "M7", "M8")
REASONS = ("price_high", "no_need", "no_budget", "timing", "competitor", "terms", "trust", "lost_contact")
TURNS = 12
PASSWORD = "only for measuring"
Rows = dict[type[Any], list[dict[str, Any]]]


@dataclass
class Spent:
    """Milliseconds of one page: on the clock, and of this process (a machine with other work to do spoils the
    former; the latter leaves out what PostgreSQL works)."""

    clock: list[float]
    work: list[float]


def main() -> None:
    """One table: each report on a year and on ten times as much, in turn, and how many times longer that takes."""
    found = {times: measure(times) for times in (1, 10)}
    names = ("p50, ms", "p95, ms", "10x p50", "10x p95", "ratio p50", "cpu p50", "10x cpu", "ratio cpu")
    print(f"{'report':<8}" + "".join(f"{name:>11}" for name in names))
    for key in found[1]:
        one, ten = found[1][key], found[10][key]
        clock, work = ([percentile(spent, 50) for spent in pair]
                       for pair in ((one.clock, ten.clock), (one.work, ten.work)))  # fmt: skip
        shown = (clock[0], percentile(one.clock, 95), clock[1], percentile(ten.clock, 95), clock[1] / clock[0],
                 *work, work[1] / work[0])  # fmt: skip
        print(f"{key:<8}" + "".join(f"{number:>11.1f}" for number in shown))


def measure(times: int) -> dict[str, Spent]:
    """What each page costs through the whole web floor."""
    with tempfile.TemporaryDirectory(prefix="reglament-reports-") as folder:
        engine = database.connect(os.environ.get("BENCH_POSTGRESQL") or f"sqlite:///{folder}/reports.db")
        if engine.dialect.name == "postgresql":
            with engine.begin() as connection:
                connection.execute(text("DROP SCHEMA public CASCADE"))
                connection.execute(text("CREATE SCHEMA public"))
        database.create_tables(engine)
        env = Environment(
            sessions=database.sessions(engine), calendars=calendars(ROOT / "settings" / "calendars.yaml"),
            settings=settings_of(ROOT / "settings"), clock=lambda: NOW,
        )  # fmt: skip
        with env.sessions() as session:
            fill(session, times)
            session.commit()
        with engine.begin() as connection:
            connection.execute(text("ANALYZE"))
        page = create_web(env, {"TESTING": True, "SECRET_KEY": PASSWORD}).test_client()
        token = page.get("/signin").text.split('name="csrf_token" value="')[1].split('"')[0]
        page.post("/signin", data={"login": "u1", "password": PASSWORD, "csrf_token": token})
        found = {key: _spent(page, f"/reports/{key}") for key in registry.all_reports()}
        engine.dispose()
    return found


def _spent(page: Any, path: str) -> Spent:
    found = Spent([], [])
    for turn in range(TURNS + 1):
        begun, worked = time.perf_counter(), time.process_time()
        answer = page.get(path)
        if answer.status_code != 200:
            raise SystemExit(f"{path}: {answer.status_code}")
        if turn:  # templates and statements are compiled once
            found.clock.append(1000 * (time.perf_counter() - begun))
            found.work.append(1000 * (time.process_time() - worked))
    return found


def fill(session: Session, times: int) -> None:
    """A company after a year of work, the same every time."""
    chance = random.Random(7)
    rows: Rows = {}
    _people(rows)
    _products(rows, chance)
    _clients(rows, chance, CLIENTS * times)
    _deals(rows, chance, DEALS * times, CLIENTS * times)
    _quality(rows, chance, times)
    _plans(rows)
    for model in sorted(rows, key=lambda model: model is Settlement):  # it points at deals
        values = rows[model]
        for start in range(0, len(values), 2000):
            session.execute(insert(table_of(model)), values[start : start + 2000])
    if session.get_bind().dialect.name == "postgresql":  # ids were given, so the counters must be told
        for model in rows:
            if "id" in table_of(model).c:
                name = table_of(model).name
                session.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}"))


def _add(rows: Rows, model: type[Any], **values: Any) -> int:
    own = rows.setdefault(model, [])
    if "id" in table_of(model).c:
        values.setdefault("id", len(own) + 1)
    own.append(values)
    return len(own)


def _people(rows: Rows) -> None:
    _add(rows, Group, key="head", title="Руководители", title_en="Heads")
    _add(rows, Group, key="manager", title="Менеджеры", title_en="Managers")
    secret = identity.hash_password(PASSWORD)
    for number in range(1, SELLERS + 2):
        _add(rows, User, login=f"u{number}", last=f"Фамилия{number}", first="Имя", gender="m",
             position="менеджер", email=f"u{number}@example.test", password_hash=secret, locale="ru", active=True,
             failed_logins=0)  # fmt: skip
        _add(rows, Membership, user_id=number, group_key="head" if number == 1 else "manager")


def _products(rows: Rows, chance: random.Random) -> None:
    for number in range(1, PRODUCTS + 1):
        _add(rows, Product, code=f"P{number}", name=f"Продукт {number}", unit="усл.", price=Decimal(1000 * number),
             direction_id=None if number <= SEGMENTS else chance.randint(1, SEGMENTS), simple=False)  # fmt: skip
    _add(rows, Source, key="site", title="Сайт", channel="web", active=True)
    _add(rows, Matrix, version=1, status="in_force", in_force_from=date(2025, 1, 1), created_at=NOW)
    for number in range(1, SEGMENTS + 1):
        _add(rows, Segment, matrix_id=1, key=f"s{number}", title=f"Сегмент {number}", title_en=f"Segment {number}",
             position=number, rules=[])  # fmt: skip
        for place, product in enumerate(chance.sample(range(1, SEGMENTS + 1), 4)):
            _add(rows, SegmentProduct, segment_id=number, product_id=product, priority=place)


def _clients(rows: Rows, chance: random.Random, count: int) -> None:
    for number in range(1, count + 1):
        since = NOW - timedelta(days=chance.randint(30, 900))
        _add(rows, Client, kind="legal", name=f"Клиент {number:05d}", full_name=f"ООО «Клиент {number}»", role="client",
             state="regular", segment=f"s{chance.randint(1, SEGMENTS)}", target=True, profile={}, requisites={},
             territory=chance.choice(("Север", "Юг")), stop_list=False, owner_id=chance.randint(2, SELLERS + 1),
             recommended_by_id=chance.randint(1, number) if number > 9 and chance.random() < 0.1 else None,
             next_contact_on=NOW.date() + timedelta(days=chance.randint(-20, 60)) if chance.random() < 0.7 else None,
             next_contact_purpose="предложение", next_contact_product_id=chance.randint(1, SEGMENTS),
             created_at=since)  # fmt: skip
        for product in chance.sample(range(1, SEGMENTS + 1), 2):
            _add(rows, ClientProduct, client_id=number, product_id=product,
                 used_since=since.date() if chance.random() < 0.5 else None,
                 refused_on=since.date() if chance.random() < 0.3 else None)  # fmt: skip
        for back in range(chance.randint(0, 6)):  # money of older sales
            _settle(rows, chance, number, None, NOW.date() - timedelta(days=60 * back + chance.randint(0, 50)))
        for month in range(chance.randint(1, 6)):
            on = date(2026, 11 - month, 1)
            _add(rows, ClassHistory, client_id=number, on_date=on, abc=chance.choice("ABC"), xyz=chance.choice("XYZ"),
                 variation=Decimal(chance.randint(1, 90)), state="regular", base="turnover", turnover=Decimal(1000),
                 period_from=date(2025, 11, 1), period_to=on)  # fmt: skip


def _settle(rows: Rows, chance: random.Random, client: int, deal: int | None, on: date) -> None:
    _add(rows, Settlement, client_id=client, product_id=chance.randint(1, PRODUCTS), deal_id=deal, dated=on, kind="in",
         owner_id=chance.randint(2, SELLERS + 1), sum=Decimal(chance.randint(1000, 900_000)), cost=None)  # fmt: skip


def _deals(rows: Rows, chance: random.Random, count: int, clients: int) -> None:
    _add(rows, Deployment, at=NOW)
    _add(rows, ProcessDefinition, **_definition())
    for number in range(1, count + 1):
        client, owner = chance.randint(1, clients), chance.randint(2, SELLERS + 1)
        opened = NOW - timedelta(days=chance.randint(3 * len(WAY) + 3, 364))
        far = chance.randint(1, len(WAY))
        status = "won" if far == len(WAY) else chance.choice(("lost", "open", "lost"))
        moments = [opened + timedelta(days=3 * place) for place in range(far)]
        closed = moments[-1] + timedelta(days=3) if status != "open" else None
        milestone = {"won": "M9", "lost": "MX"}.get(status, WAY[far - 1])
        _add(rows, Deal, number=f"D-{number}", title=f"Сделка {number}", client_id=client, owner_id=owner,
             initiative="company", cycle="long", sale_kind="first", milestone=milestone, milestone_at=moments[-1],
             status=status, vat_mode="none", discount=Decimal(0), created_at=opened, closed_at=closed, source_id=1,
             next_step_on=NOW.date() + timedelta(days=chance.randint(-10, 60)) if status == "open" else None,
             refusal_category=chance.choice(REASONS) if status == "lost" else None)  # fmt: skip
        for line in range(1, chance.randint(1, 3) + 1):
            _add(rows, DealLine, deal_id=number, no=line, product_id=chance.randint(1, PRODUCTS), name="Позиция",
                 unit="усл.", quantity=Decimal(1), price=Decimal(chance.randint(1000, 500_000)))  # fmt: skip
        for place, at in enumerate(moments):
            _add(rows, MilestoneReached, deal_id=number, milestone=WAY[place], at=at,
                 came_from=WAY[place - 1] if place else None,
                 came_at=moments[place - 1] if place else None)  # fmt: skip
        if closed:
            _add(rows, MilestoneReached, deal_id=number, milestone=milestone, at=closed, came_from=WAY[far - 1],
                 came_at=moments[-1])  # fmt: skip
        if status == "won":
            for part in (10, 40):
                _settle(rows, chance, client, number, min(opened + timedelta(days=part), NOW).date())
        if far > 5:  # a contract has a schedule; what is won is paid but for one part in ten
            _schedule(rows, chance, number, opened, status == "won")
        _work(rows, chance, number, client, owner, moments)


def _schedule(rows: Rows, chance: random.Random, deal: int, opened: datetime, won: bool) -> None:
    for part, (trigger, days) in enumerate((("before_delivery", 20), ("after_delivery", 60)), 1):
        due, sum_ = (opened + timedelta(days=days)).date(), Decimal(chance.randint(10_000, 900_000))
        is_paid = chance.random() < (0.9 if won else 0.4)
        _add(rows, ScheduledPayment, deal_id=deal, part=part, trigger=trigger, share=Decimal(50), sum=sum_, due_on=due,
             received=sum_ if is_paid else Decimal(0))  # fmt: skip
        if is_paid:
            _add(rows, Payment, deal_id=deal, part=part, kind="in", dated=min(due, NOW.date()), sum=sum_,
                 recorded_at=NOW)  # fmt: skip


def _work(rows: Rows, chance: random.Random, deal: int, client: int, owner: int, moments: list[datetime]) -> None:
    instance = _add(rows, ProcessInstance, definition_id=1, key="sale", version=1, title=f"Сделка {deal}",
                    status="completed", versions={}, state=b"", variables={}, client_id=client, deal_id=deal,
                    office="main", started_at=moments[0], revision=1)  # fmt: skip
    for place, at in enumerate(moments):
        late = chance.random() < 0.2
        _add(rows, ControlPoint, instance_id=instance, token_id="t", element_id=f"e{place}", code=f"CP-{place + 1:02d}",
             title=f"Точка {place + 1}", owner_id=owner, planned_at=at + timedelta(days=1), planned_why={},
             evidence_rule="completed", reminder="P1BD", status="met", level=0, opened_at=at,
             actual_at=at + timedelta(days=2 if late else 1), deviation=1.0 if late else 0.0)  # fmt: skip
        for turn in range(1, 3 if chance.random() < 0.1 else 2):
            _add(rows, UserTask, instance_id=instance, token_id=f"t{place}.{turn}", process_key="sale",
                 element_id=f"e{place}", path="", name=f"Шаг {place}", status="completed", priority=50, round=turn,
                 settings={}, created_at=at + timedelta(hours=turn), ended_at=at + timedelta(hours=turn + 5),
                 completed_by=owner, revision=1)  # fmt: skip
        _add(rows, ContactRecord, client_id=client, deal_id=deal, user_id=owner, at=at + timedelta(hours=3),
             direction="out", channel="phone", purpose="сделка", result="answered")  # fmt: skip


def _plans(rows: Rows) -> None:
    for month in range(1, 13):
        for seller in range(2, SELLERS + 2):
            _add(rows, SalesPlan, month=date(2026, month, 1), owner_id=seller, sum=Decimal(3_000_000))
        for number in range(1, 3):
            _add(rows, Campaign, number=f"К-{month}-{number}", title=f"Кампания {month}.{number}", channel="mail",
                 aim="продажи", selection={}, budget=Decimal(50_000), cost=Decimal(40_000), status="ended",
                 starts_on=date(2026, month, 1), ends_on=date(2026, month, 25), created_at=NOW)  # fmt: skip


def _definition() -> dict[str, Any]:
    return {"key": "sale", "version": 1, "name": "Продажа", "file": "sale.bpmn", "xml": b"", "sha256": "", "calls": [],
            "forms": {}, "decisions": {}, "starter_groups": [], "deployment_id": 1}  # fmt: skip


def _quality(rows: Rows, chance: random.Random, times: int) -> None:
    _add(rows, Questionnaire, version=1, title="Анкета", title_en="Questionnaire", questions=[], status="in_force",
         in_force_from=date(2025, 1, 1))  # fmt: skip
    for number in range(1, 40 * times + 1):
        at = NOW - timedelta(days=chance.randint(1, 360))
        closed = at + timedelta(days=8) if chance.random() < 0.8 else None
        _add(rows, Complaint, number=f"Ж-{number}", client_id=chance.randint(1, CLIENTS * times), channel="phone",
             form="oral", explicitness=chance.choice(("explicit", "hidden")), origin="client", essence="…",
             responsible_id=chance.randint(2, SELLERS + 1), stage="closed" if closed else "assigned", stage_at=at,
             category=chance.choice(("service", "term")), cause=chance.choice(("skill", "discipline")),
             importance="normal", decision="granted", reopened=0, received_at=at, closed_at=closed)  # fmt: skip
    for number in range(1, 300 * times + 1):
        at = NOW - timedelta(days=chance.randint(1, 360))
        marks = [chance.randint(2, 5) for _ in range(5)]
        _add(rows, Survey, client_id=chance.randint(1, CLIENTS * times), questionnaire_id=1, reason="yearly",
             product_id=chance.randint(1, PRODUCTS), manager_id=chance.randint(2, SELLERS + 1), opened_at=at,
             answered_at=at, status="answered", minimum=min(marks), mean=Decimal(sum(marks)) / 5,
             wants_call=False)  # fmt: skip
        for place, mark in enumerate(marks):
            _add(rows, SurveyAnswer, survey_id=number, question=f"q{place}", topic="product", score=mark)


if __name__ == "__main__":
    main()
