"""Who stands in for whom at a moment: worked out from the absences that are going on, followed past a substitute who is
absent himself. Nothing is reassigned: a right lasts exactly as long as the absence, and returns by itself."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine.models import Absence, ProcessInstance, Substitution, UserTask, table_of
from engine.rows import Prepared

AWAY, STANDING = table_of(Absence), table_of(Substitution)
CURRENT = Prepared(
    select(AWAY.c.user_id, AWAY.c.ends_at, STANDING.c.substitute_id, STANDING.c.group_key, STANDING.c.process_key)
    .select_from(AWAY.outerjoin(STANDING, STANDING.c.absence_id == AWAY.c.id))
    .where(AWAY.c.ends_at > bindparam("now", type_=AWAY.c.ends_at.type),
           AWAY.c.starts_at <= bindparam("now", type_=AWAY.c.ends_at.type))
    .order_by(AWAY.c.id, STANDING.c.id)
)  # fmt: skip


@dataclass(frozen=True)
class Scope:
    """What somebody stands in with: the tasks of a group, of a procedure, of both at once; neither means everything."""

    group: str | None = None
    procedure: str | None = None

    def meets(self, other: Scope) -> Scope | None:
        """What lies in both; None if nothing can."""
        if None not in (self.group, other.group) and self.group != other.group:
            return None
        if None not in (self.procedure, other.procedure) and self.procedure != other.procedure:
            return None
        return Scope(self.group or other.group, self.procedure or other.procedure)


EVERYTHING = Scope()


@dataclass(frozen=True)
class Standing:
    """Somebody stands in for ``user_id`` until a moment. ``via``: the substitutes between, absent themselves."""

    user_id: int
    substitute_id: int
    until: datetime
    scope: Scope = EVERYTHING
    via: tuple[int, ...] = ()

    def covers(self, thing: object, groups: Iterable[str]) -> bool:
        """Is this task, or an instance with it, among what he stands in with? ``groups``: the task's candidates."""
        if isinstance(thing, UserTask):
            fits = self.scope.procedure in (None, thing.process_key)
            return fits and (self.scope.group is None or self.scope.group in groups)
        if isinstance(thing, ProcessInstance):
            return self.scope.procedure is None or self.scope.procedure in (thing.versions or {thing.key: 0})
        return self.scope == EVERYTHING


@dataclass(frozen=True)
class Away:
    """Somebody's absence as it goes on: until when, and whom he named with what."""

    until: datetime
    named: tuple[tuple[int, Scope], ...]


def away(session: Session, now: datetime) -> Mapping[int, Away]:
    """Everybody who is absent at this moment."""
    kept = session.info.get("away")
    if kept is not None and kept[0] == now:
        known: Mapping[int, Away] = kept[1]
        return known
    found: dict[int, Away] = {}
    for user_id, until, substitute, group, procedure in CURRENT.all(session.connection(), now=now):
        named = ((substitute, Scope(group, procedure)),) if substitute is not None else ()
        before = found.get(user_id)
        found[user_id] = Away(max(until, before.until), before.named + named) if before else Away(until, named)
    session.info["away"] = (now, found)
    return found


def forget(session: Session) -> None:
    """Absences have been changed in this session: look again next time."""
    session.info.pop("away", None)


def standing_in(gone: Mapping[int, Away], user_id: int) -> Iterator[Standing]:
    """Everybody who does the work of one absent person, past those who are absent too."""
    yield from _follow(gone, user_id, user_id, EVERYTHING, ())


def stands_in_for(session: Session, user_id: int, now: datetime) -> list[Standing]:
    """Whom this person stands in for at this moment, with what and until when."""
    gone = away(session, now)
    if not gone or user_id in gone:
        return []
    return [one for person in gone for one in standing_in(gone, person) if one.substitute_id == user_id]


def with_substitutes(session: Session, people: Iterable[int], now: datetime, thing: object = None,
                     groups: Sequence[str] = ()) -> list[int]:  # fmt: skip
    """These people and whoever stands in for those of them who are absent: who is to be told of ``thing``."""
    gone = away(session, now)
    found: dict[int, None] = {}
    for person in people:
        found[person] = None
        if person in gone:
            found |= {one.substitute_id: None for one in standing_in(gone, person) if one.covers(thing, groups)}
    return list(found)


def _follow(
    gone: Mapping[int, Away], absent: int, here: int, scope: Scope, via: tuple[int, ...], until: datetime | None = None
) -> Iterator[Standing]:
    until = min(until, gone[here].until) if until is not None else gone[here].until
    for substitute, part in gone[here].named:
        both = scope.meets(part)
        if both is None or substitute == absent or substitute in via:
            continue
        if substitute in gone:
            yield from _follow(gone, absent, substitute, both, (*via, substitute), until)
        else:
            yield Standing(absent, substitute, until, both, via)
