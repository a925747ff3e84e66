"""What a replay needs: on which drawings an instance ran, and when each token came and went. SELECTs only.

A *sheet* is one drawing in one place: the root procedure, or a procedure called from one of its call activities.
Embedded sub-processes are drawn on the sheet of their procedure and make no sheet of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import Incident, ProcessInstance, Visit
from engine.vocabulary import IncidentStatus


@dataclass(frozen=True)
class Sheet:
    """One drawing: ``path`` is where it is called from (empty for the root), ``caller`` that call's element id and
    ``parent`` the path of the sheet the caller is on."""

    path: str
    key: str
    version: int
    caller: str | None
    parent: str | None


@dataclass(frozen=True)
class Stay:
    """One token's stay at one element of one sheet."""

    sheet: str
    element_id: str
    entered_at: datetime
    left_at: datetime | None
    outcome: str | None


@dataclass(frozen=True)
class Replay:
    """Sheets, root first, and stays in order of entering."""

    sheets: tuple[Sheet, ...]
    stays: tuple[Stay, ...]
    failed: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Position:
    """Where an instance stands on one sheet: element ids."""

    sheet: Sheet
    done: list[str]
    active: list[str]
    failed: list[str]


def of(session: Session, instance: ProcessInstance) -> Replay:
    """The whole way of an instance."""
    visits = session.scalars(select(Visit).where(Visit.instance_id == instance.id).order_by(Visit.id)).all()
    sheets = _sheets(instance, visits)
    stays = tuple(
        Stay(_sheet_of(visit.path, sheets), visit.element_id, visit.entered_at, visit.left_at, visit.outcome)
        for visit in visits
    )
    incidents = session.scalars(
        select(Incident).where(Incident.instance_id == instance.id, Incident.status == IncidentStatus.OPEN)
    ).all()
    broken = {incident.element_id for incident in incidents if incident.element_id}
    failed = frozenset(
        (stay.sheet, stay.element_id) for stay in stays if stay.element_id in broken and not stay.left_at
    )
    return Replay(tuple(sheets.values()), stays, failed)


def position(replay: Replay, path: str = "") -> Position:
    """Where it stands now on the sheet at ``path``, or on the root sheet if there is no such."""
    sheet = next((sheet for sheet in replay.sheets if sheet.path == path), replay.sheets[0])
    stays = [stay for stay in replay.stays if stay.sheet == sheet.path]
    active = list(dict.fromkeys(stay.element_id for stay in stays if stay.left_at is None))
    done = dict.fromkeys(stay.element_id for stay in stays if stay.outcome == "completed")
    failed = [element for place, element in replay.failed if place == sheet.path]
    return Position(sheet, [element for element in done if element not in active], active, failed)


def sheet_of(replay: Replay, path: str) -> Sheet:
    """The sheet on which an element with this token path is drawn."""
    wanted = _sheet_of(path, {sheet.path: sheet for sheet in replay.sheets})
    return next(sheet for sheet in replay.sheets if sheet.path == wanted)


def _sheets(instance: ProcessInstance, visits: Sequence[Visit]) -> dict[str, Sheet]:
    root = Sheet("", instance.key, instance.version, None, None)
    sheets = {"": root}
    drawn = {visit.path: visit for visit in reversed(visits)}  # the first visit of a path tells its drawing
    for path in sorted(drawn, key=lambda path: path.count("/") if path else -1):
        parent, visit = sheets[_sheet_of(path, sheets)], drawn[path]
        if path and visit.process_key != parent.key:
            rest = path[len(parent.path) :].strip("/") if parent.path else path
            sheets[path] = Sheet(path, visit.process_key, visit.version, rest.split("/")[-1], parent.path)
    return sheets


def _sheet_of(path: str, sheets: dict[str, Sheet]) -> str:
    """The longest known sheet that this path lies in."""
    while path and path not in sheets:
        path = path.rpartition("/")[0]
    return path
