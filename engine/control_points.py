"""Control points: facts that must be established by a date (R068, R158-R165, R169).

A control point sits on an element of the diagram as ``zeebe:property`` values. It opens when a token enters the element
and is judged when the token leaves; if the evidence comes earlier, it is met earlier. PAT-6 is its ladder: a reminder
before the due moment, at the due moment the deviation is told, two working days later a task for the head, five working
days later the director is told.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from engine import access, audit, ledger, notices, notifications, outbox, values
from engine.bpmn.types import Advance, Happening, Token
from engine.errors import Invalid, NotFound, WrongState, text
from engine.models import ControlPoint, Document, Job, ProcessInstance, User, UserTask, table_of
from engine.outbox import Owed
from engine.rows import Prepared, adopt, enter
from engine.vocabulary import ControlPointStatus, DocumentStatus, InterventionKind, JobKind, JobStatus
from engine.work import Work

REMINDER, OVERDUE, HEAD, DIRECTOR = 1, 2, 3, 4
LATE_BY = {HEAD: "P2BD", DIRECTOR: "P5BD"}  # how long after the due moment these rungs come (PAT-6)
DEFAULT_REMINDER = "P1BD"
POINTS, PEOPLE = table_of(ControlPoint), table_of(User)
COLUMNS = tuple(POINTS.c.keys())
OPEN = Prepared(
    select(*POINTS.c)
    .where(POINTS.c.instance_id == bindparam("instance"), POINTS.c.status == bindparam("open"))
    .order_by(POINTS.c.id)
)
RUNGS = outbox.JOBS
CANCEL_RUNGS = Prepared(
    update(RUNGS)
    .where(RUNGS.c.instance_id == bindparam("instance"), RUNGS.c.token_id == bindparam("token"))
    .where(RUNGS.c.kind == bindparam("kind"), RUNGS.c.status == bindparam("waiting"), RUNGS.c.ended_at.is_(None))
    .values(status=bindparam("cancelled"), ended_at=bindparam("at"))
)
PERSON = Prepared(select(PEOPLE.c.id).where(PEOPLE.c.login == bindparam("login")))
DEAD = (DocumentStatus.CANCELLED, DocumentStatus.SUPERSEDED)


@dataclass(frozen=True)
class Evidence:
    """What shows that a control point was met, and since when."""

    at: datetime
    what: dict[str, Any]


def project(work: Work, instance: ProcessInstance, advance: Advance) -> None:
    """Open the control points of elements that were entered, judge those of elements that were left."""
    known = {point.token_id: point for point in _open(work, instance)}
    here = {t.token_id: t for t in (*advance.snapshot.tasks, *advance.snapshot.calls)}
    left = {h.token_id: h for h in advance.happened if h.event != "entered"}
    for token_id, point in known.items():
        if token_id not in here:
            _judge(work, instance, point, left.get(token_id))
    for token in here.values():
        if "controlPoint" in token.element.settings.properties and token.token_id not in known:
            _open_point(work, instance, token)


def require(work: Work, task: UserTask) -> None:
    """Refuse to complete a task that demands control points which are neither met nor waived. Raises WrongState."""
    codes = {code.strip() for code in task.settings.get("requires", "").split(",") if code.strip()}
    if not codes:
        return
    for point in _open(work, task.instance):
        if point.code in codes:
            if (evidence := _evidence(work, task.instance, point, None)) is None:
                raise WrongState(
                    "Control point {code} «{title}» is still open. "
                    "Establish it first, or let a head waive it with a reason.",
                    code=point.code,
                    title=point.title,
                )
            _close(work, task.instance, point, ControlPointStatus.MET, evidence)


def waive(work: Work, control_point_id: int, reason: str) -> None:
    """Let an open control point go, with a reason, by someone who may.

    Raises NotFound, Forbidden, WrongState, Invalid.
    """
    point = work.session.get(ControlPoint, control_point_id)
    if point is None:
        raise NotFound("There is no such control point")
    instance = work.session.get_one(ProcessInstance, point.instance_id)
    access.require(work, "control_point.waive", instance)
    if point.status != ControlPointStatus.OPEN:
        raise WrongState("Control point {code} is not open any more", code=point.code)
    if not reason.strip():
        raise Invalid("Say why the control point is waived", {"reason": text("Say why the control point is waived")})
    point.waived_by, point.reason = work.actor.user_id, reason.strip()
    _close(work, instance, point, ControlPointStatus.WAIVED, Evidence(work.now, {"reason": reason.strip()}))
    ledger.note(work, InterventionKind.WAIVE, instance, reason, element_id=point.element_id, code=point.code)


def postpone(work: Work, point: ControlPoint, at: datetime, why: dict[str, Any]) -> None:
    """An open control point rested with its deal: its planned moment and the rung it waits for come as much later."""
    point.planned_at, point.planned_why = at, why
    rungs = select(Job).where(
        Job.instance_id == point.instance_id, Job.token_id == point.token_id, Job.ended_at.is_(None),
        Job.kind == JobKind.CONTROL_POINT,
    )  # fmt: skip
    for job in work.session.scalars(rungs):
        job.due_at = _rung_at(work, point, job.payload["level"])


def climb(work: Work, job: Job) -> None:
    """One rung of the ladder; called by the job. Does nothing when the control point is no longer open, and closes it
    when a document shows that it was met although its element goes on."""
    point = work.session.get(ControlPoint, job.payload["control_point_id"])
    if point is None or point.status != ControlPointStatus.OPEN:
        return
    instance = work.session.get_one(ProcessInstance, point.instance_id)
    if (evidence := _evidence(work, instance, point, None)) is not None:
        _close(work, instance, point, ControlPointStatus.MET, evidence)
        return
    level: int = job.payload["level"]
    point.level = level
    _RUNGS[level](work, instance, point)
    audit.record(
        work, f"control_point.{_RUNG_NAMES[level]}", instance=instance, subject=f"control_point:{point.id}",
        code=point.code, planned_at=point.planned_at,
    )  # fmt: skip
    if level < DIRECTOR:
        _schedule(work, point, level + 1)


def _open(work: Work, instance: ProcessInstance) -> list[ControlPoint]:
    found = OPEN.see(work.session, instance=instance.id, open=ControlPointStatus.OPEN)
    return [adopt(work.session, ControlPoint, COLUMNS, row) for row in found]


def _open_point(work: Work, instance: ProcessInstance, token: Token) -> None:
    own = token.element.settings.properties
    evaluate = work.env.evaluator(work, instance, token.variables)
    code = str((evaluate(own["cpCode"]) if "cpCode" in own else None) or own["controlPoint"])
    calendar = work.env.calendar(instance.office)
    spec = evaluate(own["cpDue"]) if "cpDue" in own else work.env.setting(f"deadlines.{code}")
    due = calendar.due(work.now, spec)
    owner = evaluate(own["cpOwner"]) if "cpOwner" in own else None
    point = enter(
        work.session,
        ControlPoint,
        instance_id=instance.id,
        token_id=token.token_id,
        element_id=token.element.id,
        code=code,
        title=own.get("cpTitle") or token.element.name or code,
        owner_id=_person(work, owner) if owner else None,
        owner_group=evaluate(own["cpOwnerGroup"]) if "cpOwnerGroup" in own else None,
        planned_at=due.at,
        planned_why=due.why,
        evidence_rule=own.get("cpEvidence", "completion"),
        escalation=own.get("cpEscalation"),
        reminder=own.get("cpReminder", DEFAULT_REMINDER),
        opened_at=work.now,
    )
    audit.record(
        work, "control_point.opened", instance=instance, subject=f"control_point:{point.id}",
        code=code, element=point.element_id, planned_at=point.planned_at,
    )  # fmt: skip
    _schedule(work, point, REMINDER)


def _person(work: Work, login: str) -> int | None:
    found = PERSON.see(work.session, login=str(login))
    return int(found[0][0]) if found else None


def _judge(work: Work, instance: ProcessInstance, point: ControlPoint, left: Happening | None) -> None:
    if left is None or left.event == "cancelled":
        _close(work, instance, point, ControlPointStatus.CANCELLED, None)
    elif evidence := _evidence(work, instance, point, left):
        _close(work, instance, point, ControlPointStatus.MET, evidence)
    else:
        _close(work, instance, point, ControlPointStatus.MISSED, None)


def _evidence(work: Work, instance: ProcessInstance, point: ControlPoint, left: Happening | None) -> Evidence | None:
    kind, _, rest = point.evidence_rule.partition(":")
    if kind == "completion":
        return Evidence(work.now, {"completed": point.element_id}) if left else None
    if kind == "field":
        value = left.data.get(rest) if left else None
        return Evidence(work.now, {rest: values.encode(value)}) if value not in (None, "", False, [], {}) else None
    wanted, _, state = rest.partition(":")
    return _document_evidence(work, instance, point, wanted, "approved" if kind == "approval" else state)


def _document_evidence(
    work: Work, instance: ProcessInstance, point: ControlPoint, kind: str, state: str
) -> Evidence | None:
    moment = {"approved": Document.locked_at, "signed": Document.signed_at}.get(state, Document.sent_at)
    found = select(Document, moment).where(
        Document.instance_id == instance.id, moment.is_not(None), Document.status.not_in(DEAD)
    )
    if kind:
        found = found.where(Document.kind == kind)
    row = work.session.execute(found.order_by(Document.id.desc()).limit(1)).first()
    if row is None:
        return None
    document: Document = row[0]
    at: datetime = row[1] or work.now
    what = {"document": document.number, "id": document.id, "state": state or "sent"}
    return Evidence(max(at, point.opened_at), what)


def _close(
    work: Work, instance: ProcessInstance, point: ControlPoint, status: ControlPointStatus, evidence: Evidence | None
) -> None:
    point.status = status
    point.actual_at = evidence.at if evidence else work.now
    point.evidence = evidence.what if evidence else None
    if status != ControlPointStatus.CANCELLED:
        calendar = work.env.calendar(instance.office)
        point.deviation = calendar.working_days_between(point.planned_at, point.actual_at)
    CANCEL_RUNGS.run(
        work.connection, instance=instance.id, token=point.token_id, at=work.now, kind=JobKind.CONTROL_POINT,
        waiting=JobStatus.WAITING, cancelled=JobStatus.CANCELLED,
    )  # fmt: skip
    if point.level:
        notices.settle_about(work, instance.id, f"control_point:{point.id}")
    audit.record(
        work, f"control_point.{status}", instance=instance, subject=f"control_point:{point.id}", code=point.code,
        planned_at=point.planned_at, actual_at=point.actual_at, deviation=point.deviation, evidence=point.evidence,
    )  # fmt: skip


def _schedule(work: Work, point: ControlPoint, level: int) -> None:
    at = _rung_at(work, point, level)
    if level == REMINDER and at <= point.opened_at:  # too short a time to be reminded of
        _schedule(work, point, OVERDUE)
        return
    key, type_ = f"control_point:{point.id}:{level}", f"control_point.{_RUNG_NAMES[level]}"
    payload = {"control_point_id": point.id, "level": level}
    instance = work.session.get_one(ProcessInstance, point.instance_id)
    outbox.owe(work, Owed(JobKind.CONTROL_POINT, type_, key, at, instance, point.token_id, point.element_id, payload))


def _rung_at(work: Work, point: ControlPoint, level: int) -> datetime:
    calendar = work.env.calendar(work.session.get_one(ProcessInstance, point.instance_id).office)
    if level in LATE_BY:
        late: datetime = calendar.due(point.planned_at, LATE_BY[level]).at
        return late
    return calendar.before(point.planned_at, point.reminder) if level == REMINDER else point.planned_at


def _remind(work: Work, instance: ProcessInstance, point: ControlPoint) -> None:
    notifications.notify(work, _owners(work, instance, point), "control_point_reminder", instance, **_facts(point))


def _tell_overdue(work: Work, instance: ProcessInstance, point: ControlPoint) -> None:
    owners = _owners(work, instance, point)
    people = [*owners, *_group(work, "head")]
    notifications.notify(work, people, "control_point_overdue", instance, **_facts(point))


def _ask_head(work: Work, instance: ProcessInstance, point: ControlPoint) -> None:
    if point.escalation is None:
        notifications.notify(work, _group(work, "head"), "control_point_overdue", instance, **_facts(point))
        return
    owners = _owners(work, instance, point)
    work.session.add(
        Job(
            kind=JobKind.START,
            type=point.escalation,
            key=f"control_point:{point.id}:escalation",
            instance_id=instance.id,
            payload={
                "key": point.escalation,
                "variables": values.encode(
                    {
                        "control_point_id": point.id,
                        "control_point_code": point.code,
                        "control_point_title": point.title,
                        "control_point_due": point.planned_at,
                        "escalated_instance_id": instance.id,
                        "escalated_title": instance.title,
                        "executor": owners[0].login if owners else None,
                        "deal_id": instance.deal_id,
                        "client_id": instance.client_id,
                    }
                ),
            },
            due_at=work.now,
        )
    )


def _tell_director(work: Work, instance: ProcessInstance, point: ControlPoint) -> None:
    notifications.notify(work, _group(work, "director"), "control_point_director", instance, **_facts(point))


_RUNGS = {REMINDER: _remind, OVERDUE: _tell_overdue, HEAD: _ask_head, DIRECTOR: _tell_director}
_RUNG_NAMES = {REMINDER: "reminded", OVERDUE: "overdue", HEAD: "escalated", DIRECTOR: "director_told"}


def _facts(point: ControlPoint) -> Mapping[str, Any]:
    about = f"control_point:{point.id}"
    return {"code": point.code, "title": point.title, "planned_at": point.planned_at, "subject": about}


def _owners(work: Work, instance: ProcessInstance, point: ControlPoint) -> list[User]:
    """The named owner, else his group, else whoever has the task now, else who started the instance."""
    if point.owner_id:
        return [work.session.get_one(User, point.owner_id)]
    if point.owner_group:
        return _group(work, point.owner_group)
    task = work.session.scalar(
        select(UserTask).where(UserTask.instance_id == instance.id, UserTask.token_id == point.token_id)
    )
    somebody = (task.assignee_id if task else None) or instance.started_by
    return [work.session.get_one(User, somebody)] if somebody else []


def _group(work: Work, role: str) -> list[User]:
    """The people of the group that plays a role on the ladder (settings/deadlines.yaml ``ladder``)."""
    return access.members(work.session, work.env.setting(f"deadlines.ladder.{role}", role))
