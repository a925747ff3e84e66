"""Free talk with mentions and files: on an instance or one of its tasks, and where no procedure runs on a client, a
deal or a complaint. What is said is not in the log; that it was said, and taken back, is."""
from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, cast, literal, select
from sqlalchemy.orm import Session

from engine import access, attachments, audit, notices, notifications
from engine.errors import Forbidden, Invalid, NotFound, WrongState, text
from engine.models import Client, Comment, Complaint, Deal, ProcessInstance, StoredFile, User, UserTask
from engine.work import Work

LONGEST = 8000  # characters
MOST_FILES = 10
MOST_MENTIONS = 20
UNDO = timedelta(minutes=5)  # how long the author may take a comment back
EXCERPT = 200
MARKS = re.compile(r"\*\*|`|^\s*[-*>]\s+", re.MULTILINE)  # of markdown, in words that are shown plain
THINGS: Mapping[str, type[Any]] = {
    "instance": ProcessInstance, "client": Client, "deal": Deal, "complaint": Complaint,
}  # fmt: skip
MENTION = re.compile(r"(?<![\w@.])@([\w][\w.-]*)")


@dataclass(frozen=True)
class Place:
    """What is talked about. ``kind``: instance, client, deal or complaint."""

    kind: str
    thing: Any

    @property
    def instance(self) -> ProcessInstance | None:
        """The instance, where it is one."""
        return self.thing if self.kind == "instance" else None

    @property
    def spoken(self) -> ColumnElement[bool]:
        """Of comments: those about this."""
        column: Any = getattr(Comment, f"{self.kind}_id")
        here: ColumnElement[bool] = column == self.thing.id
        return here

    @property
    def facts(self) -> dict[str, Any]:
        """What a notice needs to name it and to lead there, where no instance does that."""
        if self.kind == "instance":
            return {}
        page = f"/{self.kind}s/{self.thing.id}"
        if self.kind == "complaint":
            return {"complaint": self.thing.number, "page": page}
        return {"thing": f"{self.thing.number} · {self.thing.title}" if self.kind == "deal" else self.thing.name,
                "page": page}  # fmt: skip


def place(session: Session, kind: str, thing_id: int) -> Place:
    """What a comment is about. Raises NotFound."""
    thing = session.get(THINGS[kind], thing_id) if kind in THINGS else None
    if thing is None:
        raise NotFound("There is no such comment")
    return Place(kind, thing)


def place_of(session: Session, comment: Comment) -> Place:
    """What this comment is about."""
    kind = next(kind for kind in THINGS if getattr(comment, f"{kind}_id") is not None)
    return place(session, kind, getattr(comment, f"{kind}_id"))


def write(
    work: Work, instance_id: int, body: str, *, task_id: int | None = None, files: Sequence[int] = (),
    via: str | None = None,
) -> Comment:  # fmt: skip
    """Say something about an instance, or about one of its tasks. ``@login`` mentions a colleague: he is told, and must
    be allowed to see the case already. ``files``: attached by the author to this instance.

    Raises NotFound, Forbidden, Invalid.
    """
    instance, task = _place(work, instance_id, task_id)
    return _write(work, Place("instance", instance), body, files, via, task)


def write_about(
    work: Work, kind: str, thing_id: int, body: str, *, files: Sequence[int] = (), via: str | None = None
) -> Comment:
    """Say something about a client, a deal or a complaint. ``files``: enclosed by the author (``enclose``). Raises
    NotFound, Forbidden, Invalid."""
    return _write(work, place(work.session, kind, thing_id), body, files, via)


def enclose(work: Work, kind: str, thing_id: int, name: str, content: bytes) -> dict[str, Any]:
    """Keep a file for a comment on a client, a deal or a complaint; ``{"id", "name", "size"}``. Nobody sees it until
    the comment is written. Raises NotFound, Forbidden, Invalid for one that may not be attached."""
    where = place(work.session, kind, thing_id)
    access.require(work, f"{kind}.comment", where.thing)
    row = attachments.keep(work, name, content)
    audit.record(work, "file.attached", subject=f"stored_file:{row.id}", name=row.name, sha256=row.sha256)
    return {"id": row.id, "name": row.name, "size": row.size}


def looked_at(work: Work, kind: str, thing_id: int) -> int:
    """The person has the talk before him: what he was told of it is read. Raises NotFound, Forbidden."""
    where = place(work.session, kind, thing_id)
    access.require(work, f"{kind}.see", where.thing)
    return notices.read_subjects(work, select(literal("comment:") + cast(Comment.id, String)).where(where.spoken))


def _write(
    work: Work, where: Place, body: str, files: Sequence[int], via: str | None, task: UserTask | None = None
) -> Comment:
    access.require(work, f"{where.kind}.comment", where.thing)
    if work.actor.user_id is None:
        raise Forbidden("Only people comment")
    body = body.strip()
    if not body and not files:
        raise Invalid("Write something", {"body": text("Write something")})
    if len(body) > LONGEST:
        raise Invalid("A comment has at most {most} characters", most=LONGEST)
    kept = _own_files(work, where, files)
    mentioned = _mentioned(work, where, body)
    comment = Comment(
        task_id=task.id if task is not None else None, author_id=work.actor.user_id, at=work.now, body=body, via=via,
        mentions=[str(person.id) for person in mentioned] or None, files=[str(file.id) for file in kept] or None,
    )  # fmt: skip
    setattr(comment, f"{where.kind}_id", where.thing.id)
    work.session.add(comment)
    work.session.flush()
    if where.instance is None:
        for file in kept:
            file.comment_id = comment.id
    _log(
        work, where, comment, "written", task=comment.task_id, mentions=[person.login for person in mentioned],
        files=[file.id for file in kept], digest=audit.digest(body), via=via,
    )  # fmt: skip
    _tell(work, where, comment, mentioned, task)
    return comment


def withdraw(work: Work, comment_id: int) -> Comment:
    """Take back one's own comment within a few minutes; nothing of it is kept but that there was one.

    Raises NotFound, Forbidden, WrongState.
    """
    comment = work.session.get(Comment, comment_id)
    if comment is None:
        raise NotFound("There is no such comment")
    where = place_of(work.session, comment)
    access.require(work, f"{where.kind}.see", where.thing)
    if comment.author_id != work.actor.user_id:
        raise Forbidden("Only who wrote a comment may take it back")
    if comment.withdrawn_at is not None:
        raise WrongState("The comment has been taken back already")
    if work.now - comment.at > UNDO:
        raise WrongState("A comment may be taken back within {minutes} minutes only", minutes=UNDO.seconds // 60)
    for file in work.session.scalars(select(StoredFile).where(StoredFile.id.in_(map(int, comment.files or [])))):
        file.instance_id = file.comment_id = None
    comment.withdrawn_at, comment.body, comment.mentions, comment.files = work.now, "", None, None
    notices.take_back(work, f"comment:{comment.id}", comment.instance_id)
    _log(work, where, comment, "withdrawn")
    return comment


def named(body: str) -> list[str]:
    """The logins that a text mentions, each once, in order."""
    found = (match[1].rstrip(".-").casefold() for match in MENTION.finditer(body))
    return list(dict.fromkeys(found))


def place_of_deal(session: Session, deal_id: int) -> ProcessInstance | None:
    """Where a comment on a deal goes: the newest of its instances that runs, else the newest."""
    of_it = select(ProcessInstance).where(ProcessInstance.deal_id == deal_id)
    return session.scalar(of_it.order_by(ProcessInstance.ended_at.is_not(None), ProcessInstance.id.desc()).limit(1))


def _place(work: Work, instance_id: int, task_id: int | None) -> tuple[ProcessInstance, UserTask | None]:
    instance = work.session.get(ProcessInstance, instance_id)
    if instance is None:
        raise NotFound("There is no process instance {id}", id=instance_id)
    task = work.session.get(UserTask, task_id) if task_id is not None else None
    if task_id is not None and (task is None or task.instance_id != instance_id):
        raise NotFound("There is no task {id}", id=task_id)
    return instance, task


def _log(work: Work, where: Place, comment: Comment, what: str, **data: Any) -> None:
    """One line: in the chain of the instance, else in the common one among those of the thing, whose card shows it."""
    if where.instance is not None:
        audit.record(work, f"comment.{what}", instance=where.instance, subject=f"comment:{comment.id}", **data)
    else:
        audit.record(work, f"comment.{what}", subject=f"{where.kind}:{where.thing.id}", comment=comment.id, **data)


def _own_files(work: Work, where: Place, files: Sequence[int]) -> list[StoredFile]:
    """Files that this author brought here and that belong to no other comment."""
    kept = list(dict.fromkeys(files))
    if len(kept) > MOST_FILES:
        raise Invalid("A comment has at most {most} files", most=MOST_FILES)
    found = [work.session.get(StoredFile, file_id) for file_id in kept]
    here = where.instance.id if where.instance is not None else None
    own = [
        file
        for file in found
        if file is not None
        and (file.instance_id, file.comment_id, file.created_by) == (here, None, work.actor.user_id)
    ]
    if len(own) < len(kept):
        raise NotFound("There is no such file, or it is not yours to see")
    return own


def _mentioned(work: Work, where: Place, body: str) -> list[User]:
    """The people a text names. Raises Invalid for one who may not see the case: naming him must not show it to him."""
    logins = named(body)[:MOST_MENTIONS]
    if not logins:
        return []
    people = work.session.scalars(select(User).where(User.login.in_(logins), User.active).order_by(User.id)).all()
    for person in people:
        if not _sees(work, person, where):
            sentence = text(
                "{name} may not see this case, so you cannot mention him here. Ask somebody who works on it, or give "
                "{name} a task of it.", name=person.name,
            )  # fmt: skip
            raise Invalid(sentence, {"body": sentence})
    return [person for person in people if person.id != work.actor.user_id]


def _sees(work: Work, person: User, where: Place) -> bool:
    actor = access.actor_of(person)
    return access.may(work.session, actor, work.now, f"{where.kind}.see", where.thing) is not None


def _tell(
    work: Work, where: Place, comment: Comment, mentioned: Sequence[User], task: UserTask | None
) -> None:
    facts: dict[str, Any] = {
        "name": notifications.who(work),
        "excerpt": textwrap.shorten(MARKS.sub("", comment.body), EXCERPT, placeholder="…"),
        "subject": f"comment:{comment.id}", "task_id": comment.task_id, **where.facts,
    }  # fmt: skip
    notifications.notify(work, mentioned, "mentioned", where.instance, **facts)
    told = {person.id for person in mentioned} | {work.actor.user_id}
    others = _around(work, where, task) - told
    people = work.session.scalars(select(User).where(User.id.in_(others)).order_by(User.id)).all() if others else []
    if where.instance is None:
        people = [person for person in people if _sees(work, person, where)]
    notifications.notify(work, people, "commented", where.instance, **facts)


def _around(work: Work, where: Place, task: UserTask | None) -> set[int | None]:
    """Whom a comment concerns: who has the task it is on (else the open tasks of the case), who answers for the thing,
    and who has commented; never an employee about whom a client complains."""
    spoke = select(Comment.author_id).where(where.spoken, Comment.withdrawn_at.is_(None))
    found: set[int | None] = set(work.session.scalars(spoke.distinct()))
    if task is not None and task.rank is not None:
        return (found | {task.assignee_id, task.owner_id}) - {None}
    thing = where.thing
    if where.kind != "instance":
        found.add(thing.responsible_id if where.kind == "complaint" else thing.owner_id)
    instance_id = thing.instance_id if where.kind == "complaint" else thing.id if where.kind == "instance" else None
    if instance_id is not None:
        busy = select(UserTask.assignee_id).where(UserTask.instance_id == instance_id, UserTask.rank.is_not(None))
        found |= set(work.session.scalars(busy))
    return found - {None, thing.against_id if where.kind == "complaint" else None}
