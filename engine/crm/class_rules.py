"""Classes and states of clients: ABC, XYZ, the five states, for the client and for each product direction there.

The rules are pure functions of numbers and days; the figures come from settlements in a handful of questions, whatever
the number of clients. Borders are in settings/classes.yaml.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from engine.crm.periods import add_months, last_of_month
from engine.errors import Invalid

POTENTIAL, NEW, REGULAR, LOST, RESTORED = "potential", "new", "regular", "lost", "restored"
STATES = (POTENTIAL, NEW, REGULAR, LOST, RESTORED)
BASES = ("turnover", "income", "margin")
ROLLING, CALENDAR = "rolling", "period"
HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True)
class Rules:
    """The borders in force (settings/classes.yaml); the defaults are those of the sources."""

    base: str = "turnover"
    a: Decimal = Decimal(50)
    b: Decimal = Decimal(80)
    months: int = 12
    x: Decimal = Decimal(10)
    y: Decimal = Decimal(25)
    periods: int = 12
    least: int = 3
    window: str = ROLLING
    silence: int = 3
    purchases: int = 2


@dataclass(frozen=True)
class Window:
    """The days that decide on a state: ``since``..``until``, and the window of the same length before, from
    ``before``. All days are included."""

    before: date
    since: date
    until: date


def rules_of(env: Any) -> Rules:
    """The borders from the settings. Raises Invalid for borders that cross or a base there is none of."""
    given: Mapping[str, Any] = env.settings.get("classes") or {}
    abc_, xyz_, state_ = (given.get(name) or {} for name in ("abc", "xyz", "state"))
    rules = Rules(
        base=str(abc_.get("base", "turnover")),
        a=Decimal(str(abc_.get("a", 50))),
        b=Decimal(str(abc_.get("b", 80))),
        months=int(abc_.get("months", 12)),
        x=Decimal(str(xyz_.get("x", 10))),
        y=Decimal(str(xyz_.get("y", 25))),
        periods=int(xyz_.get("periods", 12)),
        least=int(xyz_.get("least", 3)),
        window=str(state_.get("window", ROLLING)),
        silence=int(state_.get("months", 3)),
        purchases=int((given.get("loyalty") or {}).get("purchases", 2)),
    )
    ordered = 0 < rules.a < rules.b <= 100 and 0 < rules.x < rules.y
    if not ordered or rules.base not in BASES or rules.window not in (ROLLING, CALENDAR):
        raise Invalid("The borders of the classes make no sense. Look at settings/classes.yaml.")
    if min(rules.months, rules.periods, rules.silence) < 1:
        raise Invalid("The borders of the classes make no sense. Look at settings/classes.yaml.")
    return rules


def abc(values: Sequence[Decimal], rules: Rules = Rules()) -> list[str]:
    """The class of each value: by the share that those before it in descending order hold of the total (R024, X7).

    So the one client with 60 % of everything is A. Nothing or less than nothing is C. Equals keep their order.
    """
    order = sorted(range(len(values)), key=lambda place: (-values[place], place))
    total = sum((value for value in values if value > 0), Decimal(0))
    found = ["C"] * len(values)
    before = Decimal(0)
    for place in order:
        if values[place] <= 0:
            break
        found[place] = "A" if before * 100 < rules.a * total else "B" if before * 100 < rules.b * total else "C"
        before += values[place]
    return found


def variation(series: Sequence[Decimal | int | float]) -> Decimal | None:
    """The coefficient of variation of a series, per cent: square root of DEVSQ / n by the mean (R029, X8).

    The population's deviation, for the series is all there is, not a sample. None where the mean is not above zero.
    """
    numbers = [float(value) for value in series]
    return variation_of(len(numbers), sum(numbers), sum(value * value for value in numbers))


def variation_of(count: int, total: float, squares: float) -> Decimal | None:
    """The same from the sum and the sum of squares, as a database adds them up."""
    if count < 1 or total <= 0:
        return None
    mean = total / count
    deviations = max(0.0, squares - total * mean)  # DEVSQ; below zero by rounding only
    percent = math.sqrt(deviations / count) / mean * 100
    return Decimal(str(percent)).quantize(HUNDREDTH, ROUND_HALF_UP)


def xyz(percent: Decimal | None, rules: Rules = Rules()) -> str | None:
    """X up to 10 per cent, Y up to 25, Z above; None where there is no variation (R026-R028)."""
    if percent is None:
        return None
    return "X" if percent <= rules.x else "Y" if percent <= rules.y else "Z"


def window(rules: Rules, on: date) -> Window:
    """The window that decides on states on a day (X5). Rolling: what lies exactly three months back still counts.

    Calendar: the month of the day and the whole months before it, so that at the end of a quarter it is the quarter.
    """
    if rules.window == CALENDAR:
        since = add_months(on.replace(day=1), 1 - rules.silence)
        return Window(add_months(since, -rules.silence), since, on)
    return Window(add_months(on, -2 * rules.silence), add_months(on, -rules.silence), on)


def state(days: Sequence[date], frame: Window) -> str:
    """The state of a client with settlements on these days, the first that fits (R080-R085, X4)."""
    known = sorted(day for day in days if day <= frame.until)
    if not known:
        return POTENTIAL
    if known[-1] < frame.since:
        return LOST
    if known[0] >= frame.since:
        return NEW
    return REGULAR if any(frame.before <= day < frame.since for day in known) else RESTORED


def months_back(on: date, count: int) -> list[tuple[date, date]]:
    """The last months up to a day, newest first, both days included. From the end of a month they are calendar months;
    else each runs from the day after ``on``'s in one month to ``on``'s in the next."""
    ends = [_end(on, back) for back in range(count + 1)]
    return [(ends[place + 1] + timedelta(days=1), ends[place]) for place in range(count)]


def _end(on: date, back: int) -> date:
    end = add_months(on, -back)
    return last_of_month(end) if on == last_of_month(on) else end
