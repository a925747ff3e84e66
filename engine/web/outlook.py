"""What if: what may become of open work, as it stands and with somebody away or one more person."""
from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import format_date
from flask import Blueprint, current_app, g, render_template, request
from sqlalchemy import select

from engine.errors import text
from engine.models import Group, User
from engine.queries import heat, outlook, procedures
from engine.web import labels, reading
from engine.web.i18n import babel_locale
from engine.web.pages import number
from engine.web.reports import drawn
from engine.web.rules import OVERSEERS, allow

blueprint = Blueprint("outlook", __name__)
SPANS = (4, 8, 12)  # weeks
FIRST, SHOWN = 15, 60  # dates shown at once, and with those behind the fold
LEVELS = 5
KEPT = 10  # minutes an answer is shown again for the same question
ANSWERS = 20


@dataclass(frozen=True)
class Picture:
    """A drawing with what is expected to wait at its steps. ``rows``: element, name, spread, past passes."""

    key: str
    name: str
    version: int
    levels: list[tuple[str, int, str]]
    rows: list[tuple[str, str, tuple[float, float, float], int]]


@blueprint.get("/outlook")
@allow(*OVERSEERS, "auditor")
def show() -> str:
    """The form; with ``ask`` also the answer, which takes a few seconds."""
    session, question = reading.session(), _question()
    answer = _answer(question) if request.args.get("ask") else None
    names = {row.key: row.name for row in procedures.procedures(session)}
    keys = sorted({key for key, _ in answer.places}, key=lambda key: names.get(key, key)) if answer else []
    key = request.args.get("key", "")
    if key not in keys:
        busy = [one for one, _ in heat.busiest(session, g.now.date() - timedelta(days=90)) if one in keys]
        key = next(iter(busy or keys), "")
    return render_template(
        "outlook.html", question=question, answer=answer, spans=SPANS, shown=SHOWN, first=FIRST, names=names, keys=keys,
        key=key,
        people=session.scalars(select(User).where(User.active).order_by(User.last, User.first)).all(),
        groups=session.scalars(select(Group).order_by(Group.title)).all(),
        picture=_picture(answer, key) if answer and key else None, chart=_chart(answer) if answer else None,
    )  # fmt: skip


def _question() -> outlook.Question:
    weeks = number("weeks", 8)
    away = number("away", 0) or None
    since, until = _day("since"), _day("until")
    if away is None or since is None or until is None or until < since:
        away = since = until = None
    known = reading.session().get(Group, request.args.get("helper") or "-")
    stand_in = number("stand_in", 0) or None if away else None
    helper = known.key if known else None
    return outlook.Question(weeks if weeks in SPANS else 8, away, since, until, helper, stand_in)


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def _answer(question: outlook.Question) -> outlook.Answer:
    """The answer, kept for a while: looking at another drawing must not ask again."""
    kept: dict[tuple[outlook.Question, int], outlook.Answer] = current_app.extensions.setdefault("outlook", {})
    place = (question, int(g.now.timestamp() // (KEPT * 60)))
    if place not in kept:
        while len(kept) >= ANSWERS:
            kept.pop(next(iter(kept)))
        kept[place] = outlook.ask(reading.session(), reading.environment(), g.now, question)
    return kept[place]


def _chart(answer: outlook.Answer) -> str:
    """The work waiting day by day, as the charts of reports want it."""
    series = [
        (text("Middle of all runs"), [middle for _, (_, middle, _) in answer.days]),
        (text("Nine of ten runs lie below"), [high for _, (_, _, high) in answer.days]),
        (text("Nine of ten runs lie above"), [low for _, (low, _, _) in answer.days]),
    ]
    if answer.days_otherwise:
        series.append((text("Middle with the change"), [middle for _, middle, _ in answer.days_otherwise]))
    return drawn("line", [format_date(day, "d.MM", locale=babel_locale()) for day, _ in answer.days], series)


def _picture(answer: outlook.Answer, key: str) -> Picture | None:
    session = reading.session()
    shown = procedures.source(session, key, None)
    if shown is None:
        return None
    drawn = reading.environment().library.bound(session, key, shown.version).procedure.elements
    here = {element: spread for (one, element), spread in answer.places.items() if one == key and element in drawn}
    most = max((spread[1] for spread in here.values()), default=0.0)
    rows = [
        (element, labels.called(drawn[element]), spread, answer.habits[key, None, element].passes)
        for element, spread in sorted(here.items(), key=lambda row: (-row[1][1], row[0]))
        if (key, None, element) in answer.habits
    ]
    levels = [
        (element, min(LEVELS, math.ceil(LEVELS * (spread[1] / most) ** 0.5)) if most and spread[1] else 0,
         f"{spread[1]:.1f}")
        for element, spread in here.items()
    ]  # fmt: skip
    return Picture(key, shown.name, shown.version, levels, rows)
