"""Documents that wait for decisions: the queue of one person with what is unusual about each, and the approvers of one
document through its versions. SELECTs only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, cast, func, select
from sqlalchemy.orm import Session, contains_eager, defer

from engine import access, values
from engine.errors import Text, text
from engine.models import Client, Deal, Document, ProcessInstance, User, UserTask
from engine.queries import desk, deviations
from engine.queries.deal import people_by_id
from engine.queries.deviations import Deviation
from engine.queries.words import contain
from engine.work import Actor

PAGE = 50
ORDERS = ("urgency", "sum", "age")
LIGHT = (
    defer(UserTask.outcome), defer(UserTask.due_why), defer(Document.data),
    contains_eager(UserTask.instance).options(
        defer(ProcessInstance.state), defer(ProcessInstance.variables), defer(ProcessInstance.versions)
    ),
)  # fmt: skip
APPROVE, REMARKS, REJECT = "approve", "remarks", "reject"


@dataclass(frozen=True)
class Filters:
    """What the queue shows and in which order."""

    words: str = ""
    kind: str = ""
    overdue: bool = False
    order: str = "urgency"


@dataclass(frozen=True)
class Waiting:
    """One line of the queue. ``asker``: whose document it is; ``instead_of``: the absent person for whom one decides;
    ``may``: whether this person may decide; ``unread``: a newer version that he has not opened yet."""

    task: UserTask
    document: Document | None
    deal: Deal | None
    client: Client | None
    asker: User | None
    instead_of: User | None
    may: bool
    unread: bool
    deviations: Sequence[Deviation] = ()

    @property
    def hindrance(self) -> Text | None:
        """Why it may not be approved together with others; None if it may."""
        return hindrance(self.task, self.may, self.unread, self.deviations)


@dataclass(frozen=True)
class Vote:
    """One approver. ``asked``: in what capacity; ``decision``: approve, remarks, reject or, if the form has no such
    field, None; ``withdrawn``: his answer was not needed any more."""

    task: UserTask
    asked: str
    person: User | None
    instead_of: User | None
    decision: str | None
    remark: str | None

    @property
    def withdrawn(self) -> bool:
        """The decision was reached without it."""
        return self.task.rank is None and self.task.completed_by is None


@dataclass(frozen=True)
class Round:
    """One version of the document before its approvers. ``corrected``: the step in which it was made out of the version
    before, ``note``: what was corrected, as its author said; ``ahead``: who will be asked after those."""

    document: Document | None
    votes: Sequence[Vote]
    corrected: UserTask | None = None
    author: User | None = None
    note: str | None = None
    ahead: Sequence[str] = field(default_factory=tuple)


def hindrance(task: UserTask, may: bool, unread: bool, unusual: Sequence[Deviation]) -> Text | None:
    """Why a document may not be approved together with others; None if it may."""
    if not may:
        return text("It is not for you to decide: you or whom you stand in for worked on it")
    if "approval" not in (task.settings or {}):
        return text("It has a form of its own: open it")
    if unread:
        return text("There is a new version: open it and see what changed")
    return text("There is something unusual about it: open it") if unusual else None


def queue(
    session: Session, env: Any, actor: Actor, now: datetime, today: date, filters: Filters, page: int = 1
) -> tuple[list[Waiting], int]:
    """One page of what waits for this person, and how many lines there are."""
    ids = _found(session, actor, now, filters).with_only_columns(UserTask.id)
    count = session.scalar(select(func.count()).select_from(ids.order_by(None).subquery())) or 0
    order: dict[str, tuple[Any, ...]] = {
        "sum": (Document.total.is_(None), Document.total.desc()),
        "age": (UserTask.created_at,),
    }
    ordered = ids.order_by(*order.get(filters.order, ()), UserTask.rank, UserTask.id)
    wanted = list(session.scalars(ordered.limit(PAGE).offset((page - 1) * PAGE)))
    found = {row.task.id: row for row in rows(session, env, actor, now, today, wanted)}
    return [found[task_id] for task_id in wanted if task_id in found], count


def rows(
    session: Session, env: Any, actor: Actor, now: datetime, today: date, task_ids: Sequence[int]
) -> list[Waiting]:
    """These approvals as lines of the queue, with everything that is unusual about them."""
    columns: Any = select(UserTask, Document, Deal, Client, User)
    query = _joined(columns.options(*LIGHT)).where(UserTask.id.in_(task_ids))
    found = session.execute(query).all()
    unusual = deviations.of(session, env, [row[1].id for row in found if row[1] is not None], today)
    lines = []
    for task, document, deal, client, asker in found:
        grant = access.may(session, actor, now, "task.complete", task)
        behalf = session.get(User, grant.on_behalf_of) if grant is not None and grant.on_behalf_of else None
        unread = document is not None and document.version > 1 and task.seen_by != actor.user_id
        lines.append(
            Waiting(task, document, deal, client, asker, behalf, grant is not None, unread,
                    unusual.get(document.id, ()) if document is not None else ())
        )  # fmt: skip
    return lines


def kinds(session: Session, actor: Actor, now: datetime) -> list[str]:
    """Kinds of the documents that wait for this person."""
    found = _found(session, actor, now, Filters()).with_only_columns(Document.kind).order_by(None)
    return sorted(kind for kind in session.scalars(found.distinct()) if kind)


def _found(session: Session, actor: Actor, now: datetime, filters: Filters) -> Select[Any]:
    where: list[ColumnElement[bool]] = [
        UserTask.id.in_(desk.approvals_of(session, actor, now)),
        *contain(filters.words, Client.name, Document.number, Deal.number),
    ]  # fmt: skip
    if filters.kind:
        where.append(Document.kind == filters.kind)
    if filters.overdue:
        where.append(UserTask.due_at <= now)
    return _joined(select(UserTask.id)).where(*where)


def _joined(query: Select[Any]) -> Select[Any]:
    shown = cast(UserTask.settings["document_id"].as_string(), Integer)
    return (
        query.join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .outerjoin(Document, Document.id == shown)
        .outerjoin(Deal, Deal.id == ProcessInstance.deal_id)
        .outerjoin(Client, Client.id == func.coalesce(ProcessInstance.client_id, Deal.client_id))
        .outerjoin(User, User.id == func.coalesce(Deal.owner_id, ProcessInstance.started_by))
    )


def chain(session: Session, task: UserTask, variables: Mapping[str, Any]) -> list[Round]:
    """Who decided what about this document, version after version, the newest first. ``variables``: the task's own,
    which know who will be asked next."""
    here = (
        UserTask.instance_id == task.instance_id, UserTask.path == task.path, UserTask.process_key == task.process_key,
    )  # fmt: skip
    settings = task.settings or {}
    votes = session.scalars(select(UserTask).where(*here, desk.is_approval()).order_by(UserTask.id)).all()
    steps = [part.strip() for part in settings.get("separateFrom", "").split(",")]
    corrections = session.scalars(
        select(UserTask)
        .where(*here, UserTask.element_id.in_(steps), UserTask.completed_by.is_not(None))
        .order_by(UserTask.id)
    ).all()
    names = {who for one in (*votes, *corrections) for who in (one.assignee_id, one.completed_by, one.completed_for)}
    people = people_by_id(session, names)
    ids = {one.settings.get("document_id") for one in votes if one.settings.get("document_id")}
    documents = session.scalars(select(Document).options(defer(Document.data)).where(Document.id.in_(ids)))
    known = {document.id: document for document in documents}
    groups: dict[int | None, list[UserTask]] = {}
    for one in votes:
        groups.setdefault(one.settings.get("document_id"), []).append(one)
    found: list[Round] = []
    for document_id, tasks in groups.items():
        before = [one for one in corrections if one.id < tasks[0].id]
        earlier = found[-1].corrected if found else None
        corrected = before[-1] if before and before[-1] is not earlier and found else None
        is_now = document_id == settings.get("document_id") and task.rank is not None
        found.append(
            Round(
                known.get(document_id or 0), [_vote(one, people) for one in tasks], corrected,
                people.get((corrected.completed_by if corrected else None) or 0),
                _said(corrected, settings.get("approvalNote")) if corrected else None,
                _ahead(settings, variables, len(tasks)) if is_now else (),
            )
        )  # fmt: skip
    return found[::-1]


def _vote(task: UserTask, people: Mapping[int, User]) -> Vote:
    settings = task.settings or {}
    person = people.get(task.completed_by or task.assignee_id or 0)
    return Vote(
        task, str(settings.get("asked") or (person.position if person else "") or task.name), person,
        people.get(task.completed_for or 0), _said(task, settings.get("approval")),
        _said(task, settings.get("approvalRemark")),
    )  # fmt: skip


def _said(task: UserTask, name: str | None) -> str | None:
    answer = values.decode(task.outcome or {}).get(name) if name else None
    return str(answer) if answer else None


def _ahead(settings: Mapping[str, Any], variables: Mapping[str, Any], asked: int) -> tuple[str, ...]:
    name = settings.get("approvalAll") or ""
    listed = variables[name] if name and name in variables else ()
    titles = [str(one.get("title") or one.get("group")) for one in listed or () if isinstance(one, Mapping)]
    return tuple(titles[asked:])
