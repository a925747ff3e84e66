"""Two rows for one client become one: everything of the double moves, the double stays as a pointer."""

from __future__ import annotations

from sqlalchemy import Table, select, update

from engine import access, audit, searching
from engine.crm import clients
from engine.errors import Invalid, WrongState
from engine.models import Base, Client, ProcessInstance, table_of
from engine.work import Work

UNIQUE_BESIDE = {"client_product": "product_id", "campaign_recipient": "campaign_id"}
POINTERS = ("parent_id", "recommended_by_id", "merged_into_id")


def merge(work: Work, double_id: int, into_id: int, reason: str) -> Client:
    """Move everything of the double to the other client and mark it. What the other lacks is taken from the double.

    Where both stand in the same campaign or with the same product, the row of the client that stays counts. Raises
    NotFound, Forbidden, Invalid, WrongState while a procedure about the double still runs: it is finished or cancelled
    first.
    """
    double, kept = clients.find(work.session, double_id), clients.find(work.session, into_id)
    access.require(work, "client.merge", kept)
    if double.id == kept.id or kept.id in clients.group_ids(work.session, double.id):
        raise Invalid("A client is not merged with itself or with its own unit.")
    if not reason.strip():
        raise Invalid("Say why.")
    if double.merged_into_id is not None or kept.merged_into_id is not None:
        raise WrongState("This client has been merged already.")
    running = select(ProcessInstance.title).where(
        ProcessInstance.client_id == double.id, ProcessInstance.status.in_(("active", "suspended"))
    )
    title = work.session.scalar(running.order_by(ProcessInstance.id).limit(1))
    if title is not None:
        raise WrongState("«{title}» still runs about the double. Finish or cancel it first.", title=title)
    work.session.flush()
    moved = {table.name: _move(work, table, double.id, kept.id) for table in _tables()}
    for pointer in POINTERS:
        column = getattr(Client, pointer)
        work.session.execute(
            update(Client).where(column == double.id, Client.id != kept.id).values({pointer: kept.id})
        )
    filled = _fill(double, kept)
    double.merged_into_id, double.stop_list, double.stop_reason = kept.id, True, reason.strip()[: clients.LONGEST]
    double.next_contact_on = double.next_contact_purpose = double.next_contact_product_id = None
    work.session.flush()
    work.session.expire_all()
    audit.record(
        work, "client.merged", subject=f"client:{kept.id}", double=double.id, name=double.name, reason=reason.strip(),
        moved={name: count for name, count in moved.items() if count}, filled=filled,
    )  # fmt: skip
    searching.renew_client(work, kept.id)
    return kept


def _tables() -> list[Table]:
    """Every table whose rows belong to a client."""
    client = table_of(Client)
    return [
        table
        for table in Base.metadata.tables.values()
        if table is not client and "client_id" in table.c and table.c.client_id.references(client.c.id)
    ]


def _move(work: Work, table: Table, double_id: int, kept_id: int) -> int:
    rows = update(table).where(table.c.client_id == double_id)
    beside = UNIQUE_BESIDE.get(table.name)
    if beside is not None:
        taken = select(table.c[beside]).where(table.c.client_id == kept_id).scalar_subquery()
        rows = rows.where(table.c[beside].not_in(taken))
    return int(work.session.execute(rows.values(client_id=kept_id)).rowcount)  # type: ignore[attr-defined]  # an UPDATE has it


def _fill(double: Client, kept: Client) -> list[str]:
    """Take from the double what the client that stays does not have. Names of what was taken."""
    filled = []
    for name in ("inn", "kpp", "ogrn", "owner_id", "territory", "source_id", "phone_key", "email_key"):
        if getattr(kept, name) is None and getattr(double, name) is not None and name != "kpp":
            setattr(kept, name, getattr(double, name))
            filled.append(name)
    missing = {key: value for key, value in (double.requisites or {}).items() if not (kept.requisites or {}).get(key)}
    if missing:
        kept.requisites = {**missing, **(kept.requisites or {})}
    profile = {key: value for key, value in (double.profile or {}).items() if key not in (kept.profile or {})}
    if profile:
        kept.profile = {**(kept.profile or {}), **profile}
    return [*filled, *missing, *(f"profile.{key}" for key in profile)]
