"""The token game: BPMN's rules on a graph, in memory, with nothing of the engine.

A token's data is the history of the writes it knows, numbered in the order in which they were made. Branches that meet
put their histories together; so a branch that did not write a variable cannot undo what another wrote, and of two
writes the later one counts. Writing what is there already is no write.
"""
from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests.engine.oracle.model import ACTIVITIES, KEY, Node, Trigger
from tests.engine.oracle.tokens import Area, Open, Token, text, values
from tests.engine.oracle.working import Working


class Game(Working):
    """One instance of a model."""

    # --- what is open -----------------------------------------------------------------------------------------------

    def open(self) -> list[Open]:
        """Everything that waits for a move."""
        return [self._open(token) for token in self._waiting(self.root)] if self.result is None else []

    def _waiting(self, area: Area) -> Iterator[Token]:
        for token in [*area.armed, *area.tokens]:
            yield from self._within(token)

    def _within(self, token: Token) -> Iterator[Token]:
        if token.wait in ("task", "service", "timer", "message", "signal"):
            yield token
        yield from token.sitting
        for inner in token.rounds:
            yield from self._within(inner)
        if token.inside is not None:
            yield from self._waiting(token.inside)

    def _open(self, token: Token) -> Open:
        node = token.node.body.start() if token.node.kind == "eventsub" and token.node.body else token.node
        detail = ""
        if token.wait == "timer":
            detail = str(token.due)
        elif token.wait in ("message", "signal"):
            assert node.trigger is not None
            key = token.seen[KEY] if token.wait == "message" else None
            detail = f"{node.trigger.name}/{key}"
        shown = token.seen if token.wait in ("task", "service") else {}
        return Open(token.wait, node.id, token.area.path, token.area.process, detail, text(shown), token)

    # --- moves ------------------------------------------------------------------------------------------------------

    def complete(self, item: Open, value: int) -> dict[str, Any]:
        """Finish a task or service task; returns what is to be written there."""
        token = item.token
        produced = {f"v_{token.node.id}": value}
        if token.node.mapped:
            token.log = self._written(token.log, {f"o_{token.node.id}": value})
        else:
            token.log = self._written(token.log, produced)
        self._done(token)
        self._run()
        return produced

    def happen(self, item: Open, value: int) -> dict[str, Any]:
        """A timer goes off, a message or signal arrives; returns the payload."""
        token = item.token
        payload = {} if token.wait == "timer" else {f"m_{item.element}": value}
        self._trigger(token, payload)
        self._run()
        return payload

    def fail(self, item: Open, code: str) -> None:
        """The action of a service task reports an error."""
        self._climb(item.token, Trigger("error", code))
        self._run()

    # --- the rules --------------------------------------------------------------------------------------------------

    def _execute(self, token: Token) -> None:
        kind = token.node.kind
        if kind in ACTIVITIES:
            self._sit(token)
            if token.node.repeat is not None:
                self._repeat(token, token.node.repeat)
            else:
                self._perform(token)
        elif kind == "catch":
            assert token.node.trigger is not None
            self._arm(token, token.node.trigger)
        elif kind == "and":
            self._parallel(token)
        elif kind == "or" and len(token.area.graph.entering(token.node.id)) > 1:
            token.wait = "join"
        elif kind in ("throw", "end") and token.node.trigger is not None:
            self._throw(token, token.node.trigger)
        else:
            self._leave(token)

    def _trigger(self, token: Token, payload: dict[str, Any]) -> None:
        node = token.node
        if node.kind == "eventsub":
            self._begin_event_sub(token.area, node, payload, token)
        elif token.sits is not None:
            self._go_off(node, token.sits, payload)
            self._again(token, token.sits.sitting, node.interrupting)
        else:
            token.log = self._written(token.log, payload)
            if node.kind == "catch":
                token.wait = ""
                if token.race is not None:
                    self._win(token)
                self._leave(token)
            else:
                self._done(token)

    def _again(self, token: Token, standing: list[Token], interrupting: bool) -> None:
        """What interrupts nothing may happen again, a timer only as often as its cycle says."""
        trigger = token.node.trigger
        if token.node.kind == "eventsub" and token.node.body is not None:
            trigger = token.node.body.start().trigger
        if interrupting or trigger is None or trigger.kind != "timer":
            return
        token.left -= 1
        if token.left > 0 and token.due is not None:
            token.due += timedelta(minutes=trigger.minutes)
        elif token in standing:
            standing.remove(token)

    def _go_off(self, event: Node, activity: Token, payload: dict[str, Any]) -> None:
        area = activity.area
        log = self._written(self._outlook(activity), payload)
        if event.interrupting:
            self._withdraw(activity)
        self._arrive(area, event, log, "")

    def _begin_event_sub(self, area: Area, node: Node, payload: dict[str, Any], armed: Token | None) -> None:
        assert node.body is not None
        start = node.body.start()
        log = self._view(area)
        if start.interrupting:
            for other in [*area.tokens, *area.armed]:
                self._withdraw(other)
            area.tokens, area.armed, area.ended = [], [], {}
        elif armed is not None:
            self._again(armed, area.armed, False)
        token = Token(node, area, self._written(log, payload))
        area.tokens.append(token)
        self._open_inside(token)

    def _throw(self, token: Token, trigger: Trigger) -> None:
        area = token.area
        if trigger.kind == "terminate":
            token.alive = False
            area.tokens.remove(token)
            self._finish(area, area.ended | token.log)
            return
        if trigger.kind == "signal":
            for found in [item for item in self._waiting(self.root) if self._hears(item, trigger)]:
                if found.wait == "signal":
                    self._trigger(found, {})
        elif trigger.kind in ("error", "escalation"):
            self._climb(token, trigger)
        if token.alive:
            self._leave(token)

    @staticmethod
    def _hears(token: Token, trigger: Trigger) -> bool:
        body = token.node.body
        own = body.start().trigger if token.node.kind == "eventsub" and body is not None else token.node.trigger
        return token.wait == "signal" and own is not None and own.name == trigger.name

    def _climb(self, token: Token, thrown: Trigger) -> None:
        """Errors and escalations go outwards until something catches them."""
        at: Token | None = token
        while at is not None:
            at = at.loop or at
            for event in at.area.graph.boundaries(at.node.id):
                if _catches(event.trigger, thrown):
                    self._go_off(event, at, {})
                    return
            for node in at.area.graph.event_subs():
                if node is not at.node and node.body and _catches(node.body.start().trigger, thrown):
                    self._begin_event_sub(at.area, node, {}, None)
                    return
            at = at.area.owner
        if thrown.kind == "error":
            self.result = values(self._view(self.root))


def _catches(trigger: Trigger | None, thrown: Trigger) -> bool:
    return trigger is not None and trigger.kind == thrown.kind and trigger.name == thrown.name
