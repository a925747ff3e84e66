"""Filters of the inbox: what a list may be narrowed to, as data that is checked, and those that somebody keeps."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import and_, func, select

from engine import access, audit
from engine.errors import Forbidden, Invalid, NotFound
from engine.models import Group, SavedFilter
from engine.work import Work

LONGEST = 200
LONGEST_NAME = 60
MOST = 50
CHOICES: Mapping[str, tuple[str, ...]] = {
    "due": ("late", "today", "tomorrow", "week", "month", "none"),
    "priority": ("urgent", "normal", "low"),
    "grade": ("A", "B", "C", "none"),
    "sort": ("due", "age"),
}
DATES = ("since", "until")


@dataclass(frozen=True)
class Query:
    """What a list of tasks is narrowed to; empty: everything. ``words``: all of them occur, in any order; ``client``:
    words of the client's name or its INN; ``due``: a span by name, ``since``/``until``: by dates; ``sort``: by urgency
    unless said otherwise."""

    words: str = ""
    procedure: str = ""
    client: str = ""
    due: str = ""
    since: str = ""
    until: str = ""
    priority: str = ""
    grade: str = ""
    group: str = ""
    sort: str = ""

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Query:
        """From an address or a kept filter; what is not known is left out."""
        return cls(**{one.name: _clean(one.name, given.get(one.name)) for one in fields(cls)})

    @property
    def set(self) -> dict[str, str]:
        """Only what narrows or orders."""
        return {one.name: value for one in fields(self) if (value := getattr(self, one.name))}

    @property
    def narrows(self) -> int:
        """How many of the fields behind the button are in use."""
        return len(self.set.keys() - {"words", "sort"})


def save(work: Work, name: str, given: Mapping[str, Any], group_key: str | None = None) -> SavedFilter:
    """Keep a filter under a name, for oneself or, by those who may, for a group; the same name again replaces it.

    Raises Invalid, Forbidden, NotFound.
    """
    name, query = " ".join(name.split()), Query.read(given)
    if not name or len(name) > LONGEST_NAME:
        raise Invalid("Give the filter a name of at most {limit} letters.", limit=LONGEST_NAME)
    if not query.set:
        raise Invalid("Choose first what the list is narrowed to: there is nothing to save yet.")
    if group_key:
        access.require(work, "filter.share")
        if work.session.get(Group, group_key) is None:
            raise NotFound("There is no such group")
    mine = SavedFilter.owner_id == work.actor.user_id
    place = SavedFilter.group_key == group_key if group_key else and_(mine, SavedFilter.group_key.is_(None))
    kept = work.session.scalar(select(SavedFilter).where(place, SavedFilter.name == name))
    if kept is None and (work.session.scalar(select(func.count()).select_from(SavedFilter).where(mine)) or 0) >= MOST:
        raise Invalid("You have {limit} filters already. Remove one you do not need.", limit=MOST)
    if kept is None:
        assert work.actor.user_id is not None
        kept = SavedFilter(owner_id=work.actor.user_id, group_key=group_key or None, name=name)
        work.session.add(kept)
    before, kept.query, kept.saved_at = kept.query, query.set, work.now
    work.session.flush()
    audit.record(work, "saved_filter.saved", subject=f"saved_filter:{kept.id}", group=group_key or None,
                 query=[before, query.set])  # fmt: skip
    return kept


def remove(work: Work, filter_id: int) -> None:
    """Forget a filter: one's own, or a shared one by those who may share. Raises NotFound, Forbidden."""
    kept = work.session.get(SavedFilter, filter_id)
    if kept is None or (kept.owner_id != work.actor.user_id and kept.group_key is None):
        raise NotFound("There is no such filter")
    if kept.owner_id != work.actor.user_id and access.may(work.session, work.actor, work.now, "filter.share") is None:
        raise Forbidden("You may not do this")
    audit.record(work, "saved_filter.removed", subject=f"saved_filter:{kept.id}", group=kept.group_key)
    work.session.delete(kept)


def _clean(name: str, value: Any) -> str:
    said = " ".join(str(value or "").split())[:LONGEST]
    if name in CHOICES:
        return said if said in CHOICES[name] else ""
    if name in DATES:
        return said if _is_date(said) else ""
    return said


def _is_date(said: str) -> bool:
    try:
        return bool(said) and date.fromisoformat(said) is not None
    except ValueError:
        return False


