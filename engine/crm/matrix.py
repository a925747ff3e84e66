"""Versions of the segment-product matrix: a draft is written, looked through and put in force; the one before it is
withdrawn and kept, so that it can be told which clients were meant for what at any time (R003, R016)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from engine import access, audit
from engine.crm import segments
from engine.errors import Invalid, NotFound, Text, WrongState, text
from engine.models import Client, Matrix, Product, Segment, SegmentParameter, SegmentProduct, User
from engine.work import Work

DRAFT, IN_FORCE, WITHDRAWN = "draft", "in_force", "withdrawn"
LONGEST, LONGEST_TEXT = 200, 4000


@dataclass(frozen=True)
class Move:
    """A client that would change its segment: keys, None for non-target."""

    client_id: int
    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Difference:
    """How one version differs from another: keys of segments and (segment key, product id) of cells (R016)."""

    segments_added: tuple[str, ...]
    segments_removed: tuple[str, ...]
    rules_changed: tuple[str, ...]
    cells_added: tuple[tuple[str, int], ...]
    cells_removed: tuple[tuple[str, int], ...]

    @property
    def widens(self) -> bool:
        """More is meant for somebody than before."""
        return bool(self.segments_added or self.cells_added)

    @property
    def narrows(self) -> bool:
        """Less is meant for somebody than before."""
        return bool(self.segments_removed or self.cells_removed)


def find(session: Session, matrix_id: int) -> Matrix:
    """Raises NotFound."""
    matrix = session.get(Matrix, matrix_id)
    if matrix is None:
        raise NotFound("There is no version {id} of the matrix.", id=matrix_id)
    return matrix


def versions(session: Session) -> list[Matrix]:
    """All versions, the newest first."""
    query = select(Matrix).options(selectinload(Matrix.segments).selectinload(Segment.products))
    return list(session.scalars(query.order_by(Matrix.version.desc())))


def draft(work: Work, note: str = "") -> Matrix:
    """Begin a new version as a copy of the one in force (empty, where there is none). Raises WrongState while there is
    a draft already: one is thought over at a time. Raises Forbidden as all verbs on a matrix."""
    access.require(work, "segments.change")
    open_one = work.session.scalar(select(Matrix.version).where(Matrix.status == DRAFT).limit(1))
    if open_one is not None:
        raise WrongState("Version {version} is a draft already.", version=open_one)
    last = work.session.scalar(select(func.max(Matrix.version))) or 0
    made = Matrix(
        version=last + 1, status=DRAFT, note=note.strip() or None, created_at=work.now,
        created_by=work.actor.user_id, segments=[],
    )  # fmt: skip
    now = segments.in_force(work.session)
    for row in now.segments if now is not None else ():
        made.segments.append(
            Segment(
                key=row.key, title=row.title, title_en=row.title_en, position=row.position, rules=list(row.rules),
                portrait=row.portrait, specialist_id=row.specialist_id,
                products=[SegmentProduct(product_id=cell.product_id, priority=cell.priority) for cell in row.products],
            )
        )  # fmt: skip
    work.session.add(made)
    work.session.flush()
    audit.record(work, "matrix.drafted", subject=f"matrix:{made.id}", version=made.version, note=made.note)
    return made


def drop(work: Work, matrix_id: int) -> None:
    """Throw a draft away. Raises NotFound, WrongState for what has been in force."""
    matrix = _own_draft(work, matrix_id)
    audit.record(work, "matrix.dropped", subject=f"matrix:{matrix.id}", version=matrix.version)
    work.session.delete(matrix)


def save_segment(
    work: Work, matrix_id: int, key: str, *, title: str, title_en: str = "", rules: Sequence[Mapping[str, Any]],
    portrait: str = "", specialist_id: int | None = None, position: int | None = None,
) -> Segment:  # fmt: skip
    """Put a segment into a draft, or change it. Raises NotFound, WrongState, Invalid by field (``rules[0].value``)."""
    matrix = _own_draft(work, matrix_id)
    faults: dict[str, Text] = {}
    if not key.strip().isidentifier() or not key.strip().isascii() or len(key) > 40:
        faults["key"] = text("A key is made of Latin letters, digits and _, and begins with a letter.")
    if not title.strip() or len(title) > LONGEST:
        faults["title"] = text("Fill in the name.")
    if len(portrait) > LONGEST_TEXT:
        faults["portrait"] = text("The text is too long: at most {limit} characters.", limit=LONGEST_TEXT)
    if specialist_id is not None and work.session.get(User, specialist_id) is None:
        faults["specialist_id"] = text("Choose from the list")
    kept = _rules(work.session, rules, faults)
    if faults:
        raise Invalid("The segment cannot be saved yet.", fields=faults)
    row = next((segment for segment in matrix.segments if segment.key == key.strip()), None)
    if row is None:
        last = max((segment.position for segment in matrix.segments), default=0)
        row = Segment(key=key.strip(), position=last + 1, products=[])
        matrix.segments.append(row)
    row.title, row.title_en = title.strip(), title_en.strip() or title.strip()
    row.rules, row.portrait, row.specialist_id = kept, portrait.strip() or None, specialist_id
    if position is not None:
        _reorder(matrix, row, position)
    work.session.flush()
    audit.record(
        work, "matrix.segment_saved", subject=f"matrix:{matrix.id}", key=row.key, title=row.title, rules=kept,
        position=row.position,
    )  # fmt: skip
    return row


def move_segment(work: Work, matrix_id: int, key: str, steps: int) -> None:
    """Move a segment up (below zero) or down: the first that fits takes a client. Raises NotFound, WrongState."""
    matrix = _own_draft(work, matrix_id)
    row = _segment(matrix, key)
    ordered = sorted(matrix.segments, key=lambda segment: segment.position)
    _reorder(matrix, row, ordered.index(row) + 1 + steps)
    work.session.flush()
    audit.record(work, "matrix.segment_moved", subject=f"matrix:{matrix.id}", key=key, position=row.position)


def remove_segment(work: Work, matrix_id: int, key: str) -> None:
    """Take a segment out of a draft. Raises NotFound, WrongState."""
    matrix = _own_draft(work, matrix_id)
    matrix.segments.remove(_segment(matrix, key))
    work.session.flush()
    audit.record(work, "matrix.segment_removed", subject=f"matrix:{matrix.id}", key=key)


def set_targets(work: Work, matrix_id: int, key: str, product_ids: Sequence[int]) -> None:
    """The target products of a segment in a draft, the first to be offered at the head. Raises NotFound, WrongState."""
    matrix = _own_draft(work, matrix_id)
    row = _segment(matrix, key)
    wanted = list(dict.fromkeys(product_ids))
    for product_id in wanted:
        if work.session.get(Product, product_id) is None:
            raise NotFound("There is no product {id}.", id=product_id)
    before = [cell.product_id for cell in sorted(row.products, key=lambda cell: cell.priority)]
    if before == wanted:
        return
    row.products.clear()
    work.session.flush()
    row.products.extend(SegmentProduct(product_id=one, priority=no) for no, one in enumerate(wanted, 1))
    work.session.flush()
    audit.record(work, "matrix.targets_set", subject=f"matrix:{matrix.id}", key=key, products=[before, wanted])


def faults(matrix: Matrix) -> list[Text]:
    """What keeps a draft from being put in force."""
    found = [] if matrix.segments else [text("The matrix has no segments.")]
    found += [
        text("The segment «{title}» has no rules: nobody would come into it.", title=row.title)
        for row in matrix.segments
        if not row.rules
    ]
    return found + [
        text("The segment «{title}» has no target products.", title=row.title)
        for row in matrix.segments
        if not row.products
    ]


def impact(session: Session, matrix: Matrix) -> list[Move]:
    """The clients that change their segment when this version comes into force.

    A client nothing is known of stays where it was put by hand, as long as that segment exists.
    """
    keys = {row.key for row in matrix.segments}
    query = select(Client).where(Client.role == "client", Client.merged_into_id.is_(None)).order_by(Client.name)
    moves = []
    for client in session.scalars(query):
        fitting = segments.first_of(matrix.segments, client.profile or {})
        after = fitting.key if fitting is not None else None
        if not client.profile:
            after = client.segment if client.segment in keys else None
        if after != client.segment:
            moves.append(Move(client.id, client.name, client.segment, after))
    return moves


def difference(before: Matrix | None, after: Matrix) -> Difference:
    """What widens and what narrows from one version to another."""
    old = {row.key: row for row in before.segments} if before is not None else {}
    new = {row.key: row for row in after.segments}
    had = {(key, cell.product_id) for key, row in old.items() for cell in row.products}
    has = {(key, cell.product_id) for key, row in new.items() for cell in row.products}
    return Difference(
        tuple(key for key in new if key not in old),
        tuple(key for key in old if key not in new),
        tuple(key for key in new if key in old and new[key].rules != old[key].rules),
        tuple(sorted(has - had)),
        tuple(sorted(had - has)),
    )


def put_in_force(work: Work, matrix_id: int, on: date) -> list[Move]:
    """Bring a draft into force: the version before it is withdrawn and kept, each client gets its new segment with a
    line of its own in the log. Raises NotFound, WrongState, Invalid naming what is missing."""
    matrix = _own_draft(work, matrix_id)
    missing = faults(matrix)
    if missing:
        fields = {f"fault{no}": fault for no, fault in enumerate(missing, 1)}
        raise Invalid("The matrix cannot be put in force yet.", fields=fields)
    moves = impact(work.session, matrix)
    before = segments.in_force(work.session)
    change = difference(before, matrix)
    if before is not None:
        before.status = WITHDRAWN
    matrix.status, matrix.in_force_from = IN_FORCE, on
    by_key = {row.key: row for row in matrix.segments}
    for move in moves:
        client = work.session.get_one(Client, move.client_id)
        segments.place(work, client, by_key.get(move.after) if move.after else None)
    work.session.flush()
    audit.record(
        work, "matrix.put_in_force", subject=f"matrix:{matrix.id}", version=matrix.version, on=on,
        before=before.version if before is not None else None, clients_moved=len(moves),
        segments_added=list(change.segments_added), segments_removed=list(change.segments_removed),
        cells_added=len(change.cells_added), cells_removed=len(change.cells_removed),
    )  # fmt: skip
    return moves


def _own_draft(work: Work, matrix_id: int) -> Matrix:
    access.require(work, "segments.change")
    return _draft(work.session, matrix_id)


def _draft(session: Session, matrix_id: int) -> Matrix:
    matrix = find(session, matrix_id)
    if matrix.status != DRAFT:
        raise WrongState("Version {version} has been in force and stays as it was.", version=matrix.version)
    return matrix


def _segment(matrix: Matrix, key: str) -> Segment:
    row = next((segment for segment in matrix.segments if segment.key == key), None)
    if row is None:
        raise NotFound("There is no segment «{key}».", key=key)
    return row


def _reorder(matrix: Matrix, row: Segment, position: int) -> None:
    ordered = sorted((one for one in matrix.segments if one is not row), key=lambda one: one.position)
    ordered.insert(max(0, min(position - 1, len(ordered))), row)
    for no, one in enumerate(ordered, 1):
        one.position = no


def _rules(
    session: Session, rules: Sequence[Mapping[str, Any]], faults: dict[str, Text]
) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for no, rule in enumerate(rules):
        parameter = session.get(SegmentParameter, str(rule.get("parameter") or ""))
        operator, value = str(rule.get("op") or ""), rule.get("value")
        if parameter is None:
            faults[f"rules[{no}].parameter"] = text("Choose from the list")
            continue
        if operator not in segments.OPERATORS:
            faults[f"rules[{no}].op"] = text("Choose from the list")
            continue
        try:
            cleaned: Any = segments.clean(value, parameter)
            if operator == "in":
                parts = value if isinstance(value, list) else str(value or "").split(",")
                cleaned = [segments.clean(part.strip(), parameter) for part in parts if part.strip()]
        except (ValueError, KeyError):
            cleaned = None
        if cleaned in (None, []):
            faults[f"rules[{no}].value"] = text("This value does not fit the parameter.")
            continue
        kept.append({"parameter": parameter.key, "op": operator, "value": cleaned})
    return kept
