"""What the service tasks of the reviews do: the matrix, the results of a quarter, the self-diagnosis."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from engine.actions import ActionCall, Registry
from engine.crm import campaign_facts, deals, diagnosis, knowledge, matrix, practice
from engine.errors import Failed
from engine.models import Diagnosis, Matrix, User, UserTask
from engine.vocabulary import TaskStatus
from engine.work import Work

SHOWN = {"+": "+", "+/-": "+/−", "-": "−"}
MANY = 200


def register(registry: Registry) -> None:
    """Summaries, drafts, comparisons."""
    registry.add("matrix.draft", draft)
    registry.add("matrix.drop", drop)
    registry.add("matrix.impact", impact)
    registry.add("matrix.put_in_force", put_in_force)
    registry.add("practice.gather", gather)
    registry.add("practice.conclude", conclude)
    registry.add("diagnosis.last", last)
    registry.add("diagnosis.record", record)
    registry.add("diagnosis.plan", plan)


def draft(work: Work, call: ActionCall) -> dict[str, Any]:  # noqa: ARG001 - an action is given its call
    """-> matrix_id, matrix_version: the draft that is there already, or a new one."""
    found = work.session.scalars(select(Matrix).where(Matrix.status == "draft").order_by(Matrix.id.desc())).first()
    row = found or matrix.draft(work, "Пересмотр матрицы")
    return {"matrix_id": row.id, "matrix_version": row.version}


def drop(work: Work, call: ActionCall) -> dict[str, Any]:
    """matrix: the draft goes, what is in force stays."""
    matrix.drop(work, int(call.inputs["matrix"]))
    return {}


def impact(work: Work, call: ActionCall) -> dict[str, Any]:
    """matrix -> moves [{client, before, after}], faults (Russian sentences)."""
    row = matrix.find(work.session, int(call.inputs["matrix"]))
    titles = campaign_facts.segment_titles(work.session) | {one.key: one.title for one in row.segments}
    moves = matrix.impact(work.session, row)
    return {
        "moves": [
            {"client": move.name, "before": titles.get(move.before or "", "нет"),
             "after": titles.get(move.after or "", "нет")}
            for move in moves[:MANY]
        ],
        "faults": [work.env.translate("ru", fault.template).format(**fault.values) for fault in matrix.faults(row)],
    }  # fmt: skip


def put_in_force(work: Work, call: ActionCall) -> dict[str, Any]:
    """matrix -> moved: how many clients changed their segment."""
    return {"moved": len(matrix.put_in_force(work, int(call.inputs["matrix"]), deals.today(work)))}


def gather(work: Work, call: ActionCall) -> dict[str, Any]:  # noqa: ARG001 - an action is given its call
    """-> summary of the last three months."""
    return {"summary": practice.summary(work.session, work.env, deals.today(work))}


def conclude(work: Work, call: ActionCall) -> dict[str, Any]:
    """step, best_practice -> issuer: who did the step gives the assignments; a best practice is written down (R050)."""
    said = str(call.inputs.get("best_practice") or "").strip()
    if said:
        title = f"Лучшая практика {deals.today(work):%d.%m.%Y}"
        knowledge.create(work, "case", title, said, status=knowledge.PUBLISHED)
    return {"issuer": _performer(work, call)}


def last(work: Work, call: ActionCall) -> dict[str, Any]:  # noqa: ARG001 - an action is given its call
    """-> last {on_date} or null, marks: as they were."""
    found = diagnosis.previous(work.session)
    return {
        "last": {"on_date": found.on_date} if found is not None else None,
        "marks": dict(found.marks) if found is not None else {},
    }


def record(work: Work, call: ActionCall) -> dict[str, Any]:
    """marks, step -> diagnosis_id, diagnosed {on_date, all, plus, half, minus, changes, weak}."""
    given: Mapping[str, Any] = call.inputs["marks"]
    before = diagnosis.previous(work.session)
    row = diagnosis.record(work, given, instance_id=call.instance.id)
    row.filled_by = work.session.scalar(select(User.id).where(User.login == _performer(work, call)))
    return {"diagnosis_id": row.id, "diagnosed": _compared(work, row, before)}


def plan(work: Work, call: ActionCall) -> dict[str, Any]:
    """diagnosis, plan, step -> issuer."""
    diagnosis.set_plan(work, int(call.inputs["diagnosis"]), str(call.inputs["plan"]))
    return {"issuer": _performer(work, call)}


def _compared(work: Work, row: Diagnosis, before: Diagnosis | None) -> dict[str, Any]:
    lines = diagnosis.lines(work.env, row.marks, before.marks if before is not None else None)
    counted = diagnosis.count(row.marks)
    return {
        "on_date": row.on_date, "all": len(lines), "plus": counted["+"], "half": counted["+/-"],
        "minus": counted["-"],
        "changes": [
            {"title": line.title, "before": SHOWN[line.before or "-"], "ours": SHOWN[line.ours or "-"]}
            for line in lines
            if line.change in {"better", "worse"}
        ],
        "weak": [{"title": line.title, "ours": SHOWN[line.ours or "-"]} for line in lines if line.ours != "+"],
    }  # fmt: skip


def _performer(work: Work, call: ActionCall) -> str:
    """Login of whoever completed a step of this instance last."""
    query = (
        select(User.login)
        .join(UserTask, UserTask.completed_by == User.id)
        .where(
            UserTask.instance_id == call.instance.id, UserTask.element_id == str(call.inputs["step"]),
            UserTask.status == TaskStatus.COMPLETED,
        )
        .order_by(UserTask.id.desc())
    )  # fmt: skip
    found = work.session.scalar(query.limit(1))
    if found is None:
        raise Failed("Nobody has done the step {step} yet.", step=call.inputs["step"])
    return found
