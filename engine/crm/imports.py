"""Import of lists: read, propose what each column is, rehearse, take (R175, R311).

The rehearsal does the whole import and lets it go, so that what it shows is what would happen. Each row stands alone:
a faulty one is left out with its column and reason, all others are taken in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from engine import access, audit, work
from engine.attachments import media_type
from engine.crm import imports_fields, imports_read
from engine.crm.exports import Column
from engine.crm.imports_kinds import KINDS, Kind
from engine.crm.imports_read import Grid, Line
from engine.errors import Invalid, NotFound, ReglamentError, Text, text
from engine.models import ImportRun, StoredFile
from engine.work import Actor, Work

NEW, CHANGED, DOUBLE, FAULTY = "new", "changed", "double", "faulty"
ACTIONS = (NEW, CHANGED, DOUBLE, FAULTY)
Mapped = Mapping[str, int]


@dataclass(frozen=True)
class Fault:
    """What is wrong with a cell of a row. ``column``: its head, empty where the row as a whole is wrong."""

    column: str
    reason: Text


@dataclass(frozen=True)
class Outcome:
    """What a row did or would do. ``about``: what it is about, in its own words."""

    line: int
    action: str
    about: str
    faults: tuple[Fault, ...] = ()


class Rehearsed(Exception):
    """The end of a rehearsal: no fault, it carries the outcomes out of a transaction that is let go."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        super().__init__()
        self.outcomes = outcomes


def kind_of(key: str) -> Kind:
    """Raises NotFound."""
    if key not in KINDS:
        raise NotFound("Such files cannot be imported.")
    return KINDS[key]


def keep(work: Work, kind: str, name: str, content: bytes) -> int:
    """Keep a file that is to be imported; its id. Raises Forbidden, Invalid for one that cannot be read."""
    kind_of(kind)
    access.require(work, f"import.{kind}")
    imports_read.read(name, content)
    return store(work, name, content)


def store(work: Work, name: str, content: bytes, kind: str | None = None) -> int:
    """Put a file among the stored ones; its id."""
    row = StoredFile(
        sha256=work.env.files.put(content), name=name[-120:], media_type=kind or media_type(name, content),
        size=len(content), created_at=work.now, created_by=work.actor.user_id,
    )  # fmt: skip
    work.session.add(row)
    work.session.flush()
    return row.id


def grid_of(session: Session, env: Any, actor: Actor, file_id: int) -> tuple[StoredFile, Grid]:
    """The table of a file this person has brought. Raises NotFound, Invalid."""
    stored = session.get(StoredFile, file_id)
    if stored is None or stored.instance_id is not None or stored.created_by != actor.user_id:
        raise NotFound("There is no such file, or it is not yours to see")
    return stored, imports_read.read(stored.name, env.files.get(stored.sha256))


def proposed(kind: Kind, grid: Grid, titles: Mapping[str, str] | None = None) -> dict[str, int]:
    """Which column is which field, by the heads. ``titles``: the fields in the reader's language."""
    return imports_fields.propose(kind.fields, grid.head, titles)


def missing(kind: Kind, mapping: Mapped) -> list[Text]:
    """The fields without which nothing can be imported and that no column stands for."""
    return [one.title for one in kind.fields if one.required and one.key not in mapping]


def rehearse(env: Any, actor: Actor, kind: str, file_id: int, mapping: Mapped) -> list[Outcome]:
    """What the import would do, row by row; nothing of it stays. Raises Forbidden, NotFound, Invalid."""
    try:
        work.run(env, actor, _rehearse, kind, file_id, mapping)
    except Rehearsed as done:
        return done.outcomes
    raise AssertionError("unreachable")


def take(work: Work, kind: str, file_id: int, mapping: Mapped) -> ImportRun:
    """Import a file: all good rows, in one transaction; the faulty ones stay in the run. The same file again finds
    doubles only. Raises Forbidden, NotFound, Invalid when no row could be taken."""
    stored, outcomes = _go(work, kind, file_id, mapping)
    taken = sum(one.action in {NEW, CHANGED} for one in outcomes)
    faulty = [one for one in outcomes if one.action == FAULTY]
    if len(faulty) == len(outcomes):
        raise Invalid("No row can be taken: look at the faults, or choose other columns.")
    run = ImportRun(
        kind=kind, file_id=stored.id, mapping=dict(mapping), rows=len(outcomes), taken=taken, at=work.now,
        by_id=work.actor.user_id, faults=[_kept(one, fault) for one in faulty for fault in one.faults],
    )  # fmt: skip
    work.session.add(run)
    work.session.flush()
    counts: dict[str, Any] = {action: sum(one.action == action for one in outcomes) for action in ACTIONS}
    audit.record(
        work, "import.taken", subject=f"import:{run.id}", kind=kind, file=stored.name, sha256=stored.sha256, **counts
    )
    return run


def faulty_rows(session: Session, env: Any, run: ImportRun) -> tuple[list[Column], list[tuple[int, list[Any]]]]:
    """The rows of a run that were not taken, as they came, to be put right and imported again."""
    stored = session.get_one(StoredFile, run.file_id)
    grid = imports_read.read(stored.name, env.files.get(stored.sha256))
    wrong = {fault["row"] for fault in run.faults}
    rows = [(line.number, list(line.cells)) for line in grid.lines if line.number in wrong]
    return [Column(name) for name in grid.head], rows


def _rehearse(work: Work, kind: str, file_id: int, mapping: Mapped) -> None:
    raise Rehearsed(_go(work, kind, file_id, mapping)[1])


def _go(work: Work, key: str, file_id: int, mapping: Mapped) -> tuple[StoredFile, list[Outcome]]:
    kind = kind_of(key)
    with access.whole(work, f"import.{key}"):
        return _take(work, kind, file_id, mapping)


def _take(work: Work, kind: Kind, file_id: int, mapping: Mapped) -> tuple[StoredFile, list[Outcome]]:
    stored, grid = grid_of(work.session, work.env, work.actor, file_id)
    known = {one.key for one in kind.fields}
    if not set(mapping) <= known or not all(0 <= place < len(grid.head) for place in mapping.values()):
        raise Invalid("A column of the file is not there any more. Choose the columns again.")
    absent = missing(kind, mapping)
    if absent:
        raise Invalid("Choose the column for «{field}».", field=absent[0])
    seen: dict[str, Any] = {}
    return stored, [_row(work, kind, grid, line, mapping, seen) for line in grid.lines]


def _row(work: Work, kind: Kind, grid: Grid, line: Line, mapping: Mapped, seen: dict[str, Any]) -> Outcome:
    about = " · ".join(str(line.cells[mapping[key]] or "") for key in kind.about if key in mapping).strip(" ·")
    values, faults = _values(kind, grid, line, mapping)
    if faults:
        return Outcome(line.number, FAULTY, about, tuple(faults))
    logged = len(work.memory.get(audit.PENDING, ()))
    try:
        with work.session.begin_nested():
            return Outcome(line.number, kind.take(work, values, seen), about)
    except ReglamentError as error:
        del work.memory.get(audit.PENDING, [])[logged:]  # what the row had already written down did not happen
        return Outcome(line.number, FAULTY, about, tuple(_faults(error, grid, mapping)))


def _values(kind: Kind, grid: Grid, line: Line, mapping: Mapped) -> tuple[dict[str, Any], list[Fault]]:
    values: dict[str, Any] = {}
    faults = []
    for one in kind.fields:
        if one.key not in mapping:
            continue
        place = mapping[one.key]
        try:
            values[one.key] = imports_fields.value_of(one, line.cells[place])
        except Invalid as error:
            faults.append(Fault(grid.head[place], error.text))
    return values, faults


def _faults(error: ReglamentError, grid: Grid, mapping: Mapped) -> list[Fault]:
    fields = getattr(error, "fields", None) or {"": error.text}
    return [Fault(grid.head[mapping[name]] if name in mapping else "", reason) for name, reason in fields.items()]


def _kept(outcome: Outcome, fault: Fault) -> dict[str, Any]:
    """A fault as JSON keeps it: the sentence as template and values, so that every reader gets it in his language."""
    values = {name: str(value) for name, value in fault.reason.values.items()}
    return {"row": outcome.line, "column": fault.column, "reason": fault.reason.template, "values": values}


def reason_of(fault: Mapping[str, Any]) -> Text:
    """The sentence of a kept fault."""
    return text(fault["reason"], **fault.get("values", {}))
