"""What people did to an instance beside the diagram, as marks on its replay: returned, recalled, left out, moved, put
right. SELECTs only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from engine.models import Intervention, ProcessInstance, TaskReturn, User, UserTask
from engine.queries.replay import Replay, sheet_of
from engine.vocabulary import InterventionKind, InterventionStatus

DRAWN = (InterventionKind.SKIP, InterventionKind.MOVE, InterventionKind.EDIT)


@dataclass(frozen=True)
class Mark:
    """One act. ``element_id``/``sheet``: where it was done (empty: to the whole instance), ``to_element``/``to_sheet``:
    where the work went."""

    at: datetime
    kind: str
    sheet: str
    element_id: str
    to_sheet: str
    to_element: str
    by: str
    reason: str


def of(session: Session, instance: ProcessInstance, way: Replay) -> list[Mark]:
    """All marks of an instance, in order."""
    return sorted([*_backs(session, instance, way), *_acts(session, instance, way)], key=lambda mark: mark.at)


def _backs(session: Session, instance: ProcessInstance, way: Replay) -> list[Mark]:
    left, earlier = aliased(UserTask), aliased(UserTask)
    rows = session.execute(
        select(TaskReturn, left.path, left.element_id, earlier.path, earlier.element_id, User)
        .outerjoin(left, left.id == TaskReturn.from_task_id)
        .join(earlier, earlier.id == TaskReturn.earlier_task_id)
        .outerjoin(User, User.id == TaskReturn.by)
        .where(TaskReturn.instance_id == instance.id)
    )
    return [
        Mark(
            back.at, back.kind, sheet_of(way, path or "").path, element or "", sheet_of(way, to_path).path, to_element,
            person.name if person is not None else "", back.remark,
        )
        for back, path, element, to_path, to_element, person in rows
    ]  # fmt: skip


def _acts(session: Session, instance: ProcessInstance, way: Replay) -> list[Mark]:
    rows = session.execute(
        select(Intervention, User)
        .outerjoin(User, User.id == Intervention.requested_by)
        .where(Intervention.instance_id == instance.id, Intervention.kind.in_(DRAWN),
               Intervention.status == InterventionStatus.DONE)
    )  # fmt: skip
    found = []
    for act, person in rows:
        place = sheet_of(way, act.path).path
        to = sheet_of(way, act.what.get("to_path") or "").path if act.target else ""
        name = person.name if person is not None else ""
        at = act.decided_at or act.requested_at
        found.append(Mark(at, act.kind, place, act.element_id or "", to, act.target or "", name, act.reason))
    return found
