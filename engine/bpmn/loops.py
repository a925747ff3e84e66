"""Activities that run several times: for each item of a collection, side by side or one after another, or in a loop.

The visit of the loop holds the boundary events and the count; every round is a visit of the body below it.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins import (
    ParallelMultiInstanceTaskMixin,
    SequentialMultiInstanceTaskMixin,
    StandardLoopTaskMixin,
)
from SpiffWorkflow.util.task import TaskState as State

from engine.bpmn.evaluation import LOCAL, visible
from engine.bpmn.known import Known
from engine.bpmn.nodes import Node, engine_of, label
from engine.bpmn.nodes_activities import WRITES, Activity
from engine.bpmn.scopes import ScopeSpec, Visit
from engine.bpmn.types import Element
from engine.errors import Failed, text

LEFT, OPEN, COUNT, MADE, DATA = "left", "open", "count", "made", "data"
INDEX = "index"
MOST_ROUNDS = 10_000


def gathered(task: Visit) -> Known:
    """What the ended rounds of a loop wrote."""
    return Known(task.internal_data.get(DATA, {}), task.internal_data.get(WRITES, {}))


class Loop(Activity):
    """What all loops have in common. ``body``: what is run each time."""

    maps_itself = False  # the mappings are those of each round

    def __init__(self, spec: ScopeSpec, name: str, drawn: Element, body: Activity) -> None:
        Node.__init__(self, spec, name, drawn)
        self.body = body
        body.loop, body.is_round = self, True

    def begin_round(self, task: Visit, index: int, local: Mapping[str, Any]) -> None:
        """Start one round; ``loopCounter`` counts from 1."""
        child = task._add_child(self.body)
        child.known = task.known
        child.internal_data = {INDEX: index, LOCAL: {**local, "loopCounter": index + 1}}
        child._ready()

    def rounds(self, task: Visit) -> list[Visit]:
        """Rounds that run."""
        return [child for child in task.children if child is not None and child.alive]

    def gather(self, child: Visit) -> None:
        """A round is over."""
        raise NotImplementedError

    def outlook(self, task: Visit) -> Known:
        """What ended rounds wrote, and running ones so far."""
        known = task.known.later(gathered(task))
        for child in self.rounds(task):
            known = known.later(child.node.outlook(child))
        return known

    def settle(self, task: Visit, produced: Mapping[str, Any]) -> None:
        """What the rounds wrote comes out as they wrote it; what the loop itself made is its own write."""
        task.adopt(gathered(task))
        task.write(produced)

    def keep(self, task: Visit, child: Visit) -> None:
        """What an ended round wrote; of two rounds that wrote one variable the later counts."""
        kept = gathered(task).later(child.known)
        task.internal_data |= {DATA: kept.values, WRITES: kept.writes}

    def withdraw(self, task: Visit, entered: bool) -> None:
        """Cancelled with its rounds."""
        for child in self.rounds(task):
            child.cancel()
        super().withdraw(task, entered)


@dataclass(frozen=True)
class Each:
    """How a multi-instance activity goes through its collection."""

    collection: str | None
    item: str | None
    cardinality: str | None
    output: str | None
    output_item: str | None
    until: str | None


class MultiInstance(Loop):
    """Once for each item. With an output collection only that comes out, else what each round changed."""

    sequential = False

    def __init__(self, spec: ScopeSpec, name: str, drawn: Element, body: Activity, each: Each) -> None:
        super().__init__(spec, name, drawn, body)
        self.each = each

    def perform(self, task: Visit) -> bool | None:
        """Begin the rounds; an empty collection needs none."""
        items = self._items(task)
        made = [None] * len(items) if self.each.output else []
        state = {LEFT: [], OPEN: len(items), COUNT: len(items), MADE: made}
        if not items:
            self.settle(task, self._outcome(state))
            return True
        task.internal_data.update(state)
        task.rest()
        if self.sequential:
            task.internal_data |= {LEFT: items[1:], OPEN: 1}
            self._round(task, 0, items[0])
        else:
            for index, item in enumerate(items):
                self._round(task, index, item)
        return None

    def gather(self, child: Visit) -> None:
        """Keep what the round made; go on, or end when all are done or enough is."""
        task = child.parent
        state, engine = task.internal_data, engine_of(child)
        names = visible(child)
        made = state[MADE]
        if self.each.output and self.each.output_item:
            made = [*made]
            made[child.internal_data[INDEX]] = engine.feel(self.each.output_item, names)
        left, running = state[LEFT], state[OPEN] - 1
        enough = self.each.until is not None and engine.holds(
            self.each.until, self._counts(names, state, made, running, len(left))
        )
        state |= {MADE: made, OPEN: running}
        if not self._collects:
            self.keep(task, child)
        if enough:
            for other in self.rounds(task):
                other.cancel()
        elif left:
            state |= {LEFT: left[1:], OPEN: 1}
            self._round(task, state[COUNT] - len(left), left[0])
            return
        elif running:
            return
        self.conclude(task, self._outcome(state))

    def outlook(self, task: Visit) -> Known:
        """With an output collection nothing else comes out."""
        return task.known if self._collects else super().outlook(task)

    @property
    def _collects(self) -> bool:
        """Whether the rounds give nothing but the output collection."""
        return self.each.output is not None and not self.drawn.settings.outputs

    def _outcome(self, state: Mapping[str, Any]) -> dict[str, Any]:
        return {self.each.output: list(state[MADE])} if self.each.output else {}

    def _counts(
        self, names: dict[str, Any], state: Mapping[str, Any], made: list[Any], running: int, left: int
    ) -> dict[str, Any]:
        done = state[COUNT] - running - left
        found = {
            **names,
            "numberOfInstances": state[COUNT],
            "numberOfActiveInstances": running,
            "numberOfCompletedInstances": done,
            "numberOfTerminatedInstances": 0,
        }
        if self.each.output:
            found[self.each.output] = made
        return found

    def _round(self, task: Visit, index: int, item: Any) -> None:
        self.begin_round(task, index, {self.each.item: item} if self.each.item else {})

    def _items(self, task: Visit) -> list[Any]:
        engine, names = engine_of(task), visible(task)
        if self.each.collection is not None:
            found = engine.feel(self.each.collection, names)
            if not isinstance(found, list):
                raise Failed(text("«{element}» runs for each item of a list, but {collection} gives {value}",
                                  element=label(self), collection=self.each.collection, value=found))  # fmt: skip
            items = found
        else:
            count = engine.feel(self.each.cardinality or "0", names)
            if isinstance(count, bool) or not isinstance(count, (int, Decimal)) or count != int(count) or count < 0:
                raise Failed(text("«{element}» runs a number of times, but {cardinality} gives {value}",
                                  element=label(self), cardinality=self.each.cardinality, value=count))  # fmt: skip
            items = list(range(1, min(int(count), MOST_ROUNDS + 1) + 1))
        if len(items) > MOST_ROUNDS:
            raise Failed(text("«{element}» would run more than {limit} times", element=label(self), limit=MOST_ROUNDS))
        return items


class ParallelInstances(MultiInstance, ParallelMultiInstanceTaskMixin):  # type: ignore[misc]  # untyped base
    """All rounds side by side."""


class SequentialInstances(MultiInstance, SequentialMultiInstanceTaskMixin):  # type: ignore[misc]  # untyped base
    """One round after another."""

    sequential = True


class StandardLoop(Loop, StandardLoopTaskMixin):  # type: ignore[misc]  # untyped base
    """Again while the condition holds, at most ``most`` times; each round goes on with the data of the one before."""

    def __init__(
        self, spec: ScopeSpec, name: str, drawn: Element, body: Activity,
        condition: str | None, most: str | None, test_before: bool,
    ) -> None:  # fmt: skip
        super().__init__(spec, name, drawn, body)
        self.condition, self.maximum, self.test_before = condition, most, test_before

    def perform(self, task: Visit) -> bool | None:
        """Begin the first round, if any."""
        if self.test_before and not self._again(task, 0, task.data):
            return True
        task.rest()
        self.begin_round(task, 0, {})
        return None

    def gather(self, child: Visit) -> None:
        """Another round, or the end."""
        task, index = child.parent, child.internal_data[INDEX] + 1
        again = self._again(task, index, child.data)
        if not again:
            self.keep(task, child)
            self.conclude(task, {})
            return
        following = task._add_child(self.body, State.FUTURE)
        following.known = child.known
        following.internal_data = {INDEX: index, LOCAL: {"loopCounter": index + 1}}
        following._ready()

    def _again(self, task: Visit, done: int, data: Mapping[str, Any]) -> bool:
        engine, names = engine_of(task), {**data, "loopCounter": done}
        if done >= MOST_ROUNDS:
            raise Failed(text("«{element}» would run more than {limit} times", element=label(self), limit=MOST_ROUNDS))
        if self.maximum is not None and done >= int(engine.feel(self.maximum, names)):
            return False
        return self.condition is None or engine.holds(self.condition, names)
