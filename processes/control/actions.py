"""What a head's decision does about an overdue control point, or a deal that drags. The planned moment itself never
moves: the register compares plan and fact (R068); what moves is the due date of the task that is still open."""
from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from engine import control_points, tasks
from engine.actions import ActionCall, Registry
from engine.crm import transfers
from engine.errors import Failed
from engine.models import ControlPoint, ProcessInstance, UserTask
from engine.vocabulary import OPEN_TASK, ControlPointStatus
from engine.work import Work


def register(registry: Registry) -> None:
    """The decisions about an overdue point and about a deal that drags."""
    registry.add("control.apply", apply)
    registry.add("deal.give", give_deal)


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
        tasks.reassign(work, task.id, transfers.person(work.session, str(inputs["login"])).id, reason)
    return {"applied": True}


def give_deal(work: Work, call: ActionCall) -> dict[str, Any]:
    """login, reason: the deal has another owner, who takes the former one's open tasks and points (R227) -> passed."""
    if call.instance.deal_id is None:
        raise Failed("The action {element} needs a deal.", element=call.element_id)
    taker = transfers.person(work.session, str(call.inputs["login"]))
    return {"passed": transfers.give_deal(work, call.instance.deal_id, taker.id, str(call.inputs["reason"]))}


def _moment(work: Work, point: ControlPoint, day: date) -> datetime:
    office = work.session.get_one(ProcessInstance, point.instance_id).office
    due: datetime = work.env.calendar(office).due(work.now, day).at
    return due
