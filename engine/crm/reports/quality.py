"""RP-08 and RP-09: complaints, and satisfaction (R056, R117, R122, R252, R272, R276)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, and_, case, cast, func, literal, select

from engine.crm.periods import Period, day_of, moment, moments
from engine.crm.reports import ground
from engine.crm.reports.elapsed import DaysBetween
from engine.crm.reports.filters import EMPLOYEE, PRODUCT, SEGMENT, TERRITORY, YEAR, choice
from engine.crm.reports.model import (
    Asked,
    Case,
    Cell,
    Chart,
    Column,
    Link,
    Report,
    Said,
    Table,
    Words,
    share,
    to_case,
    to_client,
    to_deal,
    total,
)  # fmt: skip
from engine.crm.reports.stage_names import listed
from engine.errors import Text, text
from engine.models import Client, Complaint, Deal, Product, Settlement, Survey, SurveyAnswer, UtcDateTime, people

STAGES: Mapping[str, Text] = {
    "registered": text("registered"),
    "acknowledged": text("acknowledged"),
    "assigned": text("given to somebody"),
    "investigated": text("causes found"),
    "remedied": text("remedied"),
    "answered": text("answer given"),
    "verified": text("verified with the client"),
    "closed": text("complaint closed"),
}
SIGNS: Mapping[str, tuple[Text, str]] = {  # column -> its name and the list of the settings
    "category": (text("Type"), "categories"),
    "cause": (text("Cause"), "causes"),
    "importance": (text("Importance"), "importance"),
    "decision": (text("Decision"), "decisions"),
    "verdict": (text("Verdict"), "verdicts"),
    "origin": (text("Where from"), "origins"),
}
EXPLICIT = choice("explicit", text("Dissatisfaction"), [("explicit", text("explicit")), ("hidden", text("hidden"))])
STAGE = choice("stage", text("Stage"), list(STAGES.items()))
TOPICS: Mapping[str, Text] = {
    "product": text("the product"),
    "delivery": text("delivery"),
    "payment": text("payment"),
    "manager": text("the manager"),
    "service": text("service"),
}
SURVEYED = 365  # days within which every client is asked (R117)
DISLIKED, DOUBTFUL = 2, 3


def complaints(asked: Asked) -> Sequence[Table]:
    """What stands where now, how many came in the interval and how they are classified."""
    tables = [_open(asked), _by_stage(asked)]
    return [*tables, *(_by_sign(asked, name) for name in SIGNS)]


def _complaints(asked: Asked, *shown: Any, interval: bool = True) -> Select[Any]:
    start, end = moments(asked.env, asked.period)
    where: list[ColumnElement[bool]] = [Complaint.received_at >= start, Complaint.received_at < end] if interval else []
    if asked["employee"]:
        where.append(Complaint.responsible_id == asked["employee"])
    if asked["product"]:
        where.append(Complaint.product_id == asked["product"])
    if asked["segment"]:
        where.append(Client.segment == asked["segment"])
    if asked["territory"]:
        where.append(Client.territory == asked["territory"])
    if asked["explicit"]:
        where.append(Complaint.explicitness == asked["explicit"])
    query: Select[Any] = select(*shown).select_from(Complaint)
    return query.outerjoin(Client, Client.id == Complaint.client_id).where(*where)


def _open(asked: Asked) -> Table:
    """AT-22: stage, days in it, who has it, causes; of those received in the interval and not closed yet."""
    query = _complaints(asked, Complaint, Client.name).where(Complaint.stage != "closed")
    if asked["stage"]:
        query = query.where(Complaint.stage == asked["stage"])
    return _listed(asked, query.order_by(Complaint.received_at, Complaint.id), text("Not closed yet"))


def _listed(asked: Asked, query: Select[Any], title: Text | None = None) -> Table:
    columns = (
        Column("number", text("Complaint")), Column("client", text("Client")), Column("stage", text("Stage")),
        Column("days", text("Days in the stage"), "days"), Column("unit", text("Unit in charge")),
        Column("name", text("Responsible")), Column("category", text("Type")), Column("cause", text("Cause")),
        Column("importance", text("Importance")), Column("received", text("Received"), "moment"),
        Column("term", text("Answer due"), "moment"),
    )  # fmt: skip
    found = asked.session.execute(query).all()
    names = ground.names_of(asked.session, {row[0].responsible_id for row in found})
    known = {name: listed(asked.env, "complaints", key) for name, (_, key) in SIGNS.items()}
    units = {one.key: Words(one.title, one.title_en) for one in asked.session.scalars(select(people.Group))}
    rows = []
    for one, client in found:
        since = day_of(asked.env, one.stage_at) or asked.today
        late = one.term_at is not None and one.answered_at is None and one.term_at < moment(asked.env, asked.today)
        rows.append({
            "number": Cell(one.number, Link("complaint", one.id)), "client": to_client(one.client_id, client),
            "stage": STAGES.get(one.stage, one.stage), "days": (asked.today - since).days,
            "unit": units.get(one.unit or "", one.unit),
            "name": names.get(one.responsible_id or 0), "received": one.received_at,
            "term": Cell(one.term_at, None, "late" if late else ""),
            **{name: known[name].get(getattr(one, name) or "", getattr(one, name))
               for name in ("category", "cause", "importance")},
        })  # fmt: skip
    return Table(columns, rows, title=title, empty=text("There is no such complaint."))


def _by_stage(asked: Asked) -> Table:
    columns = (
        Column("stage", text("Stage")), Column("many", text("Complaints"), "int", total=True),
        Column("share", text("Share"), "percent"), Column("days", text("Days since received, on average"), "number"),
        Column("late", text("Past the term for the answer"), "int", total=True),
    )  # fmt: skip
    now = literal(moments(asked.env, Period(asked.today, asked.today))[1], UtcDateTime())
    age = func.avg(DaysBetween(Complaint.received_at, func.coalesce(Complaint.closed_at, now)))
    late = func.sum(case((func.coalesce(Complaint.answered_at, now) > Complaint.term_at, 1), else_=0))
    query = _complaints(asked, Complaint.stage, func.count().label("many"), age.label("days"), late.label("late"))
    found = {row.stage: row for row in asked.session.execute(query.group_by(Complaint.stage))}
    whole = sum(row.many for row in found.values())
    rows = [
        {"stage": name, "many": to_case("complaints", found[key].many, stage=key),
         "share": share(found[key].many, whole), "days": round(float(found[key].days or 0), 1),
         "late": int(found[key].late or 0)}
        for key, name in STAGES.items() if key in found
    ]  # fmt: skip
    return Table(columns, rows, title=text("Received in the interval, by stage now"), total=total(columns, rows))


def _by_sign(asked: Asked, sign: str) -> Table:
    name, key = SIGNS[sign]
    column = getattr(Complaint, sign)
    columns = (
        Column("what", name), Column("many", text("Complaints"), "int", total=True),
        Column("share", text("Share"), "percent"), Column("explicit", text("Explicit"), "int", total=True),
        Column("hidden", text("Hidden"), "int", total=True), Column("open", text("Not closed yet"), "int", total=True),
        Column("days", text("Days until closed, on average"), "number"),
    )  # fmt: skip
    kinds = ("explicit", "hidden")
    counted = [func.sum(case((Complaint.explicitness == kind, 1), else_=0)).label(kind) for kind in kinds]
    query = _complaints(
        asked, column.label("what"), func.count().label("many"), *counted,
        func.sum(case((Complaint.closed_at.is_(None), 1), else_=0)).label("open"),
        func.avg(DaysBetween(Complaint.received_at, Complaint.closed_at)).label("days"),
    ).group_by(column)  # fmt: skip
    names = listed(asked.env, "complaints", key)
    found = sorted(asked.session.execute(query), key=lambda row: (-row.many, row.what is None, str(row.what)))
    whole = sum(row.many for row in found)
    rows = [
        {"what": names.get(row.what or "", row.what) or text("not said yet"), "share": share(row.many, whole),
         "many": to_case("complaints", row.many, sign=sign, what=row.what or ""), "explicit": int(row.explicit),
         "hidden": int(row.hidden), "open": int(row.open),
         "days": None if row.days is None else round(float(row.days), 1)}
        for row in found
    ]  # fmt: skip
    chart = Chart(name, "across", [row["what"] for row in rows], [(text("Complaints"), [row.many for row in found])])
    return Table(columns, rows, title=name, total=total(columns, rows), chart=chart if len(rows) > 1 else None)


def _complaint_cases(asked: Asked) -> Sequence[Table]:
    query = _complaints(asked, Complaint, Client.name)
    sign, stage = asked.given.get("sign", ""), asked.given.get("stage")
    if sign in SIGNS:
        query = query.where(func.coalesce(getattr(Complaint, sign), "") == asked.given.get("what", ""))
    if stage in STAGES:
        query = query.where(Complaint.stage == stage)
    return [_listed(asked, query.order_by(Complaint.received_at.desc(), Complaint.id))]


def satisfaction(asked: Asked) -> Sequence[Table]:
    """What clients answered, by product, employee and question; and how many of them are asked at all."""
    products = ground.products_by_id(asked.session)
    found = asked.session.execute(_surveys(asked, Survey.product_id).group_by(Survey.product_id)).all()
    by_product = _surveyed(text("By product"), text("Product"), "product",
                           [(row, products.get(row[0]) or text("all products")) for row in found])  # fmt: skip
    people = asked.session.execute(_surveys(asked, Survey.manager_id).group_by(Survey.manager_id)).all()
    names = ground.names_of(asked.session, [row[0] for row in people])
    by_person = _surveyed(text("By employee"), text("Employee"), "manager",
                          [(row, names.get(row[0]) or text("nobody")) for row in people])  # fmt: skip
    return [by_product, by_person, _by_question(asked), _coverage(asked)]


def _surveys(asked: Asked, *by: Any) -> Select[Any]:
    answered = Survey.status == "answered"
    return _survey_filters(asked, select(
        *by, func.count().label("sent"),
        func.sum(case((answered, 1), else_=0)).label("answered"),
        func.avg(case((answered, cast(Survey.mean, Float)))).label("mean"),
        func.sum(case((and_(answered, Survey.minimum <= DISLIKED), 1), else_=0)).label("explicit"),
        func.sum(case((and_(answered, Survey.minimum == DOUBTFUL), 1), else_=0)).label("hidden"),
        func.sum(case((Survey.recommends.is_(True), 1), else_=0)).label("recommend"),
    ))  # fmt: skip


def _survey_filters(asked: Asked, query: Select[Any]) -> Select[Any]:
    start, end = moments(asked.env, asked.period)
    query = query.join(Client, Client.id == Survey.client_id).where(
        Survey.opened_at >= start, Survey.opened_at < end, *ground.client_filters(asked)
    )
    if asked["employee"]:
        query = query.where(Survey.manager_id == asked["employee"])
    return query.where(Survey.product_id == asked["product"]) if asked["product"] else query


def _surveyed(title: Text, head: Text, key: str, found: Sequence[tuple[Any, Said]]) -> Table:
    columns = (
        Column("what", head), Column("sent", text("Asked"), "int", total=True),
        Column("answered", text("Answered"), "int", total=True), Column("rate", text("Share answered"), "percent"),
        Column("mean", text("Mean mark"), "number"),
        Column("explicit", text("Explicitly dissatisfied"), "int", total=True),
        Column("hidden", text("Secretly dissatisfied"), "int", total=True),
        Column("recommend", text("Would recommend"), "percent"),
    )  # fmt: skip
    rows: list[dict[str, Any]] = [
        {"what": name, "sent": to_case("surveys", row.sent, **{key: row[0] or 0}), "answered": int(row.answered),
         "rate": share(row.answered, row.sent), "mean": None if row.mean is None else round(float(row.mean), 2),
         "explicit": int(row.explicit), "hidden": int(row.hidden), "recommend": share(row.recommend, row.answered)}
        for row, name in sorted(found, key=lambda one: -one[0].sent)
    ]  # fmt: skip
    chart = Chart(title, "across", [row["what"] for row in rows], [(text("Mean mark"), [row["mean"] for row in rows])],
                  "number")  # fmt: skip
    return Table(columns, rows, title=title, total=total(columns, rows), chart=chart if rows else None)


def _by_question(asked: Asked) -> Table:
    marks = range(1, 6)
    columns = (
        Column("topic", text("Question about")), Column("answers", text("Answers given"), "int"),
        Column("mean", text("Mean mark"), "number"),
        *(Column(f"m{mark}", str(mark), "int", group=text("Marks")) for mark in marks),
    )  # fmt: skip
    query = _survey_filters(asked, select(
        SurveyAnswer.topic, func.count().label("answers"), func.avg(cast(SurveyAnswer.score, Float)).label("mean"),
        *(func.sum(case((SurveyAnswer.score == mark, 1), else_=0)).label(f"m{mark}") for mark in marks),
    ).join(Survey, Survey.id == SurveyAnswer.survey_id)).group_by(SurveyAnswer.topic)  # fmt: skip
    rows = [
        {"topic": TOPICS.get(row.topic, row.topic), "answers": row.answers, "mean": round(float(row.mean), 2),
         **{f"m{mark}": int(getattr(row, f"m{mark}")) for mark in marks}}
        for row in sorted(asked.session.execute(query), key=lambda row: row.mean)
    ]  # fmt: skip
    return Table(columns, rows, title=text("By question, the worst first"))


def _coverage(asked: Asked) -> Table:
    """Of the clients who have ever paid: how many answered within 365 days before the end of the period (R117)."""
    columns = (Column("what", text("Clients who have bought")), Column("clients", text("Clients"), "int", total=True),
               Column("share", text("Share"), "percent"))  # fmt: skip
    counts = {
        was: asked.session.scalar(select(func.count()).select_from(_covered(asked, was).subquery())) or 0
        for was in (True, False)
    }
    whole = sum(counts.values())
    rows = [
        {"what": text("surveyed within 365 days") if was else text("not surveyed for 365 days or longer"),
         "clients": to_case("covered", many, was="yes" if was else "no"), "share": share(many, whole)}
        for was, many in counts.items()
    ]  # fmt: skip
    title = text("Who is asked")
    return Table(columns, rows, title=title, total=total(columns, rows)) if whole else Table(columns, [], title=title)


def _covered(asked: Asked, was: bool) -> Select[Any]:
    end = moments(asked.env, asked.period)[1]
    asked_ = select(Survey.client_id).where(
        Survey.status == "answered", Survey.answered_at >= end - timedelta(days=SURVEYED), Survey.answered_at < end
    )
    bought = select(Settlement.client_id).where(Settlement.dated <= asked.period.until, Settlement.kind == "in")
    shown: Sequence[Any] = (Client.id, Client.name, Client.owner_id)
    return select(*shown).where(
        Client.role == "client", *ground.client_filters(asked, of_owner=True), Client.id.in_(bought),
        Client.id.in_(asked_) if was else Client.id.not_in(asked_),
    )  # fmt: skip


def _covered_cases(asked: Asked) -> Sequence[Table]:
    columns = (Column("client", text("Client")), Column("name", text("Employee")),
               Column("last", text("Last answered"), "moment"))  # fmt: skip
    found = asked.session.execute(_covered(asked, asked.given.get("was") == "yes").order_by(Client.name)).all()
    query = select(Survey.client_id, func.max(Survey.answered_at)).where(Survey.status == "answered")
    last = {row[0]: row[1] for row in asked.session.execute(query.group_by(Survey.client_id))}
    names = ground.names_of(asked.session, {row.owner_id for row in found})
    rows = [{"client": to_client(row.id, row.name), "name": names.get(row.owner_id), "last": last.get(row.id)}
            for row in found]  # fmt: skip
    return [Table(columns, rows)]


def _survey_cases(asked: Asked) -> Sequence[Table]:
    columns = (
        Column("client", text("Client")), Column("product", text("Product")), Column("deal", text("Deal")),
        Column("opened", text("Asked on"), "moment"), Column("answered", text("Answered on"), "moment"),
        Column("minimum", text("Lowest mark"), "int"), Column("mean", text("Mean mark"), "number"),
        Column("comment", text("In the client's words")),
    )  # fmt: skip
    wanted: Sequence[Any] = (Survey, Client.name, Product.name, Deal.number)
    shown = select(*wanted).outerjoin(Product, Product.id == Survey.product_id)
    shown = shown.outerjoin(Deal, Deal.id == Survey.deal_id)
    query = _survey_filters(asked, shown).order_by(Survey.opened_at.desc(), Survey.id)
    for name, column in (("product", Survey.product_id), ("manager", Survey.manager_id)):
        value = asked.number(name)
        if value is not None:
            query = query.where(func.coalesce(column, 0) == value)
    rows = [
        {"client": to_client(one.client_id, client), "product": product, "deal": to_deal(one.deal_id, number),
         "opened": one.opened_at, "answered": one.answered_at, "minimum": one.minimum,
         "mean": None if one.mean is None else Decimal(one.mean), "comment": one.comment}
        for one, client, product, number in asked.session.execute(query)
    ]  # fmt: skip
    return [Table(columns, rows)]


REPORTS = (
    Report(
        "RP-08",
        text("Complaints"),
        text("Where each complaint stands, how many came, of what type, from what cause, with what decision."),
        "quality",
        ("R056", "R109", "R272", "R273", "R274", "R276"),
        (YEAR, EMPLOYEE, PRODUCT, SEGMENT, TERRITORY, STAGE, EXPLICIT),
        complaints,
        figures=(
            (text("Days in the stage"), text("Calendar days since the complaint came to the stage it is in now.")),
            (text("Complaints"), text("Received in the interval, whatever became of them.")),
        ),
        cases={"complaints": Case(text("Complaints behind the figure"), _complaint_cases)},
    ),
    Report(
        "RP-09",
        text("Satisfaction"),
        text("How clients judge products, employees and single points, and how many of them are asked."),
        "quality",
        ("R107", "R117", "R120", "R122", "R252"),
        (YEAR, EMPLOYEE, PRODUCT, SEGMENT, TERRITORY),
        satisfaction,
        figures=(
            (text("Mean mark"), text("Mean of the marks of the surveys opened in the period and answered.")),
            (text("Explicitly dissatisfied"), text("The lowest mark is 2 or less.")),
            (text("Secretly dissatisfied"), text("The lowest mark is 3.")),
            (text("Who is asked"), text(
                "Of the clients who have ever paid, those who answered a survey in the 365 days up to the end of the"
                " period.")),
        ),
        cases={
            "surveys": Case(text("Surveys behind the figure"), _survey_cases),
            "covered": Case(text("Clients behind the figure"), _covered_cases),
        },
        own=True,
    ),
)  # fmt: skip
