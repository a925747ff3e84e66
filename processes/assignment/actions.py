"""What the service tasks of an assignment do: each verb of the talk, said for the person who completed the step."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from engine import notifications
from engine.actions import ActionCall, Registry
from engine.crm import assignments
from engine.models import User, UserTask
from engine.vocabulary import TaskStatus
from engine.work import Work


def register(registry: Registry) -> None:
    """One action for each verb."""
    registry.add("assignment.issue", issue)
    registry.add("assignment.accept", accept)
    registry.add("assignment.clarify", clarify)
    registry.add("assignment.redirect", redirect)
    registry.add("assignment.report", report)
    registry.add("assignment.rework", rework)
    registry.add("assignment.finish", finish)
    registry.add("assignment.cancel", cancel)


def issue(work: Work, call: ActionCall) -> dict[str, Any]:
    """what, expected, executor, group, due, priority, issuer, complaint_id -> the assignment's own variables."""
    given = call.inputs
    issuer = _issuer(work, call)
    priority = given.get("priority")
    row = assignments.issue(
        work, call.instance, what=str(given["what"]), expected=given.get("expected"), issuer=issuer,
        executor=given.get("executor"), group=given.get("group"), due_at=_moment(work, call, given["due"]),
        priority=int(priority) if priority is not None else None, complaint_id=_id(given.get("complaint_id")),
    )  # fmt: skip
    return {"id": row.id, "number": row.number, "due_at": row.due_at, "priority": row.priority, "issuer": issuer,
            "issuer_name": assignments.person(work.session, issuer).name}  # fmt: skip


def accept(work: Work, call: ActionCall) -> dict[str, Any]:
    """assignment, step -> executor: who of those asked took it."""
    by = _who(work, call)
    assignments.accept(work, int(call.inputs["assignment"]), by)
    return {"executor": by, "executor_name": assignments.person(work.session, by).name}


def clarify(work: Work, call: ActionCall) -> dict[str, Any]:
    """assignment, step (who asked), question, answer, due -> due_at."""
    given, assignment = call.inputs, int(call.inputs["assignment"])
    assignments.ask(work, assignment, _who(work, call), str(given["question"]))
    due = given.get("due")
    row = assignments.clarify(
        work, assignment, _who(work, call, str(given["answerer"])), str(given["answer"]),
        _moment(work, call, due) if due is not None else None,
    )  # fmt: skip
    return {"due_at": row.due_at}


def redirect(work: Work, call: ActionCall) -> dict[str, Any]:
    """assignment, step, to, why -> executor. The issuer is told, unless he did it himself (R193)."""
    given = call.inputs
    by, to, why = _who(work, call), str(given["to"]), str(given["why"])
    row = assignments.redirect(work, int(given["assignment"]), by, to, why)
    issuer = work.session.get_one(User, row.issuer_id)
    if issuer.login != by and work.env.mail is not None:
        name = assignments.person(work.session, to).name
        notifications.write(
            work, f"{call.key}:redirected", issuer.email, f"Поручение {row.number} передано: {name}",
            f"Поручение «{row.what}» передано другому исполнителю: {name}.\n\nПричина: {why}", instance=call.instance,
        )  # fmt: skip
    return {"executor": to}


def report(work: Work, call: ActionCall) -> dict[str, Any]:
    """assignment, step, result -> round."""
    row = assignments.report(work, int(call.inputs["assignment"]), _who(work, call), str(call.inputs["result"]))
    return {"round": row.round}


def rework(work: Work, call: ActionCall) -> dict[str, Any]:
    """assignment, step, remarks, due -> due_at."""
    given = call.inputs
    row = assignments.rework(
        work, int(given["assignment"]), _who(work, call), str(given["remarks"]), _moment(work, call, given["due"])
    )
    return {"due_at": row.due_at}


def finish(work: Work, call: ActionCall) -> dict[str, Any]:
    """assignment, step."""
    assignments.finish(work, int(call.inputs["assignment"]), _who(work, call))
    return {}


def cancel(work: Work, call: ActionCall) -> dict[str, Any]:
    """assignment, step, why, by (whoever took it back outside a step)."""
    given = call.inputs
    by = given.get("by") or _who(work, call)
    assignments.cancel(work, int(given["assignment"]), str(by), str(given.get("why") or "Больше не нужно"))
    return {}


def _who(work: Work, call: ActionCall, steps: str | None = None) -> str:
    """Who completed one of these steps last. Several may run in one instance: whom it is about goes first."""
    names = [name.strip() for name in (steps or str(call.inputs["step"])).split(",")]
    done = work.session.execute(
        select(User.login, User.id, UserTask.completed_for)
        .join(UserTask, UserTask.completed_by == User.id)
        .where(
            UserTask.instance_id == call.instance.id, UserTask.process_key == assignments.PROCEDURE,
            UserTask.element_id.in_(names), UserTask.status == TaskStatus.COMPLETED,
        )
        .order_by(UserTask.ended_at.desc(), UserTask.id.desc())
    ).all()  # fmt: skip
    row = assignments.find(work.session, int(call.inputs["assignment"]))
    theirs = {row.executor_id, row.issuer_id}
    newest = str(done[0].login) if done else "system"
    return next((str(one.login) for one in done if theirs & {one.id, one.completed_for}), newest)


def _issuer(work: Work, call: ActionCall) -> str:
    """Who was named; where the system began the procedure, whoever did its last step, else the executor himself."""
    named = call.inputs.get("issuer")
    if named and work.session.scalar(select(User.id).where(User.login == named, User.active)) is not None:
        return str(named)
    last = work.session.scalar(
        select(User.login)
        .join(UserTask, UserTask.completed_by == User.id)
        .where(UserTask.instance_id == call.instance.id, UserTask.status == TaskStatus.COMPLETED)
        .order_by(UserTask.ended_at.desc(), UserTask.id.desc())
        .limit(1)
    )
    return str(last or call.inputs.get("executor"))


def _moment(work: Work, call: ActionCall, due: Any) -> datetime:
    """A day, a moment, or a term such as P3BD from now."""
    at: datetime = work.env.calendar(call.instance.office).due(work.now, due).at
    return at


def _id(value: Any) -> int | None:
    return int(value) if value is not None else None
