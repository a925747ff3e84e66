"""Segments: which segment a client belongs to, by the ordered rules of the matrix in force (R001-R018).

The first segment whose rules all hold takes the client, so that overlapping rules do no harm; a client whom no rule
takes is non-target and is reported, never silently put somewhere. Versions of the matrix are in engine/crm/matrix.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session, selectinload

from engine import access, audit
from engine.errors import Conflict, Invalid, NotFound, Text, WrongState, text
from engine.models import Client, Matrix, Segment, SegmentParameter
from engine.quick import Rows
from engine.work import Work

NATURES = ("inherent", "behavioural")
TYPES = ("text", "number", "flag", "choice")
OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "in")
PROMISING, ORDINARY, NON_TARGET = "promising", "ordinary", "non_target"
PROMISING_FROM = 3  # potential users of three or four products (R015)
MANY_PARAMETERS = 7  # more parameters, and the system is less likely to work (R009)
LONGEST = 200
COUNTS_NOW = select(Matrix.id).where(Matrix.status == "in_force").order_by(Matrix.version.desc()).limit(1)
BY_KEY: Rows[Segment] = Rows(
    select(Segment).where(Segment.key == bindparam("key"), Segment.matrix_id == COUNTS_NOW.scalar_subquery())
)


def in_force(session: Session) -> Matrix | None:
    """The version of the matrix that counts now, with its segments."""
    query = select(Matrix).where(Matrix.status == "in_force").options(
        selectinload(Matrix.segments).selectinload(Segment.products)
    )  # fmt: skip
    return session.scalar(query.order_by(Matrix.version.desc()).limit(1))


def match(session: Session, profile: Mapping[str, Any]) -> Segment | None:
    """The segment of a client with these parameter values by the matrix in force, or None: non-target."""
    matrix = in_force(session)
    return None if matrix is None else first_of(matrix.segments, profile)


def first_of(segments: Iterable[Segment], profile: Mapping[str, Any]) -> Segment | None:
    """The first segment, in their order, all of whose rules hold. A segment without rules takes nobody."""
    ordered = sorted(segments, key=lambda segment: segment.position)
    return next((segment for segment in ordered if segment.rules and holds(segment.rules, profile)), None)


def holds(rules: Sequence[Mapping[str, Any]], profile: Mapping[str, Any]) -> bool:
    """Whether all rules hold for these values. What is not known fulfils no rule."""
    return all(_holds(rule, profile.get(str(rule["parameter"]))) for rule in rules)


def assign(work: Work, client_id: int | Client) -> Segment | None:
    """Put a client into its segment by what is known of it. None: it fits no segment and is non-target (R015).

    Raises NotFound.
    """
    client = client_id if isinstance(client_id, Client) else work.session.get(Client, client_id)
    if client is None:
        raise NotFound("There is no client {id}.", id=client_id)
    segment = match(work.session, client.profile or {})
    place(work, client, segment)
    return segment


def place(work: Work, client: Client, segment: Segment | None) -> bool:
    """Write down the segment of a client. True when it changed."""
    key, target = (segment.key if segment is not None else None), segment is not None
    if client.segment == key and client.target == target:
        return False
    audit.record(work, "client.segment_set", subject=f"client:{client.id}", segment=[client.segment, key])
    client.segment, client.target = key, target
    return True


def tier(product_count: int) -> str:
    """How promising a client of a segment with so many target products is (R015)."""
    if product_count >= PROMISING_FROM:
        return PROMISING
    return ORDINARY if product_count else NON_TARGET


def by_key(session: Session, key: str | None) -> Segment | None:
    """A segment of the matrix in force."""
    if not key:
        return None
    return BY_KEY.first(session, key=key)


def specialist(session: Session, key: str | None) -> int | None:
    """Who gets new clients of a segment (R007)."""
    segment = by_key(session, key)
    return segment.specialist_id if segment is not None else None


def without_segment(session: Session) -> list[Client]:
    """The clients no rule takes though something is known of them: the gaps of the matrix, to be looked at."""
    query = select(Client).where(Client.segment.is_(None), Client.role == "client", Client.merged_into_id.is_(None))
    return [client for client in session.scalars(query.order_by(Client.name, Client.id)) if client.profile]


def counts(session: Session) -> dict[str | None, int]:
    """How many clients are in each segment; under None those in no segment."""
    query = select(Client.segment, func.count()).where(Client.role == "client", Client.merged_into_id.is_(None))
    return {row[0]: row[1] for row in session.execute(query.group_by(Client.segment))}


def parameters(session: Session) -> list[SegmentParameter]:
    """All parameters in their order."""
    return list(session.scalars(select(SegmentParameter).order_by(SegmentParameter.position, SegmentParameter.key)))


def save_parameter(
    work: Work, key: str, *, title: str, title_en: str, nature: str, type: str, purpose: str,
    choices: Sequence[str] = (), position: int | None = None, new: bool = False,
) -> SegmentParameter:  # fmt: skip
    """Make a parameter or change one. Without a purpose it is none and is not saved (R008, R011).

    Raises Forbidden, Invalid by field, Conflict when a ``new`` one is there already.
    """
    access.require(work, "segments.change")
    wanted = [choice.strip() for choice in choices if choice.strip()]
    faults = _parameter_faults(key, title, nature, type, purpose, wanted)
    if faults:
        raise Invalid("The parameter cannot be saved yet.", fields=faults)
    row = work.session.get(SegmentParameter, key.strip())
    if row is not None and new:
        raise Conflict("There is a parameter «{key}» already.", key=key.strip())
    after: dict[str, Any] = {
        "title": title.strip(), "title_en": title_en.strip() or title.strip(), "nature": nature, "type": type,
        "purpose": purpose.strip(), "choices": wanted,
    }  # fmt: skip
    event = "segment_parameter.changed"
    if row is None:
        event = "segment_parameter.created"
        last = work.session.scalar(select(func.max(SegmentParameter.position))) or 0
        row = SegmentParameter(key=key.strip(), position=last + 1 if position is None else position, **after)
        work.session.add(row)
    else:
        for name, value in after.items():
            setattr(row, name, value)
        row.position = row.position if position is None else position
    work.session.flush()
    audit.record(work, event, subject=f"segment_parameter:{row.key}", parameter=after)
    return row


def remove_parameter(work: Work, key: str) -> None:
    """Take a parameter away. Raises NotFound, Forbidden, WrongState while rules in force or in a draft ask for it."""
    access.require(work, "segments.change")
    row = work.session.get(SegmentParameter, key)
    if row is None:
        raise NotFound("There is no parameter «{key}».", key=key)
    query = select(Segment).join(Matrix).where(Matrix.status.in_(("draft", "in_force")))
    for segment in work.session.scalars(query):
        if key in {rule["parameter"] for rule in segment.rules}:
            raise WrongState("The segment «{title}» asks for this parameter.", title=segment.title)
    work.session.delete(row)
    audit.record(work, "segment_parameter.removed", subject=f"segment_parameter:{key}", title=row.title)


def warnings(session: Session) -> list[Text]:
    """What is doubtful about the parameters: too many of them make a system that does not work (R009)."""
    count = len(parameters(session))
    if count <= MANY_PARAMETERS:
        return []
    return [text("{count} parameters are many: the fewer there are, the better they are kept filled.", count=count)]


def clean(value: Any, parameter: SegmentParameter) -> Any:
    """A value of a parameter as it is kept; None for nothing. Raises ValueError when it does not fit."""
    if value is None or value == "" or value == []:
        return None
    if parameter.type == "flag":
        return {"true": True, "false": False, "1": True, "0": False}[str(value).lower()]
    if parameter.type == "number":
        number = _number(value)
        if number is None:
            raise ValueError(value)
        return int(number) if number == number.to_integral_value() else float(number)
    if parameter.type == "choice" and str(value) not in parameter.choices:
        raise ValueError(value)
    return str(value).strip()[:LONGEST] or None


def clean_profile(session: Session, profile: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a client's parameters as they are kept; the empty ones are left out. Raises ValueError."""
    found = {row.key: clean(profile[row.key], row) for row in parameters(session) if row.key in profile}
    return {key: value for key, value in found.items() if value is not None}


def _parameter_faults(
    key: str, title: str, nature: str, type: str, purpose: str, choices: Sequence[str]
) -> dict[str, Text]:
    faults: dict[str, Text] = {}
    if not key.strip().isidentifier() or not key.strip().isascii() or len(key) > 40:
        faults["key"] = text("A key is made of Latin letters, digits and _, and begins with a letter.")
    if not title.strip():
        faults["title"] = text("Fill in the name.")
    if nature not in NATURES:
        faults["nature"] = text("Choose one of: {choices}.", choices=", ".join(NATURES))
    if type not in TYPES:
        faults["type"] = text("Choose one of: {choices}.", choices=", ".join(TYPES))
    if not purpose.strip():
        faults["purpose"] = text("Say what clients are divided by this for. Without a purpose it is no parameter.")
    if type == "choice" and len(set(choices)) < 2:
        faults["choices"] = text("Give at least two values to choose from, one a line.")
    return faults


COMPARE: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _holds(rule: Mapping[str, Any], value: Any) -> bool:
    operator, wanted = str(rule["op"]), rule["value"]
    if value is None or value == "":
        return False
    if operator in COMPARE:
        left, right = _number(value), _number(wanted)
        return left is not None and right is not None and COMPARE[operator](left, right)
    if operator == "in":
        return any(_same(value, one) for one in (wanted if isinstance(wanted, list) else [wanted]))
    return _same(value, wanted) is (operator == "=")


def _same(value: Any, wanted: Any) -> bool:
    if isinstance(value, list):
        return any(_same(one, wanted) for one in value)
    if isinstance(value, bool) or isinstance(wanted, bool):
        return bool(value) is bool(wanted)
    left, right = _number(value), _number(wanted)
    if left is not None and right is not None:
        return left == right
    return str(value).strip().casefold() == str(wanted).strip().casefold()


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = Decimal(str(value).replace(",", ".").replace("\u00a0", "").replace(" ", ""))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
