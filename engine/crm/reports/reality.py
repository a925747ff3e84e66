"""RP-26: the procedure against reality: what people had to do beside the diagram, by procedure and step.

A step that is often returned, left out or moved past is drawn wrongly or taught badly; this is where one sees which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, union_all
from sqlalchemy.orm import aliased

from engine.crm.periods import moments
from engine.crm.reports import ground
from engine.crm.reports.filters import PERIOD, choice
from engine.crm.reports.model import (
    Asked,
    Case,
    Cell,
    Chart,
    Column,
    Filter,
    Group,
    Link,
    Report,
    Row,
    Said,
    Table,
    to_case,
    total,
)  # fmt: skip
from engine.errors import NotFound, Text, text
from engine.models import Intervention, ProcessDefinition, ProcessInstance, TaskReturn, UserTask

KINDS: Mapping[str, Text] = {
    "returned": text("Returned"),
    "recalled": text("Taken back"),
    "skip": text("Left out"),
    "move": text("Moved"),
    "edit": text("Data put right"),
    "waive": text("Control points waived"),
    "reassign": text("Reassigned"),
    "extend": text("Deadlines moved"),
    "suspend": text("Suspended cases"),
    "cancel": text("Called-off cases"),
}
WHOLE = text("the whole case")
KIND = choice("kind", text("Kind"), list(KINDS.items()))
NOTHING = text("Everything went as drawn in this period.")


def reality(asked: Asked) -> Sequence[Table]:
    """By procedure and step; then by month, to see whether it gets better."""
    return [_by_step(asked)]


def _acts(asked: Asked) -> Any:
    """Both registers as one: at, kind, procedure, step, instance, who, second, reason."""
    start, end = moments(asked.env, asked.period)
    step = aliased(UserTask)
    backs = (
        select(
            TaskReturn.at.label("at"), TaskReturn.kind.label("kind"), step.process_key.label("key"),
            step.element_id.label("element"), TaskReturn.instance_id.label("instance"), TaskReturn.by.label("by"),
            literal(None, TaskReturn.by.type).label("second"), TaskReturn.remark.label("reason"),
            TaskReturn.id.label("id"),
        )
        .join(step, step.id == TaskReturn.earlier_task_id)
        .where(TaskReturn.at >= start, TaskReturn.at < end)
    )  # fmt: skip
    acts = select(
        Intervention.decided_at.label("at"), Intervention.kind.label("kind"), Intervention.process_key.label("key"),
        Intervention.element_id.label("element"), Intervention.instance_id.label("instance"),
        Intervention.requested_by.label("by"), Intervention.decided_by.label("second"),
        Intervention.reason.label("reason"), Intervention.id.label("id"),
    ).where(
        Intervention.decided_at >= start, Intervention.decided_at < end, Intervention.status == "done"
    )  # fmt: skip
    return union_all(backs, acts).subquery()


def _chosen(asked: Asked, acts: Any, query: Select[Any]) -> Select[Any]:
    where: list[ColumnElement[bool]] = []
    if asked["procedure"]:
        where.append(acts.c.key == asked["procedure"])
    kind, element = asked.given.get("kind"), asked.given.get("step")
    if kind in KINDS:
        where.append(acts.c.kind == kind)
    if element is not None:
        where.append(func.coalesce(acts.c.element, "") == element)
    if key := asked.given.get("of"):
        where.append(acts.c.key == key)
    return query.where(*where)


def _by_step(asked: Asked) -> Table:
    acts = _acts(asked)
    element = func.coalesce(acts.c.element, "").label("element")
    query = _chosen(asked, acts, select(acts.c.key, element, acts.c.kind, func.count().label("many")))
    counted: dict[str, dict[str, dict[str, int]]] = {}
    for row in asked.session.execute(query.group_by(acts.c.key, element, acts.c.kind)):
        counted.setdefault(row.key, {}).setdefault(row.element, {})[row.kind] = row.many
    shown = [kind for kind in KINDS if any(kind in one for steps in counted.values() for one in steps.values())]
    columns = (
        Column("step", text("Step")), Column("all", text("In all"), "int", total=True),
        *(Column(kind, KINDS[kind], "int", total=True) for kind in shown),
    )  # fmt: skip
    rows: list[Row] = []
    for key, steps in sorted(counted.items(), key=lambda item: -sum(map(_sum, item[1].values()))):
        name, names = _names(asked, key)
        rows.append(Group(name))
        for place, kinds in sorted(steps.items(), key=lambda item: -_sum(item[1])):
            where = {"of": key, "step": place}
            rows.append({
                "step": names.get(place) or place or WHOLE, "all": to_case("acts", _sum(kinds), **where),
                **{kind: to_case("acts", kinds.get(kind, 0), kind=kind, **where) for kind in shown},
            })  # fmt: skip
    sums = {kind: sum(one.get(kind, 0) for steps in counted.values() for one in steps.values()) for kind in shown}
    chart = Chart(text("What was done beside the diagrams"), "bar", [KINDS[kind] for kind in shown],
                  [(text("In all"), list(sums.values()))])  # fmt: skip
    return Table(columns, rows, total=total(columns, rows) if rows else None, chart=chart if shown else None,
                 empty=NOTHING)  # fmt: skip


def _sum(kinds: Mapping[str, int]) -> int:
    return sum(kinds.values())


def _names(asked: Asked, key: str) -> tuple[Said, Mapping[str, str]]:
    """The procedure's name and those of its steps, as they are called now."""
    try:
        definition = asked.env.library.latest(asked.session, key)
    except NotFound:
        return key, {}
    return definition.name, {one.id: one.name for one in definition.procedure.elements.values()}


def _cases(asked: Asked) -> Sequence[Table]:
    """The acts themselves, newest first."""
    acts = _acts(asked)
    columns = (
        Column("at", text("When"), "moment"), Column("kind", text("Kind")), Column("case", text("Case")),
        Column("step", text("Step")), Column("by", text("By whom")), Column("second", text("Second person")),
        Column("reason", text("Reason")),
    )  # fmt: skip
    count = asked.session.scalar(_chosen(asked, acts, select(func.count()).select_from(acts))) or 0
    limit, offset = asked.slice()
    shown = _chosen(asked, acts, select(acts, ProcessInstance.title))
    shown = shown.join(ProcessInstance, ProcessInstance.id == acts.c.instance)
    found = asked.session.execute(
        shown.order_by(acts.c.at.desc(), acts.c.id.desc()).limit(limit).offset(offset)
    ).all()
    people = ground.names_of(asked.session, {row.by for row in found} | {row.second for row in found})
    names = {key: _names(asked, key)[1] for key in {row.key for row in found}}
    rows = [
        {"at": row.at, "kind": KINDS.get(row.kind, row.kind), "case": Cell(row.title, Link("instance", row.instance)),
         "step": names[row.key].get(row.element) or row.element or WHOLE, "by": people.get(row.by),
         "second": people.get(row.second), "reason": row.reason}
        for row in found
    ]  # fmt: skip
    return [Table(columns, rows, count=count, empty=NOTHING)]


def _procedures(session: Any, _env: Any) -> list[tuple[str, Said]]:
    newest = select(func.max(ProcessDefinition.id)).group_by(ProcessDefinition.key)
    rows = session.execute(
        select(ProcessDefinition.key, ProcessDefinition.name).where(ProcessDefinition.id.in_(newest))
        .order_by(ProcessDefinition.name)
    )  # fmt: skip
    return [(row.key, row.name) for row in rows]


PROCEDURE = Filter("procedure", text("Procedure"), choices=_procedures)
REPORTS = (
    Report(
        "RP-26",
        text("Procedure against reality"),
        text("What people had to do beside the diagrams: where work goes back, is left out, moved or put right."),
        "control",
        (),
        (replace(PERIOD, default="month"), PROCEDURE, KIND),
        reality,
        figures=(
            (text("Returned"), text("A later performer gave the work back; counted at the step that was done again.")),
            (text("Taken back"), text("Who had completed the step took it back before anybody went on.")),
            (text("Left out"), text("A head let a waiting step pass without its being done.")),
            (text("Moved"), text("A head let the work go on from another step; counted where it stood.")),
            (text("Data put right"), text("A head changed variables of the case.")),
        ),
        cases={"acts": Case(text("Cases behind the figure"), _cases)},
    ),
)  # fmt: skip
