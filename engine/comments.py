"""Free talk on an instance or one of its tasks, with mentions and files. What is said is not in the log; that it was
said, and taken back, is."""
from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, audit, notices, notifications
from engine.errors import Forbidden, Invalid, NotFound, WrongState, text
from engine.models import Comment, ProcessInstance, StoredFile, User, UserTask
from engine.work import Work

LONGEST = 8000  # characters
MOST_FILES = 10
MOST_MENTIONS = 20
UNDO = timedelta(minutes=5)  # how long the author may take a comment back
EXCERPT = 200
MARKS = re.compile(r"\*\*|`|^\s*[-*>]\s+", re.MULTILINE)  # of markdown, in words that are shown plain
MENTION = re.compile(r"(?<![\w@.])@([\w][\w.-]*)")


def write(
    work: Work, instance_id: int, body: str, *, task_id: int | None = None, files: Sequence[int] = (),
    via: str | None = None,
) -> Comment:  # fmt: skip
    """Say something about an instance, or about one of its tasks. ``@login`` mentions a colleague: he is told, and must
    be allowed to see the case already. ``files``: attached by the author to this instance.

    Raises NotFound, Forbidden, Invalid.
    """
    instance, task = _place(work, instance_id, task_id)
    access.require(work, "instance.comment", instance)
    if work.actor.user_id is None:
        raise Forbidden("Only people comment")
    body = body.strip()
    if not body and not files:
        raise Invalid("Write something", {"body": text("Write something")})
    if len(body) > LONGEST:
        raise Invalid("A comment has at most {most} characters", most=LONGEST)
    kept = _own_files(work, instance, files)
    mentioned = _mentioned(work, instance, body)
    comment = Comment(
        instance_id=instance.id, task_id=task_id, author_id=work.actor.user_id, at=work.now, body=body, via=via,
        mentions=[str(person.id) for person in mentioned] or None, files=[str(file_id) for file_id in kept] or None,
    )  # fmt: skip
    work.session.add(comment)
    work.session.flush()
    audit.record(
        work, "comment.written", instance=instance, subject=f"comment:{comment.id}", task=task_id,
        mentions=[person.login for person in mentioned], files=kept, digest=audit.digest(body), via=via,
    )  # fmt: skip
    _tell(work, instance, comment, mentioned, task)
    return comment


def withdraw(work: Work, comment_id: int) -> Comment:
    """Take back one's own comment within a few minutes; nothing of it is kept but that there was one.

    Raises NotFound, Forbidden, WrongState.
    """
    comment = work.session.get(Comment, comment_id)
    if comment is None:
        raise NotFound("There is no such comment")
    instance = work.session.get_one(ProcessInstance, comment.instance_id)
    access.require(work, "instance.see", instance)
    if comment.author_id != work.actor.user_id:
        raise Forbidden("Only who wrote a comment may take it back")
    if comment.withdrawn_at is not None:
        raise WrongState("The comment has been taken back already")
    if work.now - comment.at > UNDO:
        raise WrongState("A comment may be taken back within {minutes} minutes only", minutes=UNDO.seconds // 60)
    for file in work.session.scalars(select(StoredFile).where(StoredFile.id.in_(map(int, comment.files or [])))):
        file.instance_id = None
    comment.withdrawn_at, comment.body, comment.mentions, comment.files = work.now, "", None, None
    notices.take_back(work, f"comment:{comment.id}", instance.id)
    audit.record(work, "comment.withdrawn", instance=instance, subject=f"comment:{comment.id}")
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


def _own_files(work: Work, instance: ProcessInstance, files: Sequence[int]) -> list[int]:
    kept = list(dict.fromkeys(files))
    if len(kept) > MOST_FILES:
        raise Invalid("A comment has at most {most} files", most=MOST_FILES)
    for file_id in kept:
        file = work.session.get(StoredFile, file_id)
        if file is None or file.instance_id != instance.id or file.created_by != work.actor.user_id:
            raise NotFound("There is no such file, or it is not yours to see")
    return kept


def _mentioned(work: Work, instance: ProcessInstance, body: str) -> list[User]:
    """The people a text names. Raises Invalid for one who may not see the case: naming him must not show it to him."""
    logins = named(body)[:MOST_MENTIONS]
    if not logins:
        return []
    people = work.session.scalars(select(User).where(User.login.in_(logins), User.active).order_by(User.id)).all()
    for person in people:
        if access.may(work.session, access.actor_of(person), work.now, "instance.see", instance) is None:
            sentence = text(
                "{name} may not see this case, so you cannot mention him here. Ask somebody who works on it, or give "
                "{name} a task of it.", name=person.name,
            )  # fmt: skip
            raise Invalid(sentence, {"body": sentence})
    return [person for person in people if person.id != work.actor.user_id]


def _tell(
    work: Work, instance: ProcessInstance, comment: Comment, mentioned: Sequence[User], task: UserTask | None
) -> None:
    facts: dict[str, Any] = {
        "name": notifications.who(work),
        "excerpt": textwrap.shorten(MARKS.sub("", comment.body), EXCERPT, placeholder="…"),
        "subject": f"comment:{comment.id}", "task_id": comment.task_id,
    }  # fmt: skip
    notifications.notify(work, mentioned, "mentioned", instance, **facts)
    told = {person.id for person in mentioned} | {work.actor.user_id}
    others = _around(work, instance, task) - told
    people = work.session.scalars(select(User).where(User.id.in_(others)).order_by(User.id)).all() if others else []
    notifications.notify(work, people, "commented", instance, **facts)


def _around(work: Work, instance: ProcessInstance, task: UserTask | None) -> set[int | None]:
    """Whom a comment concerns: who has the task it is on (else the open tasks of the case), and who has commented."""
    spoke = select(Comment.author_id).where(Comment.instance_id == instance.id, Comment.withdrawn_at.is_(None))
    found: set[int | None] = set(work.session.scalars(spoke.distinct()))
    if task is not None and task.rank is not None:
        return (found | {task.assignee_id, task.owner_id}) - {None}
    busy = select(UserTask.assignee_id).where(UserTask.instance_id == instance.id, UserTask.rank.is_not(None))
    return (found | set(work.session.scalars(busy))) - {None}
