"""New user tasks: who gets one, until when, how urgent (what the designer wrote on the element, evaluated), as rows."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, func, insert, select

from engine import audit, authority, failures, notifications, searching
from engine.bpmn.types import ElementSettings, OpenTask
from engine.errors import Invalid, ReglamentError, Text, text
from engine.models import Candidate, Group, ProcessInstance, User, UserTask, table_of
from engine.rows import Prepared
from engine.vocabulary import TaskStatus
from engine.work import Work

NORMAL = 50
HIGHEST = 1000
SPREAD = 10**11
HOUR = 3600
NEVER = SPREAD // HOUR * HOUR - HOUR  # seconds; after every due date there can be
GRADES = {"A": 0, "B": 1, "C": 2}  # classes of clients; everybody else comes after them
TASKS, CANDIDATES = table_of(UserTask), table_of(Candidate)
GROUPS, PEOPLE = table_of(Group), table_of(User)
LAST_ROUND = Prepared(
    select(func.max(TASKS.c.round)).where(
        TASKS.c.instance_id == bindparam("instance"),
        TASKS.c.element_id == bindparam("element"),
        TASKS.c.path == bindparam("path"),
    )
)
WRITE = Prepared(
    insert(TASKS).returning(TASKS.c.id),
    columns=["instance_id", "token_id", "process_key", "element_id", "path", "name", "status", "assignee_id",
             "form_key", "form_version", "due_at", "due_why", "follow_up_at", "priority", "rank", "round", "settings",
             "created_at", "claimed_at", "words", "client_id", "procedure_key",
             "decision", "revision"],
)  # fmt: skip
GROUP = Prepared(select(GROUPS.c.key).where(GROUPS.c.key == bindparam("key")))
PERSON = Prepared(select(PEOPLE.c.id).where(PEOPLE.c.login == bindparam("login"), PEOPLE.c.active))
WRITE_CANDIDATES = Prepared(insert(CANDIDATES).inline(), columns=["task_id", "group_key", "user_id", "rank"])


@dataclass
class Assigned:
    """What the settings of an element came to. ``faults``: what could not be evaluated; the task exists anyway."""

    assignee: User | None = None
    groups: tuple[str, ...] = ()
    people: tuple[int, ...] = ()
    due_at: datetime | None = None
    due_why: dict[str, Any] | None = None
    follow_up_at: datetime | None = None
    priority: int = NORMAL
    form_key: str | None = None
    limit: dict[str, Any] = field(default_factory=dict)
    faults: list[Text] = field(default_factory=list)


def rank(priority: int, due_at: datetime | None, grade: str | None = None) -> int:
    """A task's place in an inbox as one number: the more urgent first, then the sooner due, then those never due. Of
    those due in the same hour the client of the better class comes first."""
    seconds = NEVER if due_at is None else max(0, min(NEVER - HOUR, int(due_at.timestamp())))
    hour, rest = divmod(seconds, HOUR)
    within = GRADES.get(grade or "", len(GRADES)) * (HOUR // 4) + rest // 4
    return (HIGHEST - max(0, min(HIGHEST, priority))) * SPREAD + hour * HOUR + within


def assign(work: Work, instance: ProcessInstance, token: OpenTask) -> Assigned:
    """Evaluate assignee, candidates, dates, priority and form of a new task. Never raises: faults are collected, since
    a misspelt name must not undo the work of the person before."""
    raw = token.element.settings
    found = Assigned()
    if _is_plain(raw):  # most tasks name a group and nothing else: no expression, nothing to look up
        found.groups = tuple(_names(raw.candidate_groups))
        found.form_key = raw.form_key
    else:
        _evaluate(work, instance, token, raw, found)
    _use_limit(work, instance, token, found)
    if found.assignee is not None and found.assignee.login == _banned(token):
        found.assignee = None
    if found.assignee is None and not found.groups and not found.people:
        found.faults.append(text("Nobody can do «{task}»: it names neither an assignee nor candidates",
                                 task=token.element.name or token.element.id))  # fmt: skip
    return found


def open_tasks(work: Work, instance: ProcessInstance, tokens: Sequence[OpenTask]) -> None:
    """Rows for user tasks that have just been reached, their candidates, their lines in the log."""
    if not tokens:
        return
    places = {(token.path, token.element.id) for token in tokens}
    rounds = {place: _round(work, instance, *place) for place in places}
    about = searching.about(work, instance)
    for token in tokens:
        assigned = assign(work, instance, token)
        task_id = _insert(work, instance, token, assigned, rounds[token.path, token.element.id], about)
        _insert_candidates(work, task_id, assigned, about.grade)
        audit.record(
            work, "user_task.created", instance=instance, subject=f"user_task:{task_id}", element=token.element.id,
            **_told(assigned),
        )  # fmt: skip
        if assigned.assignee is not None:
            notifications.task_assigned(work, assigned.assignee, instance, task_id, token.element.name)
        for fault in assigned.faults:
            failures.report(work, "assignment", str(fault), instance=instance, element_id=token.element.id,
                            token_id=token.token_id)  # fmt: skip


def _round(work: Work, instance: ProcessInstance, path: str, element_id: str) -> int:
    """Which pass of this element this is. Drawings that are called may have elements of the same name."""
    last = LAST_ROUND.first(work.connection, instance=instance.id, element=element_id, path=path)
    return 1 if last is None or last[0] is None else int(last[0]) + 1


def _insert(
    work: Work, instance: ProcessInstance, token: OpenTask, assigned: Assigned, nth: int, about: searching.About
) -> int:
    definition = work.env.library.bound(work.session, token.process_key, instance.versions[token.process_key])
    assignee = assigned.assignee
    row = {
        "instance_id": instance.id,
        "token_id": token.token_id,
        "process_key": token.process_key,
        "element_id": token.element.id,
        "path": token.path,
        "name": token.element.name or token.element.id,
        "status": TaskStatus.CREATED if assignee is None else TaskStatus.CLAIMED,
        "assignee_id": assignee.id if assignee is not None else None,
        "form_key": assigned.form_key,
        "form_version": definition.forms.get(assigned.form_key) if assigned.form_key else None,
        "due_at": assigned.due_at,
        "due_why": assigned.due_why,
        "follow_up_at": assigned.follow_up_at,
        "priority": assigned.priority,
        "rank": rank(assigned.priority, assigned.due_at, about.grade),
        "round": nth,
        "settings": (settings := _settings(token) | assigned.limit),
        "decision": int("document" in settings and "separateFrom" in settings),
        "created_at": work.now,
        "claimed_at": work.now if assignee is not None else None,
        "words": about.of(token.element.name or ""),
        "client_id": about.client_id,
        "procedure_key": instance.key,
        "revision": 1,
    }
    written = WRITE.first(work.connection, **row)
    assert written is not None
    return int(written[0])


def _settings(token: OpenTask) -> dict[str, Any]:
    """The element's properties and, where one names the document to be shown, which document that is: a list of tasks
    must not open every instance's state to find out."""
    kept: dict[str, Any] = dict(token.element.settings.properties)
    name = kept.get("document")
    shown = token.variables.get(name) if name else None
    if isinstance(shown, (int, Decimal)) and shown == int(shown):
        kept["document_id"] = int(shown)
    if (banned := _banned(token)) is not None:
        kept["not_for_login"] = banned
    if (asked := _asked(token)) is not None:
        kept["asked"] = asked
    return kept


def _asked(token: OpenTask) -> str | None:
    """In what capacity one of several approvers is asked («Юрист»): the property ``approvalAsked`` names the variable,
    perhaps a field of it."""
    found: Any = token.variables
    for part in (token.element.settings.properties.get("approvalAsked") or "").split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return str(found) if found else None


def _banned(token: OpenTask) -> str | None:
    """The login of whom this task is not for: the property ``notFor`` names the variable that holds it."""
    name = token.element.settings.properties.get("notFor")
    login = token.variables.get(name) if name else None
    return str(login) if login else None


def _insert_candidates(work: Work, task_id: int, assigned: Assigned, grade: str | None) -> None:
    place = rank(assigned.priority, assigned.due_at, grade) if assigned.assignee is None else None
    rows: list[dict[str, Any]] = [
        {"task_id": task_id, "group_key": key, "user_id": None, "rank": place} for key in assigned.groups
    ]
    rows += [{"task_id": task_id, "group_key": None, "user_id": person, "rank": place} for person in assigned.people]
    if rows:
        WRITE_CANDIDATES.run_many(work.connection, rows)


def _told(assigned: Assigned) -> dict[str, Any]:
    told = {
        "assignee": assigned.assignee.login if assigned.assignee is not None else None,
        "groups": list(assigned.groups),
        "people": list(assigned.people),
        "due_at": moment(assigned.due_at),
    }
    return {name: value for name, value in told.items() if value}


def _is_plain(raw: ElementSettings) -> bool:
    rich = (raw.assignee, raw.candidate_users, raw.due_date, raw.follow_up_date, raw.priority)
    perhaps = (raw.candidate_groups, raw.form_key)
    return not any(rich) and not any((setting or "").startswith("=") for setting in perhaps)


def _evaluate(work: Work, instance: ProcessInstance, token: OpenTask, raw: ElementSettings, found: Assigned) -> None:
    evaluate = work.env.evaluator(work, instance, token.variables)
    for setting, use in (
        (raw.candidate_groups, _use_groups),
        (raw.candidate_users, _use_people),
        (raw.assignee, _use_assignee),
        (raw.due_date, _use_due),
        (raw.follow_up_date, _use_follow_up),
        (raw.priority, _use_priority),
        (raw.form_key, _use_form),
    ):
        try:
            value = evaluate(setting) if setting else None
            if value not in (None, "", []):
                use(work, instance, value, found)
        except (ReglamentError, ValueError, TypeError) as error:
            found.faults.append(error.text if isinstance(error, ReglamentError) else text("{error}", error=error))


def _use_groups(work: Work, _instance: ProcessInstance, value: Any, found: Assigned) -> None:
    found.groups = tuple(dict.fromkeys(_names(value)))
    _check_groups(work, found)


def _use_people(work: Work, _instance: ProcessInstance, value: Any, found: Assigned) -> None:
    found.people = tuple(user.id for user in _users(work, _names(value)).values())


def _use_assignee(work: Work, _instance: ProcessInstance, value: Any, found: Assigned) -> None:
    found.assignee = next(iter(_users(work, [str(value)]).values()))


def _use_due(work: Work, instance: ProcessInstance, value: Any, found: Assigned) -> None:
    due = work.env.calendar(instance.office).due(work.now, value)
    found.due_at, found.due_why = due.at, due.why


def _use_follow_up(work: Work, instance: ProcessInstance, value: Any, found: Assigned) -> None:
    found.follow_up_at = work.env.calendar(instance.office).due(work.now, value).at


def _use_priority(_work: Work, _instance: ProcessInstance, value: Any, found: Assigned) -> None:
    found.priority = int(value)


def _use_limit(work: Work, instance: ProcessInstance, token: OpenTask, found: Assigned) -> None:
    properties = token.element.settings.properties
    if authority.KIND not in properties:
        return
    try:
        found.limit = authority.kept(work.env, properties, work.env.evaluator(work, instance, token.variables))
    except (ReglamentError, ValueError, TypeError) as error:
        found.limit = {"limit_groups": [], "limit_value": ""}  # nobody rather than everybody
        found.faults.append(error.text if isinstance(error, ReglamentError) else text("{error}", error=error))


def _use_form(_work: Work, _instance: ProcessInstance, value: Any, found: Assigned) -> None:
    found.form_key = str(value)


def _check_groups(work: Work, found: Assigned) -> None:
    known = {key for key in found.groups if GROUP.see(work.session, key=key)}
    unknown = [key for key in found.groups if key not in known]
    if unknown:
        found.groups = tuple(key for key in found.groups if key in known)
        raise Invalid("There is no group «{group}»", group=", ".join(unknown))


def _users(work: Work, logins: Iterable[str]) -> Mapping[str, User]:
    wanted = list(dict.fromkeys(logins))
    ids = [row[0] for login in wanted for row in PERSON.see(work.session, login=login)]
    found = {user.login: user for user in (work.session.get_one(User, user_id) for user_id in ids)}
    if missing := [login for login in wanted if login not in found]:
        raise Invalid("There is no user «{login}»", login=", ".join(missing))
    return {login: found[login] for login in wanted}


def _names(value: Any) -> list[str]:
    """Names from ``a, b`` or from a FEEL list."""
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else [value]
    return [str(part).strip() for part in parts if part is not None and str(part).strip()]


def moment(value: datetime | None) -> str | None:
    """For the log."""
    return value.astimezone(UTC).isoformat(timespec="seconds") if value else None
