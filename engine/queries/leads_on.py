"""What leads a deal from its stage to another: the open steps of its diagrams, or the reason why nothing does.

Milestones follow from the drawing, so nothing is ever moved behind its back: a wish to move a deal becomes the steps
that would carry it there, or a sentence why it cannot be.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager, defer

from engine.crm import stages
from engine.errors import NotFound, ReglamentError, Text, text
from engine.models import Deal, MessageSubscription, ProcessInstance, User, UserTask
from engine.queries import board
from engine.queries.seen import UNSHOWN
from engine.vocabulary import SubscriptionKind

REACH, MILESTONE = "deal.reach", "milestone"
LOST = "lost"
FORWARD, BACK, REFUSAL = "forward", "back", "refusal"
INSTANCE = contains_eager(UserTask.instance).defer(ProcessInstance.state).defer(ProcessInstance.variables)
LATER = (defer(UserTask.outcome), defer(UserTask.due_why))


@dataclass(frozen=True)
class Step:
    """An open task that leads there, and who has it."""

    task: UserTask
    assignee: User | None


@dataclass(frozen=True)
class Way:
    """``kind``: forward, back, refusal; None where no way leads, for ``reason``. ``instance_ids``: what runs for the
    deal."""

    kind: str | None
    reason: Text
    steps: Sequence[Step] = ()
    instance_ids: Sequence[int] = ()


def way(session: Session, env: Any, deal: Deal, scheme: str, target: str) -> Way:
    """From where the deal stands to the stage ``target`` (or ``lost``). Raises NotFound for an unknown stage."""
    columns = board.outline(env, scheme)
    keys = [column.key for column in columns]
    if target != LOST and target not in keys:
        raise NotFound("There is no such stage")
    if deal.status != "open":
        return Way(None, text("The deal {number} is closed.", number=deal.number))
    running = _running(session, deal)
    ids = [instance.id for instance in running]
    if not running:
        return Way(None, text("No procedure runs about this deal: start one, and its steps will lead it on."))
    if target == LOST:
        return _refusal(session, env, deal, ids)
    here = next((no for no, column in enumerate(columns) if deal.milestone in column.milestones), None)
    there = keys.index(target)
    if here is None or here == there:
        return Way(None, text("The deal is in this stage already."), instance_ids=ids)
    steps = _leading(session, env, running, columns[here].milestones, back=there < here)
    if there > here + 1:
        return Way(None, text("No stage can be skipped: the present one is finished first."), steps, ids)
    if there < here:
        reason = text("A milestone that was reached stays reached. What has to be done again is returned: "
                      "open the step, return it to an earlier performer with a remark.")  # fmt: skip
        return Way(BACK, reason, steps, ids)
    if not steps:
        return Way(None, text("No open step leads there: the procedure waits for a message, a date or the system."),
                   instance_ids=ids)  # fmt: skip
    return Way(FORWARD, text("The deal comes there when these steps are done."), steps, ids)


def _running(session: Session, deal: Deal) -> list[ProcessInstance]:
    going = select(ProcessInstance).options(*UNSHOWN).where(
        ProcessInstance.deal_id == deal.id, ProcessInstance.ended_at.is_(None)
    )  # fmt: skip
    return list(session.scalars(going.order_by(ProcessInstance.id)))


def _refusal(session: Session, env: Any, deal: Deal, ids: Sequence[int]) -> Way:
    awaited = select(MessageSubscription.id).where(
        MessageSubscription.kind == SubscriptionKind.MESSAGE,
        MessageSubscription.name == env.setting("board.refusal", ""),
        MessageSubscription.correlation_key == str(deal.id),
    )
    if session.scalar(awaited.limit(1)) is None:
        return Way(None, text("No procedure of this deal can take a refusal now: see its open tasks."), (), ids)
    reason = text("The stage is broken off, money that was paid is settled, and a step asks why the client refused.")
    return Way(REFUSAL, reason, (), ids)


def _leading(
    session: Session, env: Any, running: Sequence[ProcessInstance], inside: Sequence[str], *, back: bool
) -> list[Step]:
    """Open tasks of drawings that reach the end of the stage; where none does, those of the procedures that could; on
    the way back, any that can be returned."""
    wanted = stages.position(inside[-1]) + 1 if inside else 0
    versions = {instance.id: instance for instance in running}
    rows = session.execute(
        select(UserTask, User)
        .join(UserTask.instance).options(INSTANCE, *LATER)
        .outerjoin(User, User.id == UserTask.assignee_id)
        .where(UserTask.instance_id.in_(versions), UserTask.rank.is_not(None))
        .order_by(UserTask.rank, UserTask.id)
    ).all()  # fmt: skip
    near, far, others = [], [], []
    for task, person in rows:
        instance = versions[task.instance_id]
        chain = list(_chain(session, env, instance, task.path))
        if any(wanted in _reached(session, env, instance, key) for key in chain):
            near.append(Step(task, person))
        elif any(_reached(session, env, instance, key) for key in instance.versions):
            far.append(Step(task, person))
        else:
            others.append(Step(task, person))
    return near or far or (others if back else [])


def _chain(session: Session, env: Any, instance: ProcessInstance, path: str) -> Iterator[str]:
    """The procedures around a task, from its own outwards to the called ones of the instance; not the outermost."""
    key = instance.key
    for element_id in path.split("/") if path else ():
        element = _drawing(session, env, instance, key).elements.get(element_id)
        called = element.settings.called_element if element is not None else None
        if called in instance.versions:
            key = str(called)
            yield key


def _reached(session: Session, env: Any, instance: ProcessInstance, key: str) -> set[int]:
    """Places of the milestones that a drawing reaches, as far as it names them plainly."""
    found = set()
    for element in _drawing(session, env, instance, key).elements.values():
        if element.settings.action == REACH:
            raw = dict(element.settings.inputs).get(MILESTONE, "").removeprefix("=").strip().strip('"')
            if raw in stages.MILESTONES:
                found.add(stages.position(raw))
    return found


def _drawing(session: Session, env: Any, instance: ProcessInstance, key: str) -> Any:
    try:
        return env.library.bound(session, key, instance.versions[key]).procedure
    except (KeyError, ReglamentError):
        raise NotFound("There is no such version of a procedure") from None
