"""A small company with one procedure in full swing, on a real database: what the pages are looked at with."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from engine import database, deployments, instances, tasks, work
from engine.calendar import calendars
from engine.crm.facts import facts
from engine.definitions import Library
from engine.environment import Environment, settings_of
from engine.identity import hash_password
from engine.models import (
    Client,
    Contact,
    Deal,
    DealLine,
    Document,
    Group,
    Incident,
    Membership,
    MilestoneReached,
    Payment,
    ScheduledPayment,
    StoredFile,
    User,
    UserTask,
)
from engine.storage import Folder
from tests.web import drawn

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery"
MORNING = datetime(2026, 11, 16, 7, 0, tzinfo=UTC)  # Monday, ten in the morning in Moscow
PEOPLE = (
    ("anna", "Иванова", "Анна", "Сергеевна", "f", "Менеджер по продажам", ("manager",)),
    ("boris", "Петров", "Борис", "Ильич", "m", "Менеджер по продажам", ("manager",)),
    ("lida", "Соколова", "Лидия", "Павловна", "f", "Юрист", ("lawyer",)),
    ("gleb", "Громов", "Глеб", "Андреевич", "m", "Руководитель отдела продаж", ("head",)),
    ("dina", "Дмитриева-Константинопольская", "Диана", "Александровна", "f", "Директор", ("director",)),
    ("adam", "Адамов", "Адам", None, "m", "Методолог", ("admin",)),
    ("vera", "Власова", "Вера", None, "f", "Внутренний аудитор", ("auditor",)),
    ("yuri", "Юрьев", "Юрий", None, "m", "Бухгалтер", ("accountant",)),
)
GROUPS = {
    "manager": ("Менеджеры по продажам", "Sales managers"),
    "lawyer": ("Юристы", "Lawyers"),
    "head": ("Руководители отдела продаж", "Heads of sales"),
    "director": ("Директор", "Director"),
    "admin": ("Методологи", "Process designers"),
    "auditor": ("Аудиторы", "Auditors"),
    "accountant": ("Бухгалтерия", "Accountants"),
}
LONG_NAME = "Подготовить коммерческое предложение на поставку и внедрение оборудования"


@dataclass
class Clock:
    """The moment, moved by hand."""

    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now


@dataclass
class World:
    """The environment and what stands in it, by name."""

    env: Environment
    clock: Clock
    people: dict[str, int] = field(default_factory=dict)
    deal: int = 0
    foreign_deal: int = 0
    client: int = 0
    instance: int = 0
    foreign_instance: int = 0
    document: int = 0
    incident: int = 0

    def moved_to(self, env: Environment) -> World:
        """The same company on a copy of its database."""
        clock = env.clock
        assert isinstance(clock, Clock)
        return replace(self, env=env, clock=clock)

    def actor(self, login: str) -> work.Actor:
        """The person as an actor."""
        groups = next(frozenset(row[6]) for row in PEOPLE if row[0] == login)
        return work.Actor(self.people[login], login, groups)

    def do(self, login: str, verb: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a verb as this person."""
        return work.run(self.env, self.actor(login), verb, *args, **kwargs)

    def task(self, element_id: str, instance_id: int | None = None) -> UserTask:
        """The newest task of an element."""
        with self.env.sessions() as session:
            found = (
                session.query(UserTask)
                .filter_by(element_id=element_id, instance_id=instance_id or self.instance)
                .order_by(UserTask.id.desc())
                .first()
            )
            assert found is not None, element_id
            return found


def build(folder: Path) -> World:
    """The whole company, with an offer under way: one step done, one called procedure finished, two tasks open."""
    clock = Clock()
    engine = database.connect(f"sqlite:///{folder / 'world.db'}", synchronous="OFF")
    database.create_tables(engine)
    env = environment(engine, Folder(folder / "files"), clock)
    world = World(env, clock)
    work.run(env, work.SYSTEM, _people, world)
    work.run(env, work.SYSTEM, _business, world)
    work.run(env, work.SYSTEM, deployments.publish, content())
    _swing(world)
    return world


def environment(engine: Engine, files: Folder, clock: Clock) -> Environment:
    """The engine's parts as the pages need them: the company's real settings and calendars, no mail."""
    return Environment(
        sessions=database.sessions(engine),
        library=Library(),
        calendars=calendars(ROOT / "settings" / "calendars.yaml"),
        settings=settings_of(ROOT / "settings"),
        clock=clock,
        facts=facts,
        files=files,
    )


def content() -> dict[str, bytes]:
    """The procedures and forms."""
    steps = [
        ("begin", drawn.plain("startEvent", "begin", "Клиент обратился")),
        ("prepare", drawn.task("prepare", LONG_NAME, "manager", "trial/offer", "P2BD", help=HELP, controlPoint="CP-11",
                               cpTitle="Предложение готово", cpDue="P3BD")),
        ("check", drawn.call("check", "Проверить клиента", "trial_check")),
        ("approve", drawn.task("approve", "Согласовать предложение", "head", "trial/decision", "PT8BH",
                               document="document_id", separateFrom="prepare", controlPoint="CP-12",
                               cpTitle="Ответ согласующего", cpDue="P1BD")),
        ("choice", drawn.plain("exclusiveGateway", "choice", "Согласовано?")),
        ("send", drawn.task("send", "Отправить предложение клиенту", "manager")),
        ("done", drawn.plain("endEvent", "done", "Предложение у клиента")),
    ]  # fmt: skip
    flows = [
        ("begin", "prepare", ""), ("prepare", "check", ""), ("check", "approve", ""), ("approve", "choice", ""),
        ("choice", "send", "=agreed = true"), ("choice", "prepare", "=agreed != true"), ("send", "done", ""),
    ]  # fmt: skip
    inner = [
        ("in", drawn.plain("startEvent", "in", "")),
        (
            "look",
            drawn.task("look", "Проверить реквизиты и благонадёжность клиента", "lawyer", "trial/decision", "P1BD"),
        ),
        ("out", drawn.plain("endEvent", "out", "")),
    ]
    about = "Готовим предложение по запросу клиента, согласуем и отправляем."
    return {
        "processes/trial/offer.bpmn": drawn.drawing(
            "trial_offer", "Коммерческое предложение", steps, flows, starterGroups="manager", description=about
        ),
        "processes/trial/check.bpmn": drawn.drawing(
            "trial_check", "Проверка клиента", inner, [("in", "look", ""), ("look", "out", "")]
        ),
        "forms/trial/offer.form": _form(OFFER),
        "forms/trial/decision.form": _form(DECISION),
    }


HELP = (
    "Возьмите цены из действующего прайса. Скидку больше 10 % согласует руководитель.\nСрок действия — 10 рабочих дней."
)
OFFER = [
    {"type": "textfield", "key": "subject", "label": "Предмет предложения", "validate": {"required": True},
     "properties": {"label_en": "Subject"}},
    {"type": "number", "key": "sum", "label": "Сумма", "validate": {"required": True, "min": 1},
     "properties": {"money": "true", "label_en": "Sum"}},
    {"type": "datetime", "subtype": "date", "key": "valid_until", "dateLabel": "Действует до",
     "properties": {"label_en": "Valid until"}},
    {"type": "textarea", "key": "note", "label": "Примечание", "properties": {"label_en": "Note"}},
]  # fmt: skip
DECISION = [
    {"type": "checkbox", "key": "agreed", "label": "Согласовано", "properties": {"label_en": "Agreed"}},
    {"type": "textarea", "key": "remark", "label": "Замечание", "description": "Обязательно, если не согласовано",
     "properties": {"label_en": "Remark"}},
]  # fmt: skip


def _form(components: list[dict[str, Any]]) -> bytes:
    rows = [{"id": f"c{number}", **one} for number, one in enumerate(components)]
    return json.dumps({"type": "default", "schemaVersion": 19, "id": "Form_1", "components": rows}).encode()


def _people(w: work.Work, world: World) -> None:
    hashed = hash_password(PASSWORD)
    w.session.add_all(Group(key=key, title=ru, title_en=en) for key, (ru, en) in GROUPS.items())
    for login, last, first, middle, gender, position, groups in PEOPLE:
        user = User(login=login, last=last, first=first, middle=middle, gender=gender, position=position,
                    email=f"{login}@example.test", password_hash=hashed)  # fmt: skip
        user.memberships = [Membership(group_key=group) for group in groups]
        w.session.add(user)
        w.session.flush()
        world.people[login] = user.id


def _business(w: work.Work, world: World) -> None:
    client = Client(kind="legal", name="ООО «Северный ветер»", full_name="ООО «Северный ветер» (полное)",
                    inn="7707083893", requisites={}, created_at=w.now, owner_id=world.people["anna"])  # fmt: skip
    other = Client(kind="legal", name="АО «Технологии устойчивого развития и комплексных поставок»",
                   full_name="АО «ТУР»", requisites={}, created_at=w.now, owner_id=world.people["boris"])  # fmt: skip
    w.session.add_all([client, other])
    w.session.flush()
    contact = Contact(client_id=client.id, last="Орлова", first="Мария", position="директор по закупкам",
                      email="orlova@example.test", phone="+7 495 000-00-01")  # fmt: skip
    w.session.add(contact)
    w.session.flush()
    deal = Deal(number="С-0001/26", title="Годовое обслуживание оборудования на трёх площадках", client_id=client.id,
                contact_id=contact.id, owner_id=world.people["anna"], milestone="M3", milestone_at=w.now,
                created_at=w.now - timedelta(days=20), discount=Decimal(5))  # fmt: skip
    deal.lines = [
        DealLine(no=1, name="Обслуживание, площадка «Юг»", unit="мес.", quantity=Decimal(12), price=Decimal("98000")),
        DealLine(no=2, name="Пусконаладка", unit="усл.", quantity=Decimal(1), price=Decimal("150000")),
    ]
    deal.payments = [
        ScheduledPayment(part=1, trigger="before_delivery", share=Decimal(50), sum=Decimal("629850"),
                         due_on=w.now.date(), received=Decimal("629850")),
        ScheduledPayment(part=2, trigger="after_delivery", share=Decimal(50), sum=Decimal("629850")),
    ]  # fmt: skip
    foreign = Deal(number="С-0002/26", title="Поставка комплектующих", client_id=other.id,
                   owner_id=world.people["boris"], milestone="MX", status="lost", milestone_at=w.now,
                   created_at=w.now, refusal={"comment": "Выбрали конкурента"})  # fmt: skip
    w.session.add_all([deal, foreign])
    w.session.flush()
    before, since = None, None
    for name, days in (("M0", 20), ("M1", 18), ("M2", 9), ("M3", 1)):
        at = w.now - timedelta(days=days)
        w.session.add(MilestoneReached(deal_id=deal.id, milestone=name, at=at, came_from=before, came_at=since))
        before, since = name, at
    w.session.add(Payment(deal_id=deal.id, part=1, dated=w.now.date(), sum=Decimal("629850"), reference="п/п 118",
                          recorded_at=w.now))  # fmt: skip
    world.client, world.deal, world.foreign_deal = client.id, deal.id, foreign.id


def _swing(world: World) -> None:
    instance = world.do("anna", instances.start, "trial_offer", {"document_id": 1}, deal_id=world.deal,
                        client_id=world.client, title="Предложение по сделке С-0001/26")  # fmt: skip
    world.instance = instance.id
    world.foreign_instance = world.do("boris", instances.start, "trial_offer", {}, deal_id=world.foreign_deal,
                                      title="Предложение для АО «Технологии устойчивого развития»").id  # fmt: skip
    world.document = work.run(world.env, work.SYSTEM, _paper, world)
    world.clock.now += timedelta(hours=3)
    first = world.task("prepare")
    world.do("anna", tasks.claim, first.id)
    world.do(
        "anna", tasks.complete, first.id, {"subject": "Обслуживание", "sum": "1 259 700", "valid_until": "2026-12-01"}
    )
    world.clock.now += timedelta(hours=20)
    world.do("lida", tasks.complete, world.task("look").id, {"agreed": True})
    second = instances.start
    world.do("anna", second, "trial_offer", {}, deal_id=world.deal, title="Дополнительное предложение")
    world.clock.now += timedelta(days=1)
    world.incident = work.run(world.env, work.SYSTEM, _trouble, world)


def _paper(w: work.Work, world: World) -> int:
    content = pdf("Commercial offer No. 1")
    digest = w.env.files.put(content)
    stored = StoredFile(sha256=digest, name="offer.pdf", media_type="application/pdf", size=len(content),
                        instance_id=world.instance, created_at=w.now)  # fmt: skip
    w.session.add(stored)
    w.session.flush()
    paper = Document(instance_id=world.instance, deal_id=world.deal, kind="proposal", title="Коммерческое предложение",
                     number="КП-0001/26", dated=w.now.date(), total=Decimal("1259700"), template="sale/proposal",
                     template_version=1, data={}, pdf_id=stored.id, docx_id=stored.id, created_at=w.now,
                     valid_until=w.now + timedelta(days=14))  # fmt: skip
    w.session.add(paper)
    w.session.flush()
    return paper.id


def _trouble(w: work.Work, world: World) -> int:
    incident = Incident(instance_id=world.foreign_instance, kind="action", element_id="prepare",
                        message="Почтовый сервер не принял письмо: 550", raised_at=w.now)  # fmt: skip
    w.session.add(incident)
    w.session.flush()
    return incident.id


def pdf(line: str) -> bytes:
    """One page with one line, as a browser can show it."""
    stream = f"BT /F1 24 Tf 72 740 Td ({line}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R "
        b"/Resources << /Font << /F1 4 0 R >> >> >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + end
