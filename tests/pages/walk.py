"""Every page of the product with a sample of what it shows, and somebody who may look at it.

The routes are asked of the application itself, so that a new page is walked by itself; a new kind of argument must be
given a sample here, or the walk says which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from engine import models
from engine.crm.reports import registry
from engine.web.rules import PUBLIC, rule_of

READERS = {"employee": "head", "imports.preview": "admin", "bank.preview": "accountant"}  # rule or endpoint -> a group
NOT_PAGES = {
    "static", "health.healthz", "inbox.home", "tasks.after", "drawings.source", "designer.source", "documents.file",
    "documents.attachment", "instances.replay_data", "notices.bell", "reports.file", "imports.sample", "imports.faulty",
    "layouts.preview", "knowledge.file", "rulebook.export", "ical.feed", "inbox.changes",
    "comments.people", "comments.people_about", "absences.pick", "start.choices",
}  # fmt: skip
QUERIES = {
    "inbox.show": ("", "?tab=groups", "?tab=overdue", "?tab=done"),
    "clients.show": ("", "?tab=people", "?tab=deals", "?tab=quality", "?tab=log", "?tab=history"),
    "guide.show": ("?role=employee", "?role=manager", "?role=designer", "?role=auditor"),
    "outlook.show": ("", "?ask=1"),
    "deals.listing": ("?status=all",),
    "instances.listing": ("?status=all",),
}
Sample = Callable[[Session], Iterable[Any]]


@dataclass(frozen=True)
class Place:
    """One page: where it is and which group's member looks at it (None: nobody signed in)."""

    endpoint: str
    path: str
    group: str | None


def newest(column: Any, *where: Any, count: int = 1) -> Sample:
    """The newest rows of a table."""
    return lambda session: session.scalars(
        select(column).where(*where).order_by(column.desc()).limit(count)
    ).all()  # fmt: skip


def tasks_of(session: Session) -> list[int]:
    """One of each look: open, with a document beside it, done."""
    task = models.UserTask
    shown = task.settings["document_id"].as_string()
    wanted = (
        (task.rank.is_not(None), shown.is_(None), task.form_key.is_not(None)),
        (task.rank.is_not(None), shown.is_not(None)),
        (task.completed_by.is_not(None), task.form_key.is_not(None)),
    )
    found = [session.scalar(select(task.id).where(*where).order_by(task.id.desc()).limit(1)) for where in wanted]
    return [one for one in found if one is not None]


def skippable(column: Any) -> Sample:
    """Of the newest open task with a form, in a case that is not called by another."""
    task, case = models.UserTask, models.ProcessInstance
    query = select(column).select_from(task).join(case, case.id == task.instance_id)
    query = query.where(task.rank.is_not(None), task.form_key.is_not(None), case.status == "active")
    return lambda session: session.scalars(query.order_by(task.id.desc()).limit(1)).all()


def approvals_of(session: Session) -> list[int]:
    task = models.UserTask
    where = (task.rank.is_not(None), task.settings["document_id"].as_string().is_not(None))
    return list(session.scalars(select(task.id).where(*where).limit(1)))


def open_cases(session: Session) -> list[int]:
    """A deal's case in which somebody has something to do."""
    task, case = models.UserTask, models.ProcessInstance
    query = select(case.id).join(task, task.instance_id == case.id).where(task.rank.is_not(None))
    return list(session.scalars(query.where(case.deal_id.is_not(None)).order_by(task.id.desc()).limit(1)))


def cases_of_no_deal(session: Session) -> list[int]:
    case = models.ProcessInstance
    return list(session.scalars(select(case.id).where(case.deal_id.is_(None), case.ended_at.is_(None)).limit(1)))


def startable(session: Session) -> list[str]:
    found = session.scalars(select(models.ProcessDefinition).order_by(models.ProcessDefinition.id))
    return [one.key for one in found if one.starter_groups and "head" in one.starter_groups][:1]


def always(*values: Any) -> Sample:
    """The same whatever there is."""
    return lambda _: values


SAMPLES: dict[str, Sample] = {
    "task_id": tasks_of,
    "deal_id": newest(models.Deal.id),
    "client_id": newest(models.Deal.client_id),
    "contact_id": newest(models.Contact.id),
    "instance_id": open_cases,
    "product_id": newest(models.Product.id, models.Product.direction_id.is_not(None)),
    "list_id": newest(models.PriceList.id),
    "matrix_id": newest(models.Matrix.id),
    "survey_id": newest(models.Survey.id),
    "complaint_id": newest(models.Complaint.id),
    "campaign_id": newest(models.Campaign.id),
    "card_id": newest(models.LoyaltyCard.id),
    "item_id": newest(models.KnowledgeItem.id),
    "diagnosis_id": newest(models.Diagnosis.id),
    "run_id": newest(models.ImportRun.id),
    "token": always("gone"),
    "absence_id": newest(models.Absence.id),
    "user_id": newest(models.Absence.user_id),
    "stage": always("proposal"),
}
BY_ENDPOINT: dict[str, Mapping[str, Sample]] = {
    "approvals.decide": {"task_id": approvals_of},
    "approvals.template": {"task_id": approvals_of},
    "rulebook.calendar": {"office": always("main")},
    "rulebook.deadline": {"key": always("call_retry")},
    "stalled.pause_form_of_instance": {"instance_id": cases_of_no_deal},
    "interventions.skip_form": {
        "instance_id": skippable(models.UserTask.instance_id), "token_id": skippable(models.UserTask.token_id),
    },
    "limits.show": {"kind": always("discount")},
    "people.group": {"key": always("manager")},
    "monitoring.warmth": {"key": always("stage_proposal")},
    "designer.show": {"key": always("sale_long_pull")},
    "designer.edit": {"key": always("stage_proposal")},
    "start.form": {"key": startable},
    "imports.preview": {"kind": always("clients"), "file_id": newest(models.ImportRun.file_id)},
    "bank.preview": {"file_id": newest(models.StoredFile.id, models.StoredFile.name == "statement.txt")},
    "reports.show": {"key": lambda _: [report.key for report in registry.all_reports().values()], "case": always()},
}


def places(app: Flask, session: Session) -> Iterator[Place]:
    """All pages there are, in the order of their addresses. Raises LookupError for an argument without a sample."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if "GET" not in (rule.methods or ()) or rule.endpoint in NOT_PAGES:
            continue
        for values in _arguments(rule, session):
            path = app.url_map.bind("").build(rule.endpoint, values)
            for query in QUERIES.get(rule.endpoint, ("",)):
                yield Place(rule.endpoint, path + query, _reader(app, rule))


def _arguments(rule: Rule, session: Session) -> Iterator[dict[str, Any]]:
    own = BY_ENDPOINT.get(rule.endpoint, {})
    names = sorted(rule.arguments)
    missing = [name for name in names if name not in own and name not in SAMPLES]
    if missing:
        raise LookupError(f"no sample of {', '.join(missing)} for {rule.rule}")
    samples = [list(own.get(name, SAMPLES.get(name, always()))(session)) for name in names]
    for values in product(*samples):
        yield dict(zip(names, values, strict=True))


def _reader(app: Flask, rule: Rule) -> str | None:
    allowed = rule_of(app.view_functions[rule.endpoint]) or frozenset()
    if PUBLIC in allowed:
        return None
    if rule.endpoint in READERS:
        return READERS[rule.endpoint]
    for wanted in ("employee", "head", "director", "admin", "accountant"):
        if wanted in allowed:
            return READERS.get(wanted, wanted)
    return sorted(allowed)[0]
