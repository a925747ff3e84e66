"""What may become of open work: cases walked on from where they stand, many times, by what happened before. Pure.

A person has working hours, and everything in his hands gets on at once: with twice as much to do each thing takes twice
as long. What only waits for others goes at its own pace beside it; what is planned for a day is done about that day.
A step costs as much of his time as one of its past passes did, and leads on to what one of them led to; so branches,
loops and joins have the frequencies they had. A step with fewer than ``FEW`` past passes is not walked through.

Times are minutes from now; the same seed gives the same answer.
"""
from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

from engine.hours import NEVER, Hours

FEW = 5  # past passes without which a step says nothing about the next one
TRIES = 4
MOST = 100_000  # steps of one run: a loop that takes no time must come to an end
WEEK = 7 * 24 * 60.0
Place = tuple[str, str]  # key of the drawing, element


@dataclass(frozen=True)
class Leaving:
    """What one past pass of a step led to: the steps it opened, and those beside it that it ended."""

    opens: tuple[Place, ...] = ()
    ends: tuple[Place, ...] = ()


@dataclass
class Habit:
    """The past passes of a step. ``lasts``: minutes of somebody's time a task took, minutes on the clock of a wait;
    ``rests``: how long a task was put off on purpose before that, on the clock; ``leads``: of tasks planned for a day,
    how long before it they were done; ``alone`` and ``beside``: how it was left while nothing, or something, else
    of its case was open; ``people``: who did it; ``paced``: it takes working hours of the clock, and none of what its
    performer has for other things."""

    is_task: bool
    lasts: list[float] = field(default_factory=list)
    alone: list[Leaving] = field(default_factory=list)
    beside: list[Leaving] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    rests: list[float] = field(default_factory=list)
    leads: list[float] = field(default_factory=list)
    paced: bool = False

    @property
    def passes(self) -> int:
        """How many past passes stand behind what is said."""
        return len(self.lasts)


@dataclass(frozen=True)
class Standing:
    """An open step of a case. ``age``: how much of somebody's time it has had (task) or how long it has waited (wait);
    ``person``: who has it;
    ``until``: when its timer goes off, or when a task that rests comes back; ``day``: for which moment it is planned;
    ``promises``: id -> moment until which it must be left."""

    place: Place
    age: float = 0.0
    person: int | None = None
    until: float | None = None
    day: float | None = None
    promises: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A running instance: where it stands, by which versions of the drawings."""

    id: int
    standings: tuple[Standing, ...]
    versions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class World:
    """Everything an answer depends on. ``habits``: by drawing, version (None: all) and element; ``hours``: by person;
    ``weeks``: what began in each of some past weeks, for what will begin; ``new``: person -> colleagues he helps."""

    habits: Mapping[tuple[str, int | None, str], Habit]
    cases: Sequence[Case]
    hours: Mapping[int, Hours]
    weeks: Sequence[Sequence[Leaving]] = ()
    new: Mapping[int, frozenset[int]] = field(default_factory=dict)
    horizon: float = 8 * WEEK

    def habit(self, place: Place, versions: Mapping[str, int]) -> Habit | None:
        """What is known of a step: of its version, else of all versions; None when that is too little."""
        key, element = place
        own = self.habits.get((key, versions.get(key), element))
        if own is not None and own.passes >= FEW:
            return own
        every = self.habits.get((key, None, element))
        return every if every is not None and every.passes >= FEW else None


@dataclass
class Run:
    """One way it may go. ``kept``: promise -> when it was kept (never: not within the horizon); ``stuck``: cases that
    came to a step nothing is known of; ``lines``: for each week's end, how much waits with whom; ``places``: where."""

    kept: dict[str, float] = field(default_factory=dict)
    ended: dict[int, float] = field(default_factory=dict)
    stuck: set[int] = field(default_factory=set)
    lines: list[Counter[int]] = field(default_factory=list)
    places: list[Counter[Place]] = field(default_factory=list)


def runs(world: World, number: int, seed: int = 1) -> Iterator[Run]:
    """So many ways it may go."""
    for nth in range(number):
        yield _Walk(world, random.Random(f"{seed}:{nth}")).go()


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else NEVER


class _Token:
    """A step that is open in a walk."""

    __slots__ = ("case", "gone", "in_hand", "lasts", "person", "place", "promises", "rests")

    def __init__(self, case: _Open, place: Place, promises: Mapping[str, float]) -> None:
        self.case, self.place, self.promises = case, place, promises
        self.person: int | None = None
        self.gone = self.rests = self.in_hand = False
        self.lasts = 0.0


class _Open:
    """A case in a walk."""

    __slots__ = ("id", "tokens", "versions")

    def __init__(self, id: int | None, versions: Mapping[str, int]) -> None:
        self.id, self.versions = id, versions
        self.tokens: list[_Token] = []


class _Hands:
    """What one person has in hand: all of it gets on at once, each thing the slower the more there is.

    ``done``: how much of each thing that was always there would have been done by now; ``tasks``: at which ``done``
    each is finished.
    """

    __slots__ = ("count", "done", "hours", "tasks", "turn", "worked")

    def __init__(self, hours: Hours) -> None:
        self.hours, self.worked, self.done = hours, hours.worked(0.0), 0.0
        self.tasks: list[tuple[float, int, _Token]] = []
        self.count = self.turn = 0

    def pass_until(self, at: float) -> None:
        """Let the person work until a moment."""
        worked = self.hours.worked(at)
        if self.count:
            self.done += (worked - self.worked) / self.count
        self.worked = worked

    def first_done(self) -> float:
        """When the first thing will be done if nothing comes or goes."""
        return self.hours.moment(self.worked + max(0.0, self.tasks[0][0] - self.done) * self.count)


Event = _Token | Leaving | tuple[_Hands, int]


class _Walk:
    """One run: moments in order, each leaving a step."""

    def __init__(self, world: World, dice: random.Random) -> None:
        self.world, self.dice = world, dice
        self.run = Run()
        self.events: list[tuple[float, int, Event]] = []
        self.hands: dict[int, _Hands] = {}
        self.number = count()
        self.open: set[_Token] = set()
        self.steps = 0

    def go(self) -> Run:
        """Walk to the horizon, looking around at the end of each week."""
        for case in self.world.cases:
            self._enter(case)
        self._arrive()
        for week in range(1, int(self.world.horizon // WEEK) + 1):
            self._until(week * WEEK)
            self._look()
        return self.run

    def _enter(self, case: Case) -> None:
        seen = _Open(case.id, case.versions)
        for standing in sorted(case.standings, key=lambda one: one.place):
            token = self._token(seen, standing.place, standing.promises)
            habit = self.world.habit(standing.place, case.versions)
            if standing.until is not None and (habit is None or not habit.is_task):
                self._plan(max(0.0, standing.until), token)
            elif habit is None:
                self.run.stuck.add(case.id)
            else:
                token.lasts = _rest(habit.lasts, standing.age, self.dice)
                token.person = standing.person
                rest = max(0.0, standing.until or 0.0)
                ahead = [lead for lead in habit.leads if standing.day is not None and lead < standing.day]
                if standing.day is not None and ahead:
                    self._do_on_its_day(token, habit, max(rest, standing.day - self.dice.choice(ahead)))
                else:
                    self._begin(token, habit, 0.0, rest)

    def _arrive(self) -> None:
        """Each week begins what began in one of the weeks before."""
        if not self.world.weeks:
            return
        for week in range(int(self.world.horizon // WEEK)):
            for begun in self.dice.choice(self.world.weeks):
                self._plan((week + self.dice.random()) * WEEK, begun)

    def _token(self, case: _Open, place: Place, promises: Mapping[str, float]) -> _Token:
        token = _Token(case, place, promises)
        case.tokens.append(token)
        self.open.add(token)
        self.run.kept |= dict.fromkeys(promises, NEVER)
        return token

    def _plan(self, at: float, what: Event) -> None:
        if at <= self.world.horizon:
            heappush(self.events, (at, next(self.number), what))

    def _do_on_its_day(self, token: _Token, habit: Habit, at: float) -> None:
        """A thing for a day is done as long before its day as such things were that had been left as long as this one;
        by whoever is away, when he is back."""
        if token.person not in self.world.hours:
            token.person = self._whose(habit, 0.0)
        hours = self.world.hours.get(token.person) if token.person is not None else None
        self._plan(hours.moment(hours.worked(at) + 1.0) if hours is not None else NEVER, token)

    def _begin(self, token: _Token, habit: Habit, at: float, rest: float) -> None:
        if not habit.is_task:
            self._plan(at + token.lasts, token)
        elif rest > 0:
            token.rests = True
            self._plan(at + rest, token)
        else:
            self._line_up(token, habit, at)

    def _line_up(self, token: _Token, habit: Habit, at: float) -> None:
        if token.person not in self.world.hours:
            token.person = self._whose(habit, at)
        if token.person is None:
            return
        if habit.paced:
            hours = self.world.hours[token.person]
            self._plan(hours.moment(hours.worked(at) + token.lasts), token)
            return
        if token.person not in self.hands:
            self.hands[token.person] = _Hands(self.world.hours[token.person])
        hands = self.hands[token.person]
        hands.pass_until(at)
        heappush(hands.tasks, (hands.done + token.lasts, next(self.number), token))
        hands.count += 1
        token.in_hand = True
        self._follow(hands)

    def _whose(self, habit: Habit, at: float) -> int | None:
        """Somebody who did it before and is here; if all are away, one of them when he is back."""
        chosen = self._somebody(habit.people, at)
        if chosen is None:
            return None
        helpers = [new for new, colleagues in self.world.new.items() if chosen in colleagues]
        for new in helpers:
            if self.dice.random() < 1 / (len(self.world.new[new]) + 1):
                return new
        return chosen

    def _somebody(self, people: Sequence[int], at: float) -> int | None:
        hours, dice = self.world.hours, self.dice
        for _ in range(TRIES if people else 0):  # mostly the first is here
            chosen = dice.choice(people)
            if chosen in hours and _is_here(hours[chosen], at):
                return chosen
        known = sorted({one for one in people if one in hours})
        return dice.choice([one for one in known if _is_here(hours[one], at)] or known) if known else None

    def _follow(self, hands: _Hands) -> None:
        """When the first of what somebody has in hand will be done, as things are now."""
        while hands.tasks and hands.tasks[0][2].gone:
            heappop(hands.tasks)
        hands.turn += 1
        if hands.tasks:
            self._plan(hands.first_done(), (hands, hands.turn))

    def _until(self, end: float) -> None:
        while self.events and self.events[0][0] <= end and self.steps < MOST:
            at, _, what = heappop(self.events)
            self.steps += 1
            if isinstance(what, Leaving):
                self._open_all(_Open(None, {}), what.opens, at)
            elif isinstance(what, tuple):
                hands, turn = what
                if turn == hands.turn and hands.tasks:
                    self._leave(heappop(hands.tasks)[2], at)
            elif not what.gone:
                self._go_on(what, at)

    def _go_on(self, token: _Token, at: float) -> None:
        """A task that rested comes back; anything else is done."""
        habit = self.world.habit(token.place, token.case.versions)
        if token.rests and habit is not None:
            token.rests = False
            self._line_up(token, habit, at)
        else:
            self._leave(token, at)

    def _leave(self, token: _Token, at: float) -> None:
        case, habit = token.case, self.world.habit(token.place, token.case.versions)
        self._close(token, at)
        if habit is not None:
            ways = (habit.beside or habit.alone) if case.tokens else (habit.alone or habit.beside)
            way = self.dice.choice(ways)
            for place in way.ends:
                for other in [one for one in case.tokens if one.place == place]:
                    self._close(other, at)
                    self._free(other, at)
            self._open_all(case, way.opens, at)
        elif case.id is not None:
            self.run.stuck.add(case.id)
        if not case.tokens and case.id is not None and case.id not in self.run.stuck:
            self.run.ended[case.id] = at
        self._free(token, at)

    def _free(self, token: _Token, at: float) -> None:
        """Whoever had it in hand has it no more."""
        hands = self.hands.get(token.person) if token.person is not None and token.in_hand else None
        if hands is not None:
            hands.pass_until(at)
            hands.count -= 1
            self._follow(hands)

    def _open_all(self, case: _Open, places: Sequence[Place], at: float) -> None:
        for place in places:
            habit = self.world.habit(place, case.versions)
            token = self._token(case, place, {})
            if habit is None:
                if case.id is not None:
                    self.run.stuck.add(case.id)
                continue
            nth = self.dice.randrange(habit.passes)
            token.lasts = habit.lasts[nth]
            self._begin(token, habit, at, habit.rests[nth] if habit.rests else 0.0)

    def _close(self, token: _Token, at: float) -> None:
        token.gone = True
        token.case.tokens.remove(token)
        self.open.discard(token)
        self.run.kept |= dict.fromkeys(token.promises, at)

    def _look(self) -> None:
        waiting = [one for one in self.open if not one.rests]
        self.run.lines.append(Counter(one.person for one in waiting if one.person is not None))
        self.run.places.append(Counter(one.place for one in waiting))


def _rest(lasts: Sequence[float], age: float, dice: random.Random) -> float:
    """How much longer, given how long already: what remained of past passes that took longer than that."""
    longer = [one - age for one in lasts if one > age]
    return dice.choice(longer) if longer else dice.choice(lasts)


def _is_here(hours: Hours, at: float) -> bool:
    """Does he work within the next four days (a weekend is no absence)?"""
    return hours.worked(at + 4 * 24 * 60.0) > hours.worked(at)


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """p10, p50 and p90."""
    return percentile(values, 0.1), percentile(values, 0.5), percentile(values, 0.9)
