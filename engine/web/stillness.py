"""How staleness, pauses and working time read: whole sentences with the cases behind them."""
from __future__ import annotations

import math

from flask import Flask

from engine import pauses
from engine.crm.staleness import FRESH, SLOW, STALE, Judgement
from engine.errors import Text, text
from engine.vocabulary import PauseClock
from engine.web import formats, reading
from engine.web.i18n import gettext, locale, ngettext, say

TONES = {FRESH: "", SLOW: "soon", STALE: "late"}
CLOCKS: dict[str, Text] = {
    PauseClock.OURS: text("our clock runs"),
    PauseClock.CLIENT: text("the client's clock runs"),
    PauseClock.NOBODY: text("nobody's clock runs"),
}
HOUR, DAY = 3600, 8 * 3600


def days(number: int) -> str:
    """«12 дней»"""
    return ngettext("%(num)s day", "%(num)s days", number) % {"num": number}


def quiet(judgement: Judgement) -> str:
    """«12 дней без движения»"""
    return ngettext("%(num)s day without movement", "%(num)s days without movement", judgement.quiet) % {
        "num": judgement.quiet
    }


def usual(judgement: Judgement) -> str:
    """«80 % таких сделок уходят с этапа за 9 дней (34 случая)», or the norm."""
    known = judgement.usual
    if known.norm is not None:
        return gettext("the norm is %(norm)s; there is no history yet") % {"norm": formats.norm(known.norm)}
    cases = ngettext("%(num)s case", "%(num)s cases", known.cases) % {"num": known.cases}
    within = days(max(1, math.ceil(known.p80)))
    if known.segment:
        return gettext("80 %% of deals of this segment leave the stage within %(days)s (%(cases)s)") % {
            "days": within, "cases": cases
        }  # fmt: skip
    return gettext("80 %% of such deals leave the stage within %(days)s (%(cases)s)") % {
        "days": within, "cases": cases
    }  # fmt: skip


def tone(judgement: Judgement) -> str:
    """The tone of its chip."""
    return TONES[judgement.level]


def pause_reason(value: str) -> str:
    """The reason of a pause in the reader's language; of one that is not in the settings any more its key."""
    found = next((one for one in pauses.reasons(reading.environment()) if one.value == value), None)
    return (found.label_en if locale() == "en" else found.label) if found else value


def clock(value: str) -> str:
    """Whose time runs."""
    return say(CLOCKS[value]) if value in CLOCKS else value


def hours(seconds: float | None) -> str:
    """Working time as people say it: minutes, hours, working days of eight hours."""
    if seconds is None:
        return "—"
    if seconds < HOUR:
        return gettext("%(num)s min") % {"num": formats.number(round(seconds / 60))}
    if seconds < 2 * DAY:
        return gettext("%(num)s h") % {"num": formats.number(round(seconds / HOUR, 1))}
    return gettext("%(num)s w. d.") % {"num": formats.number(round(seconds / DAY, 1))}


def install(app: Flask) -> None:
    """Give templates these."""
    for name, function in (
        ("quiet", quiet), ("usual", usual), ("stale_tone", tone), ("pause_reason", pause_reason), ("clock", clock),
        ("hours", hours), ("days", days),
    ):  # fmt: skip
        app.jinja_env.filters[name] = function
