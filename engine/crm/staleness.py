"""How long deals usually stay in a stage, by segment, and whether one stays longer than most.

The measure is the history of the company itself: of the deals that moved on from the stage, how long half, four fifths
and nineteen of twenty of them needed. With too few of them in the segment all segments are asked, then the norm of
settings/pauses.yaml. A deal's own clock starts with the stage and anew with every contact, message or move of it; the
time of a pause in which our clock stood does not count.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine.crm import stages
from engine.models import Client, Deal, MilestoneReached, Pause, StageTime
from engine.vocabulary import PauseClock
from engine.work import Work

OFFICE = "main"
EVERYBODY = ""
FRESH, SLOW, STALE = "fresh", "slow", "stale"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Usual:
    """How long such deals stay in this stage, in days, and how many stand behind it. ``segment``: whether it is of the
    deal's own segment. ``norm``: instead of history, a norm (``P20BD``) and no cases."""

    cases: int
    p50: float
    p80: float
    p95: float
    segment: bool = False
    norm: str | None = None


@dataclass(frozen=True)
class Judgement:
    """``days``: in the stage; ``quiet``: since anything happened, pauses not counted. ``level``: fresh, slow (longer
    than four fifths of such deals), stale (longer than nineteen of twenty, or past the norm)."""

    days: int
    quiet: int
    usual: Usual
    level: str


class Usuals:
    """All usual times of one scheme, read once for a page."""

    def __init__(self, session: Session, env: Any, scheme: str) -> None:
        self.env, self.scheme = env, scheme
        self.settings: Mapping[str, Any] = env.setting("stages")
        self.least = int(env.setting("pauses.staleness.cases", 20))
        rows = session.scalars(select(StageTime).where(StageTime.scheme == scheme))
        self.rows = {(row.stage, row.segment): row for row in rows}

    def of(self, milestone: str, segment: str | None, cycle: str) -> Usual:
        """For a deal that has come so far."""
        stage = stages.stage_of(milestone, self.settings, self.scheme) or ""
        for key in ((stage, segment or EVERYBODY), (stage, EVERYBODY)):
            row = self.rows.get(key)
            if row is not None and row.cases >= self.least:
                return Usual(row.cases, row.p50, row.p80, row.p95, segment=key[1] != EVERYBODY)
        norm = str(self.env.setting(f"pauses.staleness.norm.{cycle}", "P20BD"))
        return Usual(0, 0, 0, 0, norm=norm)

    def judge(self, deal: Any, segment: str | None, now: datetime, rested: timedelta = timedelta(0)) -> Judgement:
        """``deal``: with milestone, milestone_at, stirred_at, cycle. ``rested``: how long our clock stood since."""
        usual = self.of(deal.milestone, segment, deal.cycle)
        since = max(deal.milestone_at, deal.stirred_at or deal.milestone_at)
        quiet = max(timedelta(0), now - since - rested)
        if usual.norm is not None:
            at = self.env.calendar(OFFICE).due(since + min(rested, now - since), usual.norm).at
            level = STALE if now > at else FRESH
        else:
            level = STALE if quiet > DAY * usual.p95 else SLOW if quiet > DAY * usual.p80 else FRESH
        return Judgement((now - deal.milestone_at) // DAY, quiet // DAY, usual, level)


def rested(session: Session, deals: Iterable[Any], now: datetime) -> dict[int, timedelta]:
    """How long the clock of each deal stood in pauses since it last moved."""
    since = {deal.id: max(deal.milestone_at, deal.stirred_at or deal.milestone_at) for deal in deals}
    found: dict[int, timedelta] = defaultdict(timedelta)
    if not since:
        return found
    stood = select(Pause.deal_id, Pause.starts_at, Pause.ended_at).where(
        Pause.deal_id.in_(since), Pause.clock != PauseClock.OURS
    )
    rows: Any = session.execute(stood)
    for deal_id, start, end in rows:
        found[deal_id] += max(timedelta(0), (end or now) - max(start, since[deal_id]))
    return found


def renew(work: Work) -> int:
    """Calculate the usual times of all schemes anew from the newest milestones. Returns how many rows there are."""
    newest = int(work.env.setting("pauses.staleness.newest", 100_000))
    ways = _ways(work.session, newest)
    work.session.execute(delete(StageTime))
    count = 0
    for scheme, entry in work.env.setting("stages", {}).items():
        lasted: dict[tuple[str, str], list[float]] = defaultdict(list)
        for segment, way in ways:
            for stage, days in _stays(entry["stages"], way):
                lasted[stage, EVERYBODY].append(days)
                if segment:
                    lasted[stage, segment].append(days)
        for (stage, segment), stays in sorted(lasted.items()):
            stays.sort()
            work.session.add(StageTime(
                scheme=scheme, stage=stage, segment=segment, cases=len(stays), p50=quantile(stays, 0.5),
                p80=quantile(stays, 0.8), p95=quantile(stays, 0.95),
            ))  # fmt: skip
            count += 1
    return count


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below or at which that share of them lies: one that occurred, nothing between two."""
    place = max(0, -int(-round(len(ordered) * share, 6) // 1) - 1)
    return round(ordered[place], 2)


def _ways(session: Session, newest: int) -> list[tuple[str | None, dict[str, datetime]]]:
    """Segment and moments of the milestones of each deal among the newest."""
    rows: Any = session.execute(
        select(MilestoneReached.deal_id, MilestoneReached.milestone, MilestoneReached.at, Client.segment)
        .join(Deal, Deal.id == MilestoneReached.deal_id)
        .join(Client, Client.id == Deal.client_id)
        .order_by(MilestoneReached.id.desc()).limit(newest)
    )  # fmt: skip
    found: dict[int, tuple[str | None, dict[str, datetime]]] = {}
    for deal_id, milestone, at, segment in rows:
        way = found.setdefault(deal_id, (segment, {}))[1]
        way[milestone] = min(at, way.get(milestone, at))
    return list(found.values())


def _stays(scheme: Sequence[Mapping[str, Any]], way: Mapping[str, datetime]) -> list[tuple[str, float]]:
    """Days in each stage that this deal left for the next one. Without the moment it came into a stage nothing is
    known about that stage, nor of one it jumped over."""
    places = sorted((stages.position(name), at) for name, at in way.items() if name != stages.LOST)
    found, entered = [], places[0][1] if places else None
    below = -1
    for item in scheme:
        last = stages.position(str(item["milestones"][-1]))
        left = next((at for place, at in places if place >= last), None)
        if entered is not None and left is not None and left > entered and places[0][0] <= max(below, 0):
            found.append((str(item["key"]), (left - entered) / DAY))
        entered = left if left is not None else entered
        below = last
    return found
