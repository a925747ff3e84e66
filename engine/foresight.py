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
from heapq import heapify, heappop, heappush
from itertools import count

from engine.hours import NEVER, Cover, Hands, Hours

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
    ``person``: who has it; ``until``: when its timer goes off, or when a task that rests comes back; ``day``: for which
    moment it is planned; ``promises``: id -> moment until which it must be left."""

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
    ``weeks``: what began in each of some past weeks, for what will begin; ``new``: person -> colleagues he helps;
    ``covers``: who stands in for whom."""

    habits: Mapping[tuple[str, int | None, str], Habit]
    cases: Sequence[Case]
    hours: Mapping[int, Hours]
    weeks: Sequence[Sequence[Leaving]] = ()
    new: Mapping[int, frozenset[int]] = field(default_factory=dict)
    covers: Sequence[Cover] = ()
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
    came to a step nothing is known of; ``lines``, ``places``: how much waits with whom and where at each week's end;
    ``days``: how much each day."""

    kept: dict[str, float] = field(default_factory=dict)
    ended: dict[int, float] = field(default_factory=dict)
    stuck: set[int] = field(default_factory=set)
    lines: list[Counter[int]] = field(default_factory=list)
    places: list[Counter[Place]] = field(default_factory=list)
    days: list[int] = field(default_factory=list)


def runs(world: World, number: int, seed: int = 1) -> Iterator[Run]:
    """So many ways it may go."""
    for nth in range(number):
        yield _Walk(world, random.Random(f"{seed}:{nth}")).go()


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else NEVER


class _Token:
    """A step that is open in a walk."""

    __slots__ = ("absent", "case", "gone", "in_hand", "lasts", "person", "place", "promises", "rests")

    def __init__(self, case: _Open, place: Place, promises: Mapping[str, float]) -> None:
        self.case, self.place, self.promises = case, place, promises
        self.person: int | None = None
        self.absent: int | None = None
        self.gone = self.rests = self.in_hand = False
        self.lasts = 0.0


class _Open:
    """A case in a walk."""

    __slots__ = ("id", "tokens", "versions")

    def __init__(self, id: int | None, versions: Mapping[str, int]) -> None:
        self.id, self.versions = id, versions
        self.tokens: list[_Token] = []


_Hands = Hands[_Token]
Event = _Token | Leaving | Cover | tuple[_Hands, int]



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
        """Walk to the horizon, counting what waits each day and looking around at the end of each week."""
        for case in self.world.cases:
            self._enter(case)
        self._arrive()
        for cover in self.world.covers:
            self._plan(max(0.0, cover.start), cover)
            self._plan(cover.end, cover)
        for day in range(1, 7 * int(self.world.horizon // WEEK) + 1):
            self._until(day * WEEK / 7)
            self.run.days.append(sum(one.person is not None and not one.rests for one in self.open))
            if day % 7 == 0:
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
                    self._wait(token, habit, max(rest, standing.day - self.dice.choice(ahead)), 1.0)
                else:
                    self._begin(token, habit, 0.0, rest)

    def _arrive(self) -> None:
        """Each week begins what began in one of the weeks before."""
        for week in range(int(self.world.horizon // WEEK) if self.world.weeks else 0):
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

    def _wait(self, token: _Token, habit: Habit, at: float, lasts: float) -> None:
        """It gets on in somebody's hours, whatever else he has in hand; if he is away, with his substitute or later."""
        self._give(token, habit, at)
        if token.person is not None:
            hours = self._covered(token)
            self._plan(hours.moment(hours.worked(at) + lasts), token)

    def _begin(self, token: _Token, habit: Habit, at: float, rest: float) -> None:
        if not habit.is_task:
            self._plan(at + token.lasts, token)
        elif rest > 0:
            token.rests = True
            self._plan(at + rest, token)
        else:
            self._line_up(token, habit, at)

    def _line_up(self, token: _Token, habit: Habit, at: float) -> None:
        if habit.paced:
            self._wait(token, habit, at, token.lasts)
            return
        self._give(token, habit, at)
        if token.person is None:
            return
        for cover in self.world.covers:
            if cover.fits(token.person, token.place[0]) and cover.start <= at < cover.end:
                token.absent, token.person = cover.absent, cover.substitute
                break
        self._take(token, token.person, token.lasts, at)

    def _take(self, token: _Token, person: int, lasts: float, at: float) -> None:
        hands = self.hands.setdefault(person, Hands(self.world.hours[person]))
        hands.pass_until(at)
        heappush(hands.tasks, (hands.done + lasts, next(self.number), token))
        hands.count += 1
        token.in_hand, token.person = True, person
        self._follow(hands)

    def _covered(self, token: _Token) -> Hours:
        """The hours in which a token of somebody gets on: his own, and while he is away those of who stands in."""
        assert token.person is not None
        hours = self.world.hours[token.person]
        for cover in self.world.covers:
            if cover.fits(token.person, token.place[0]):
                hours = hours.joined(self.world.hours[cover.substitute], cover.start, cover.end)
        return hours

    def _hand_over(self, cover: Cover, at: float) -> None:
        """What somebody has in hand goes to who stands in for him, and back when he is back."""
        is_back = at >= cover.end
        giver, taker = (cover.substitute, cover.absent) if is_back else (cover.absent, cover.substitute)
        hands = self.hands.get(giver)
        if hands is None:
            return
        hands.pass_until(at)
        for finish, _, token in sorted(hands.tasks, key=lambda one: one[:2]):
            if token.gone or (is_back and token.absent != taker) or not cover.fits(cover.absent, token.place[0]):
                continue
            hands.tasks = [one for one in hands.tasks if one[2] is not token]
            hands.count -= 1
            token.absent = None if is_back else giver
            self._take(token, taker, max(0.0, finish - hands.done), at)
        heapify(hands.tasks)
        self._follow(hands)

    def _give(self, token: _Token, habit: Habit, at: float) -> None:
        """To somebody who did it before and is here; if all are away, to one of them when he is back."""
        if token.person in self.world.hours:
            return
        token.person = chosen = self._somebody(habit.people, at)
        for new in [new for new, colleagues in self.world.new.items() if chosen in colleagues]:
            if self.dice.random() < 1 / (len(self.world.new[new]) + 1):
                token.person = new
                return

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
            elif isinstance(what, Cover):
                self._hand_over(what, at)
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
