"""A company with some weeks of life behind it: what the whole product is looked at with. Every kind of thing it keeps
is there at least once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

import app
from engine import (
    absences,
    access,
    comments,
    database,
    deployments,
    identity,
    interventions,
    jobs,
    pauses,
    steps,
    work,
)
from engine.crm import bank_lines, complaints, diagnosis, imports, loyalty
from engine.models import Client, Deal, ProcessInstance, User
from simulation import command
from tests.browser.company import ROOT, Company
from tests.case import Clock

FRIDAY = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SEED = 7
CLIENTS = """Наименование;ИНН;Телефон
ООО «Северный ветер»;7707083893;+7 495 111-22-33
ООО «Опечатка»;7707083894;+7 495 111-22-34
"""
STATEMENT = """1CClientBankExchange
ВерсияФормата=1.03
Кодировка=Windows
ДатаНачала=01.11.2026
ДатаКонца=20.11.2026
РасчСчет=40702810900000000001
СекцияДокумент=Платежное поручение
Номер=17
Дата=18.11.2026
Сумма=15000.00
ПлательщикСчет=40702810400000000002
Плательщик1=ООО «Северный ветер»
ПлательщикИНН=7707083893
ПолучательСчет=40702810900000000001
Получатель1=ООО «Образец»
ПолучательИНН=7728168971
НазначениеПлатежа=Оплата по счету 3, без НДС
КонецДокумента
КонецФайла
"""


@dataclass
class Living:
    """The company and the passwords of its people."""

    company: Company
    passwords: Mapping[str, str]

    def signs_in(self, group: str, locale: str) -> str:
        """The token of a member of this group, who reads in this language."""
        env = self.company.env
        who = member(env, group)
        work.run(env, who, identity.set_locale, locale)
        return identity.sign_in(env, who.name, self.passwords[who.name])


def found(folder: Path, clients: int = 8, days: int = 35, say: Callable[[str], None] = lambda _: None) -> Living:
    """Live some weeks and stop on a Friday noon; the company is not served yet."""
    config = app.Config(folder, f"sqlite:///{folder / 'reglament.db'}", None)
    env = app.create_environment(config)
    database.create_tables(env.sessions.kw["bind"])
    lived = command.live(env, clients, days, SEED, deployments.files_of(ROOT), say, until=FRIDAY)
    assert lived is not None
    env.clock = Clock(FRIDAY)
    for group, verb in (
        ("operator", _complain), ("manager", _enrol), ("quality", _diagnose), ("admin", _import), ("accountant", _bank),
        ("head", _oversee),
    ):  # fmt: skip
        work.run(env, member(env, group), verb)
    work.run(env, work.SYSTEM, steps.arm)
    while jobs.run_due(env):  # what the days came to
        pass
    env.sessions.kw["bind"].dispose()
    return Living(Company(config, Clock(FRIDAY)), {one.login: one.password for one in lived.accounts})


def member(env: Any, group: str) -> work.Actor:
    """The first member of a group, as an actor."""
    with env.sessions() as session:
        return access.actor_of(access.members(session, group)[0])


def _oversee(unit: work.Work) -> None:
    """The head plans a holiday, lets one deal rest, speaks about another and puts a figure right."""
    people = {one.login: one.id for one in unit.session.scalars(select(User))}
    monday = FRIDAY.date() + timedelta(days=3)
    petrov = [absences.Named(people["petrov"]), absences.Named(people["kuznecov"], group="manager")]
    absences.plan(unit, people["ivanova"], monday, monday + timedelta(days=13), petrov, "Отпуск")
    sale = (
        select(ProcessInstance).join(Deal, Deal.id == ProcessInstance.deal_id)
        .where(Deal.status == "open", ProcessInstance.ended_at.is_(None))
    )  # fmt: skip
    newest, older = unit.session.scalars(sale.order_by(ProcessInstance.id.desc()).limit(2)).all()
    owner = select(User.login).join(Deal, Deal.owner_id == User.id).where(Deal.id == newest.deal_id)
    told = f"@{unit.session.scalars(owner).one()}, клиент просил звонить после обеда: у них **планёрка** до 13:00."
    comments.write(unit, newest.id, told)
    interventions.edit(unit, newest.id, {"client_note": "звонить после обеда"}, "Пометка клиента потерялась")
    pauses.pause(unit, deal_id=older.deal_id, reason="client_budget", until=FRIDAY + timedelta(days=20),
                 clock="client", note="Бюджет утвердят в декабре")  # fmt: skip


def _complain(unit: work.Work) -> None:
    client = unit.session.scalars(select(Client.id).limit(1)).one()
    told = complaints.Told("Мероприятие началось на сорок минут позже, чем было обещано.", "Вернуть часть оплаты")
    complaints.register(unit, client, told)


def _enrol(unit: work.Work) -> None:
    client = unit.session.scalars(select(Client.id).order_by(Client.id.desc()).limit(1)).one()
    loyalty.enrol(unit, client, "tiers")


def _diagnose(unit: work.Work) -> None:
    marks = {line.key: "+-"[number % 2] for number, line in enumerate(diagnosis.lines(unit.env))}
    diagnosis.record(unit, marks)


def _import(unit: work.Work) -> None:
    file_id = imports.keep(unit, "clients", "clients.csv", CLIENTS.encode())
    _, grid = imports.grid_of(unit.session, unit.env, unit.actor, file_id)
    imports.take(unit, "clients", file_id, imports.proposed(imports.kind_of("clients"), grid))


def _bank(unit: work.Work) -> None:
    bank_lines.keep(unit, "statement.txt", STATEMENT.replace("\n", "\r\n").encode("cp1251"))
