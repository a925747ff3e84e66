"""The self-diagnosis of how far work with clients is managed (R061-R064). Its rows are settings/diagnosis.yaml."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import audit
from engine.crm import deals
from engine.errors import Invalid, NotFound, text
from engine.models import Diagnosis
from engine.work import Work

MARKS = ("+", "+/-", "-")
RANK = {"-": 0, "+/-": 1, "+": 2}


@dataclass(frozen=True)
class Line:
    """One row of the form. ``ours``: the mark now, ``before``: the time before; None where nobody has marked it.
    ``change``: better, worse or same, empty without a comparison."""

    group: str
    key: str
    title: str
    title_en: str
    managed: str
    unmanaged: str
    ours: str | None = None
    before: str | None = None

    @property
    def change(self) -> str:
        """How the mark moved since the time before."""
        if self.ours is None or self.before is None:
            return ""
        moved = RANK[self.ours] - RANK[self.before]
        return "same" if not moved else ("better" if moved > 0 else "worse")


@dataclass(frozen=True)
class Group:
    """A group of rows under its title."""

    key: str
    title: str
    title_en: str
    lines: tuple[Line, ...]


def groups(env: Any, marks: Mapping[str, str] | None = None, before: Mapping[str, str] | None = None) -> list[Group]:
    """The form: 32 rows in 4 groups, with the marks of one diagnosis and of the one before it, if given."""
    found = env.setting("diagnosis")
    ours, earlier = marks or {}, before or {}
    return [
        Group(
            group["key"], group["title"], group["title_en"],
            tuple(
                Line(group["key"], row["key"], row["title"], row["title_en"], found["managed"], row["unmanaged"],
                     ours.get(row["key"]), earlier.get(row["key"]))
                for row in group["rows"]
            ),
        )
        for group in found["groups"]
    ]  # fmt: skip


def lines(env: Any, marks: Mapping[str, str] | None = None, before: Mapping[str, str] | None = None) -> list[Line]:
    """All rows, one after another."""
    return [line for group in groups(env, marks, before) for line in group.lines]


def count(marks: Sequence[str] | Mapping[str, str]) -> dict[str, int]:
    """How often each mark was given, in the order +, +/-, -."""
    given = Counter(marks.values() if isinstance(marks, Mapping) else marks)
    return {mark: given[mark] for mark in MARKS}


def find(session: Session, diagnosis_id: int) -> Diagnosis:
    """Raises NotFound."""
    found = session.get(Diagnosis, diagnosis_id)
    if found is None:
        raise NotFound("There is no diagnosis {id}.", id=diagnosis_id)
    return found


def history(session: Session) -> list[Diagnosis]:
    """All diagnoses, the newest first."""
    return list(session.scalars(select(Diagnosis).order_by(Diagnosis.on_date.desc(), Diagnosis.id.desc())))


def previous(session: Session, than: Diagnosis | None = None) -> Diagnosis | None:
    """The diagnosis before this one; without one the latest."""
    query = select(Diagnosis).order_by(Diagnosis.id.desc())
    return session.scalars(query.where(Diagnosis.id < than.id) if than is not None else query).first()


def record(work: Work, marks: Mapping[str, Any], *, instance_id: int | None = None) -> Diagnosis:
    """Write a diagnosis down: a mark for every row. Raises Invalid naming the rows without one."""
    rows = lines(work.env)
    faults = {line.key: text("Choose +, +/- or -.") for line in rows if marks.get(line.key) not in MARKS}
    if faults:
        raise Invalid("Every row of the diagnosis needs a mark.", fields=faults)
    kept = {line.key: str(marks[line.key]) for line in rows}
    diagnosis = Diagnosis(
        on_date=deals.today(work), filled_by=work.actor.user_id, marks=kept, instance_id=instance_id
    )
    work.session.add(diagnosis)
    work.session.flush()
    audit.record(work, "diagnosis.recorded", subject=f"diagnosis:{diagnosis.id}", counts=count(kept))
    return diagnosis


def set_plan(work: Work, diagnosis_id: int, plan: str) -> Diagnosis:
    """What will be done about the weak rows. Raises NotFound."""
    diagnosis = find(work.session, diagnosis_id)
    diagnosis.plan = plan.strip() or None
    audit.record(work, "diagnosis.planned", subject=f"diagnosis:{diagnosis.id}")
    return diagnosis
