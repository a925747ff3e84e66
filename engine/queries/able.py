"""Could anybody do this step? For each user task of the procedures in force: who may take it in the next two weeks,
after groups, absences, separation of duties and limits of authority. SELECTs only."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import authority
from engine.bpmn.types import Element
from engine.definitions import Definition
from engine.errors import Text, text
from engine.models import Group, Membership, User
from engine.queries.absences import NOBODY, timeline

AHEAD = timedelta(days=14)


@dataclass(frozen=True)
class Able:
    """One step: its candidate groups, who could do it, and what is wrong. ``ruled``: an expression names who does it,
    so that nobody can say beforehand."""

    definition: Definition
    element: Element
    groups: Sequence[str]
    people: Sequence[User]
    faults: Sequence[Text]
    ruled: bool = False


def steps(session: Session, env: Any, now: datetime) -> list[Able]:
    """Every user task of the procedures in force, those that nobody could do first."""
    staff = _staff(session)
    gone = _away_without_substitute(session, now)
    known = set(session.scalars(select(Group.key)))
    found = [
        _able(env, definition, element, staff, gone, known)
        for definition in env.library.in_force(session)
        for element in definition.procedure.elements.values() if element.kind == "userTask"
    ]  # fmt: skip
    return sorted(found, key=lambda one: (not one.faults, one.definition.name))


def _able(
    env: Any, definition: Definition, element: Element, staff: Mapping[str, Sequence[User]], gone: set[int],
    known: set[str],
) -> Able:  # fmt: skip
    own = element.settings
    if own.assignee or own.candidate_users or (own.candidate_groups or "").startswith("="):
        return Able(definition, element, (), (), (), ruled=True)
    groups = [part.strip() for part in (own.candidate_groups or "").split(",") if part.strip()]
    people = {one.id: one for key in groups for one in staff.get(key, ())}
    faults = [text("There is no group «{group}»", group=key) for key in groups if key not in known]
    if not people:
        faults.append(text("Nobody is in the groups of this step"))
    else:
        faults += _few(env, own.properties, definition, staff, people, gone)
    return Able(definition, element, groups, list(people.values()), faults)


def _few(
    env: Any, properties: Mapping[str, str], definition: Definition, staff: Mapping[str, Sequence[User]],
    people: Mapping[int, User], gone: set[int],
) -> list[Text]:  # fmt: skip
    faults = []
    for part in (properties.get("separateFrom") or "").split(","):
        before = definition.procedure.elements.get(part.strip())
        named = (before.settings.candidate_groups or "") if before is not None else ""
        others = {one.id for key in named.split(",") for one in staff.get(key.strip(), ())}
        if before is not None and not named.startswith("=") and len(people) == 1 and others == set(people):
            only = next(iter(people.values()))
            faults.append(text("{name} alone could do this step and «{step}», which must be kept apart", name=only.name,
                               step=before.name or before.id))  # fmt: skip
    if properties.get("notFor") and len(people) == 1:
        only = next(iter(people.values()))
        faults.append(text("Only {name} could do it, and it is not for whom it is about", name=only.name))
    if set(people) <= gone:
        faults.append(text("In the next two weeks everybody who could do it is away, and nobody stands in"))
    if (kind := properties.get(authority.KIND)) and not kind.startswith("="):
        limits = env.setting(f"authority.{kind}.limits", None)
        if limits is None:
            faults.append(text("There is no kind of authority «{kind}»", kind=kind))
        elif not any(one in people for key, limit in limits.items() if limit == authority.ANY
                     for one in (user.id for user in staff.get(key, ()))):  # fmt: skip
            faults.append(text("None of them may decide on every value: a large one would wait for ever"))
    return faults


def _staff(session: Session) -> dict[str, list[User]]:
    rows = session.execute(
        select(Membership.group_key, User)
        .join(User, User.id == Membership.user_id)
        .where(User.active)
        .order_by(User.last)
    )
    found: dict[str, list[User]] = {}
    for key, user in rows:
        found.setdefault(key, []).append(user)
    return found


def _away_without_substitute(session: Session, now: datetime) -> set[int]:
    """People who are away at some time of the next two weeks while nobody stands in for them."""
    return {
        line.person.id
        for line in timeline(session, now, now + AHEAD)
        if any(part.kind == NOBODY and part.starts_at < now + AHEAD and part.ends_at > now for part in line.stretches)
    }
