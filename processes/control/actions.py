"""What a head's decision on an overdue control point does. The planned moment itself never moves: the register compares
plan and fact (R068); what moves is the due date of the task that is still open."""
from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from engine import control_points, tasks
from engine.actions import ActionCall, Registry
from engine.errors import NotFound
from engine.models import ControlPoint, ProcessInstance, User, UserTask
from engine.vocabulary import OPEN_TASK, ControlPointStatus
from engine.work import Work


def register(registry: Registry) -> None:
    """The one action of the escalation."""
    registry.add("control.apply", apply)


def apply(work: Work, call: ActionCall) -> dict[str, Any]:
    """control_point_id, decision (help, extend, reassign, close), reason, due, login -> applied.

    A point that was met or waived meanwhile, or whose task is done, leaves nothing to apply.
    """
    inputs = call.inputs
    point = work.session.get(ControlPoint, int(inputs["point"]))
    if point is None or point.status != ControlPointStatus.OPEN:
        return {"applied": False}
    decision, reason = inputs["decision"], str(inputs["reason"])
    if decision == "close":
        control_points.waive(work, point.id, reason)
        return {"applied": True}
    task = work.session.scalar(
        select(UserTask).where(
            UserTask.instance_id == point.instance_id, UserTask.token_id == point.token_id,
            UserTask.status.in_(OPEN_TASK),
        )
    )  # fmt: skip
    if decision == "help" or task is None:
        return {"applied": decision == "help"}
    if decision == "extend":
        tasks.set_due(work, task.id, _moment(work, point, inputs["due"]), reason)
    else:
        tasks.reassign(work, task.id, _person(work, str(inputs["login"])), reason)
    return {"applied": True}


def _moment(work: Work, point: ControlPoint, day: date) -> datetime:
    office = work.session.get_one(ProcessInstance, point.instance_id).office
    due: datetime = work.env.calendar(office).due(work.now, day).at
    return due


def _person(work: Work, login: str) -> int:
    found = work.session.scalar(select(User.id).where(User.login == login))
    if found is None:
        raise NotFound("There is no user {login}", login=login)
    return found
