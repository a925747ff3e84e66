"""Mail. A mail is a row and a job in the transaction that decided it; the job hands it over, with no transaction open.

The Message-ID is made from the row's key, so that a mail which had to be handed over twice (the worker died between
sending and writing that down) is recognised as one by the receiving side.
"""
from __future__ import annotations

import hashlib
import secrets
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from sqlalchemy import bindparam, select

from engine import audit, notices, outbox, substitution
from engine.actions import ActionCall, Registry
from engine.errors import Failed, Invalid, Text, text
from engine.letters import Attachment, Letter
from engine.models import Candidate, Document, Mail, Notice, ProcessInstance, StoredFile, User, UserTask, table_of
from engine.outbox import Owed
from engine.rows import Prepared, enter
from engine.vocabulary import JobKind
from engine.work import Work

LONGEST_SUBJECT = 150  # characters
MAILS = table_of(Mail)
WRITTEN = Prepared(select(MAILS.c.id).where(MAILS.c.message_id == bindparam("message")))
MARK, BREAK = "-- ✂ --", "\n\n"  # a reply is what stands above the mark
COMPLAINT = text("Complaint {number}")
REPLY = text("Reply to this mail above this line to write a comment.")
SENTENCES: Mapping[str, tuple[Text, Text]] = {
    "task_assigned": (
        text("Task: {task}"),
        text("«{task}» ({instance}) is yours now."),
    ),
    "task_delegated": (
        text("Your answer is asked: {task}"),
        text("{name} asks for your answer: «{task}» ({instance})."),
    ),
    "task_answered": (
        text("Answered: {task}"),
        text("{name} has answered; «{task}» ({instance}) is with you again."),
    ),
    "task_returned": (
        text("Returned: {task}"),
        text("{name} has returned «{task}» ({instance}) to you: {remark}"),
    ),
    "task_recalled": (
        text("Taken back: {task}"),
        text("{name} has taken «{task}» ({instance}) back to change it: what followed is withdrawn from you."),
    ),
    "intervention_requested": (
        text("A second person is asked: {instance}"),
        text("{name} asks you to confirm an intervention ({instance}): {reason}"),
    ),
    "intervention_confirmed": (
        text("Confirmed: {instance}"),
        text("{name} has confirmed your intervention ({instance}). It is done."),
    ),
    "intervention_refused": (
        text("Not confirmed: {instance}"),
        text("{name} does not confirm your intervention ({instance}): {answer}"),
    ),
    "mentioned": (
        text("{name} mentions you: {instance}"),
        text("{name} mentions you ({instance}): {excerpt}"),
    ),
    "commented": (
        text("Comment: {instance}"),
        text("{name} comments ({instance}): {excerpt}"),
    ),
    "approval_withdrawn": (
        text("Decided without your vote: {task}"),
        text("«{task}» ({instance}) needs your vote no more: with the answer of {name} the decision was reached."),
    ),
    "draft_kept": (
        text("Withdrawn: {task}"),
        text("«{task}» ({instance}) is asked for no more. What you had typed can be read there until {until}."),
    ),
    "approval_decided": (
        text("Decided: {task}"),
        text("{name} has decided on «{task}» ({instance})."),
    ),
    "assignment_accepted": (
        text("Assignment {number} accepted"),
        text("{name} has accepted assignment {number}: {what}"),
    ),
    "assignment_redirected": (
        text("Assignment {number} passed on"),
        text("{name} has passed on assignment {number}: {what}"),
    ),
    "assignment_finished": (
        text("Assignment {number} done"),
        text("{name} has accepted the result of assignment {number}: {what}"),
    ),
    "assignment_cancelled": (
        text("Assignment {number} cancelled"),
        text("{name} has cancelled assignment {number}: {what}"),
    ),
    "reply_refused": (
        text("Your reply was not taken: {about}"),
        text("Your reply by mail «{about}» did not become a comment: {reason}"),
    ),
    "incident": (
        text("Incident: {instance}"),
        text("Something stands still ({instance}): {message}"),
    ),
    "task_for_absent": (
        text("Task for {name}, who is away: {task}"),
        text("«{task}» ({instance}) came for {name}. You stand in."),
    ),
    "substitute_named": (
        text("You stand in for {name}"),
        text("{name} is away from {first} to {last}. You stand in: the tasks are in your list in that time."),
    ),
    "control_point_reminder": (
        text("Due soon: {code} {title}"),
        text("Control point {code} «{title}» ({instance}) is due at {planned_at}."),
    ),
    "control_point_overdue": (
        text("Overdue: {code} {title}"),
        text("Control point {code} «{title}» ({instance}) was due at {planned_at} and is still open."),
    ),
    "nobody_could": (
        text("Steps that nobody could do: {count}"),
        text("In the next two weeks nobody could do: {steps}. The page «Who may do what» says why."),
    ),
    "pause_ended": (
        text("The pause is over: {title}"),
        text("The pause of «{title}» ({reason}) ended on its day. Say what happens next."),
    ),
    "control_point_director": (
        text("Five working days overdue: {code} {title}"),
        text("Control point {code} «{title}» ({instance}) was due at {planned_at}. The head has been asked already."),
    ),
}


def write(
    work: Work,
    key: str,
    recipient: str,
    subject: str,
    body: str,
    *,
    instance: ProcessInstance | None = None,
    documents: Sequence[int] = (),
    person: int | None = None,
    task_id: int | None = None,
    comment_id: int | None = None,
    page: str | None = None,
    at: datetime | None = None,
) -> Mail | None:
    """A mail to be sent after the commit. ``key``: once per key, a second call does nothing and returns None.

    ``person``: one of us, whose reply becomes a comment: nobody may guess the id of a mail to him. ``page``: the body
    as HTML. ``at``: not before this moment.

    Raises Invalid for a recipient or subject that cannot stand in a header.
    """
    for name, value in (("to", recipient), ("subject", subject)):
        if not value.strip() or any(mark in value for mark in "\r\n\0"):
            raise Invalid("A mail needs one line of «{field}»", field=name)
    if "@" not in recipient:
        raise Invalid("«{recipient}» is not a mail address", recipient=recipient)
    host = work.env.setting("mail.domain", "reglament.local")
    local = hashlib.sha256(key.encode()).hexdigest()[:32] if person is None else secrets.token_hex(20)
    message_id = f"<{local}@{host}>"
    if person is None and WRITTEN.see(work.session, message=message_id):
        return None
    mail = enter(
        work.session,
        Mail,
        instance_id=instance.id if instance is not None else None,
        recipient=recipient.strip(),
        subject=textwrap.shorten(subject, LONGEST_SUBJECT, placeholder="…"),
        body=body,
        attachments=[str(document_id) for document_id in documents],
        user_id=person,
        task_id=task_id,
        comment_id=comment_id,
        html=page,
        message_id=message_id,
        created_at=work.now,
    )
    due = at or work.now
    outbox.owe(work, Owed(JobKind.MAIL, "mail", f"mail:{mail.id}", due, instance, payload={"mail_id": mail.id}))
    audit.record(work, "mail.written", instance=instance, subject=f"mail:{mail.id}", to=mail.recipient,
                 about=mail.subject, documents=list(documents))  # fmt: skip
    return mail


def letter_of(work: Work, mail: Mail) -> Letter:
    """Everything the transport needs. Raises Failed when a document has no file yet."""
    return Letter(
        message_id=mail.message_id,
        sender=work.env.setting("mail.sender", "reglament@localhost"),
        recipient=mail.recipient,
        subject=mail.subject,
        body=mail.body,
        date=format_datetime(mail.created_at),
        page=mail.html,
        reply_to=work.env.replies if mail.user_id is not None else "",
        automatic=mail.user_id is not None,
        attachments=tuple(_attachment(work, int(document_id)) for document_id in mail.attachments),
    )


def notify(
    work: Work, people: Iterable[User], kind: str, instance: ProcessInstance | None, *, by_mail: bool = True,
    **facts: Any,
) -> None:  # fmt: skip
    """Tell these people something about this instance: a notice, and by each one's choice a mail at once or a line of
    his digest. ``facts``: what the sentence of ``kind`` says; ``task_id`` and ``subject``: what it is about.
    ``by_mail``: False for what must stay in the house."""
    for person in {person.id: person for person in people if person.active}.values():
        notice = notices.add(
            work, person.id, kind, facts, instance_id=instance.id if instance is not None else None, by_mail=by_mail
        )
        if notice.channel == notices.NOW and work.env.mail is not None and "@" in person.email:
            _mail_now(work, notice, person, instance, facts)


def said(env: Any, locale: str, kind: str, facts: Mapping[str, Any], instance: ProcessInstance | None) -> list[str]:
    """Head and body of a notice as its reader knows them."""
    zone = env.calendar(instance.office if instance is not None else notices.OFFICE).zone
    shown = {
        name: value.astimezone(zone).strftime("%d.%m.%Y %H:%M") if hasattr(value, "astimezone") else value
        for name, value in facts.items()
    }
    shown["instance"] = instance.title if instance is not None else about(facts, lambda one: env.translate(locale, one))
    return [" ".join(env.translate(locale, one.template).format(**shown).split()) for one in SENTENCES[kind]]


def about(facts: Mapping[str, Any], translate: Callable[[str], str]) -> str:
    """What a notice without an instance is about: a thing that its facts name, or the system as a whole."""
    if "complaint" in facts:
        return translate(COMPLAINT.template).format(number=facts["complaint"])
    return str(facts["thing"]) if "thing" in facts else translate("the system")


def link(env: Any, notice: Notice) -> str:
    """The address of what a notice is about, as a mail shows it."""
    if "page" in notice.facts:
        return f"{site(env)}{notice.facts['page']}#talk"
    if notice.task_id is not None:
        return f"{site(env)}/tasks/{notice.task_id}"
    return f"{site(env)}/instances/{notice.instance_id}" if notice.instance_id is not None else f"{site(env)}/notices"


def site(env: Any) -> str:
    """The address at which people open this product (settings ``mail.address``)."""
    return str(env.setting("mail.address", env.setting("campaigns.address", ""))).rstrip("/")


def task_assigned(work: Work, person: User, instance: ProcessInstance, task_id: int, name: str) -> None:
    """Tell somebody that a task is his, unless he has just done it himself, and who stands in for him if he is away."""
    if person.id != work.actor.user_id:
        notify(work, [person], "task_assigned", instance, task=name, task_id=task_id)
    if person.id in substitution.away(work.session, work.now):
        task = work.session.get(UserTask, task_id)
        groups = work.session.scalars(
            select(Candidate.group_key).where(Candidate.task_id == task_id, Candidate.group_key.is_not(None))
        ).all()
        known = substitution.with_substitutes(work.session, [person.id], work.now, task, [key for key in groups if key])
        people = [work.session.get_one(User, user_id) for user_id in known if user_id != person.id]
        notify(work, [one for one in people if one.id != work.actor.user_id], "task_for_absent", instance, task=name,
               task_id=task_id, name=person.name)  # fmt: skip


def approval_decided(work: Work, task: UserTask) -> None:
    """Tell whoever did the step before an approval that it has been decided."""
    settings = task.settings or {}
    if "document" not in settings or not settings.get("separateFrom"):
        return
    steps = [part.strip() for part in settings["separateFrom"].split(",")]
    done = select(UserTask.completed_by).where(
        UserTask.instance_id == task.instance_id, UserTask.element_id.in_(steps), UserTask.completed_by.is_not(None)
    )
    author = work.session.scalar(done.order_by(UserTask.id.desc()).limit(1))
    person = work.session.get(User, author) if author not in (None, work.actor.user_id) else None
    if person is not None:
        notify(work, [person], "approval_decided", task.instance, task=task.name, task_id=task.id,
               name=who(work))  # fmt: skip


def who(work: Work) -> str:
    """The actor as others know him."""
    person = work.session.get(User, work.actor.user_id) if work.actor.user_id is not None else None
    return person.name if person is not None else work.actor.name


def _mail_now(
    work: Work, notice: Notice, person: User, instance: ProcessInstance | None, facts: Mapping[str, Any]
) -> None:
    head, told = said(work.env, person.locale, notice.kind, facts, instance)
    at = notices.quiet_until(work.env, notices.habit(work.session, person.id), work.now)
    comment_id = _comment_of(notice) if instance is None else None
    takes_replies = work.env.replies and (instance is not None or comment_id is not None)
    how = work.env.translate(person.locale, REPLY.template) if takes_replies else ""
    body = f"{f'{MARK} {how}{BREAK}' if how else ''}{told}\n\n{link(work.env, notice)}\n"
    mail = write(
        work, f"notice:{notice.id}", person.email, head, body, instance=instance, person=person.id,
        task_id=notice.task_id, comment_id=comment_id, at=at,
    )  # fmt: skip
    notice.mail_id = mail.id if mail is not None else None


def _comment_of(notice: Notice) -> int | None:
    kind, _, number = (notice.subject or "").partition(":")
    return int(number) if kind == "comment" else None


def _attachment(work: Work, document_id: int) -> Attachment:
    document = work.session.get(Document, document_id)
    file_id = (document.pdf_id or document.docx_id) if document is not None else None
    file = work.session.get(StoredFile, file_id) if file_id is not None else None
    if file is None:
        raise Failed("Document {document} has no file yet", document=document_id)
    return Attachment(file.name, file.media_type, work.env.files.get(file.sha256))


def register(registry: Registry) -> None:
    """The action ``mail.send``: inputs to, subject, body, documents (ids, optional)."""

    @registry.register("mail.send")
    def send(work: Work, call: ActionCall) -> dict[str, Any]:
        inputs = call.inputs
        documents = inputs.get("documents") or []
        documents = documents if isinstance(documents, list) else [documents]
        recipients = inputs.get("to") or ""
        for number, recipient in enumerate(recipients if isinstance(recipients, list) else str(recipients).split(",")):
            write(
                work, f"{call.key}:{number}", str(recipient).strip(), str(inputs.get("subject") or ""),
                str(inputs.get("body") or ""), instance=call.instance, documents=[int(one) for one in documents],
            )  # fmt: skip
        return {}
