"""Going back on random models: wherever the engine allows it, it stands where the oracle stood then, and both play on
alike. Time stands still, so that timers set afresh are due when they were."""
from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass
from random import Random

import pytest

from engine import bpmn
from tests.engine.oracle.game import Game
from tests.engine.oracle.generate import generate
from tests.engine.oracle.play import Player, seen
from tests.engine.oracle.tokens import Open

BATCH, BATCHES = 40, 5


@dataclass
class Mark:
    """A person's step just before it was done: on both sides, and what was entered since."""

    game: Game
    state: bytes
    token: str
    others: frozenset[str]
    since: int
    element: str


class Undecided(Player):
    """Plays, and now and then goes back to a step that was done before."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.marks: list[Mark] = []
        self.entered: list[bpmn.Happening] = []
        self.done: set[str] = set()
        self.first: dict[str, set[tuple[str, str]]] = {}
        self.went_back = self.refused = 0
        self.note()

    def pass_time(self) -> None:
        """It stands."""

    def timers_on(self, token: str) -> set[tuple[str, str]]:
        timers = self.at.snapshot.timers
        return {(timer.element.id, str(timer.due_at)) for timer in timers if timer.boundary_of == token}

    def note(self) -> None:
        for one in self.at.happened:
            if one.event == "entered":
                self.entered.append(one)
            elif one.event == "completed":
                self.done.add(one.token_id)
        for task in self.at.snapshot.tasks:
            self.first.setdefault(task.token_id, self.timers_on(task.token_id))

    def move(self, item: Open) -> None:
        token, before = self.token_of(item), self.at.snapshot
        if item.kind == "task" and self.first[token] == self.timers_on(token):  # no cycle of its own has gone round
            others = frozenset(ids(self.at.snapshot)) - {token} - self.on(token)
            number = max(index for index, one in enumerate(self.entered) if one.token_id == token)
            self.marks.append(Mark(copy.deepcopy(self.game), self.at.state, token, others, number, item.element))
        super().move(item)
        if any(one.element.kind == "startEvent" and one.token_id == token for one in before.timers):
            self.marks.clear()  # a sub-process that is entered again counts the rounds of its own timer afresh
        self.note()
        self.compare()
        if self.marks and self.random.random() < 0.5:
            self.go_back(self.random.choice(self.marks[-6:]))

    def on(self, token: str) -> set[str]:
        """Events that sit on a step: they come and go with it."""
        return {timer.token_id for timer in self.at.snapshot.timers if timer.boundary_of == token}

    def go_back(self, mark: Mark) -> None:
        passed = [
            bpmn.Passage(one.path, one.process_key, one.element_id, one.token_id in self.done)
            for one in self.entered[mark.since + 1 :]
        ]
        earlier = bpmn.Earlier(mark.state, mark.token, passed)
        way = bpmn.way(self.root, self.at.state, earlier, self.host())
        if way.blocked is not None:
            self.refused += 1
            return
        now = frozenset(ids(self.at.snapshot))
        came = {leaf.token_id for leaf in way.leaves}
        sitting = {timer.token_id for timer in self.at.snapshot.timers if timer.boundary_of in came}
        if {one for one in mark.others - now if one not in self.subscribed_boundaries(mark)} or (
            now - mark.others - came - sitting - self.boundaries()
        ):
            return  # others have moved on meanwhile: the oracle never stood like that
        self.log.append(f"back to {mark.element}")
        self.at = bpmn.reopen(self.root, self.at.state, earlier, {}, self.host())
        self.note()
        self.game = copy.deepcopy(mark.game)
        self.went_back += 1
        self.compare()

    def boundaries(self) -> set[str]:
        """Subscriptions of boundary events: they come and go with what they sit on."""
        return {one.token_id for one in self.at.snapshot.subscriptions if one.element.kind == "boundaryEvent"}

    def subscribed_boundaries(self, mark: Mark) -> set[str]:
        then = bpmn.look(self.root, mark.state, self.host())
        return {one.token_id for one in then.subscriptions if one.element.kind == "boundaryEvent"}


def ids(snapshot: bpmn.Snapshot) -> list[str]:
    return [token for _, token in seen(snapshot)]


@pytest.mark.parametrize("batch", range(BATCHES))
def test_wherever_one_may_go_back_both_stand_and_play_on_alike(batch: int) -> None:
    counted: Counter[str] = Counter()
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        player = Undecided(generate(seed), Random(seed + 7))
        try:
            player.play()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}\n" + "\n".join(player.log)) from error
        counted.update(back=player.went_back, refused=player.refused)
    assert counted["back"] > BATCH / 2
    assert counted["refused"] > BATCH / 8
