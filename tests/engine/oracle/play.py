"""The same moves on the oracle and on the engine, compared after each."""
from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from engine import bpmn
from engine.bpmn import gate
from engine.bpmn.types import Advance, Host, Procedure, Snapshot
from tests.engine.oracle.game import Game
from tests.engine.oracle.generate import BLOCKS, generate
from tests.engine.oracle.model import KEY, Model
from tests.engine.oracle.tokens import Open, text

BEGIN = datetime(2026, 3, 2, 6, tzinfo=UTC)
MAX_STEPS = 40


class Disagreement(AssertionError):
    """The engine and the oracle see different things."""


@dataclass
class Player:
    """One model on both sides. The engine's state goes through its bytes at every step."""

    model: Model
    random: Random

    def __post_init__(self) -> None:
        self.now = BEGIN
        self.log: list[str] = []
        self.procedures: dict[str, Procedure] = {found.key: found for found in gate.read("x.bpmn", self.model.xml())}
        given = {KEY: "k"} | {name: self.random.randrange(6) for name in self.model.variables()}
        self.game = Game(self.model, self.now, given)
        self.root = self.procedures[self.model.root]
        self.at = bpmn.start(self.root, given, self.host())
        self.number = 100

    def host(self) -> Host:
        return Host(now=self.now, procedure=self.procedures.__getitem__, decide=lambda *_: None, due=due)

    def play(self) -> int:
        """Play until the end or long enough; returns the number of steps. Raises Disagreement."""
        self.compare()
        for step in range(MAX_STEPS):
            moves = self.moves()
            if not moves:
                return step
            self.move(self.random.choice(moves))
            self.compare()
        return MAX_STEPS

    def moves(self) -> list[Open]:
        """What is open and can be told apart from everything else that is open."""
        found = self.game.open()
        alike = Counter(item.key for item in found)
        return [item for item in found if alike[item.key] == 1]

    def pass_time(self) -> None:
        self.now += timedelta(minutes=self.random.choice((0, 1, 7)))

    def move(self, item: Open) -> None:
        self.pass_time()
        self.game.now = self.now
        self.number += self.random.choice((1, 1, 2, 3))
        token = self.token_of(item)
        self.log.append(f"{item.kind} {item.path}/{item.element} {item.detail} {self.number}")
        state, host = self.at.state, self.host()
        errors = [event for event in item.token.area.graph.boundaries(item.element)
                  if event.trigger is not None and event.trigger.kind == "error"]  # fmt: skip
        if item.kind == "service" and errors and self.random.random() < 0.5:
            code = errors[0].trigger.name if errors[0].trigger else ""
            self.game.fail(item, code)
            self.at = bpmn.throw_error(self.root, state, token, code, "failed", host)
        elif item.kind in ("task", "service"):
            finish = bpmn.complete if item.kind == "task" else bpmn.finish_service
            self.game.complete(item, self.number)
            self.at = finish(self.root, state, token, {f"v_{item.element}": self.number}, host)
        else:
            payload = self.game.happen(item, self.number)
            if item.kind == "timer":
                self.at = bpmn.fire_timer(self.root, state, token, host)
            else:
                self.at = bpmn.deliver(self.root, state, token, payload, host)

    def token_of(self, item: Open) -> str:
        """The engine's token for something the oracle sees."""
        return next(token for key, token in seen(self.at.snapshot) if key == item.key)

    def compare(self) -> None:
        ours = Counter(key for key, _ in seen(self.at.snapshot))
        theirs = Counter(item.key for item in self.game.open())
        if ours != theirs:
            raise Disagreement(_difference(ours, theirs))
        done = self.game.result is not None
        if self.at.snapshot.completed is not done:
            raise Disagreement(f"completed: engine {self.at.snapshot.completed}, oracle {done}")
        if self.game.result is not None and text(dict(self.at.snapshot.result)) != text(self.game.result):
            raise Disagreement(f"result: engine {text(dict(self.at.snapshot.result))}, oracle {text(self.game.result)}")
        again = Counter(key for key, _ in seen(bpmn.look(self.root, self.at.state, self.host())))
        if again != ours:
            raise Disagreement("after loading again: " + _difference(again, ours))


def due(value: Any, start: datetime) -> datetime:
    """Moments as the oracle counts them: whole minutes."""
    if isinstance(value, timedelta):
        return start + value
    return start + timedelta(minutes=int(str(value).removeprefix("PT").removesuffix("M")))


def seen(snapshot: Snapshot) -> list[tuple[tuple[str, ...], str]]:
    """What the engine has open, in the oracle's words, with its token ids."""
    found = []
    for kind, tokens in (("task", snapshot.tasks), ("service", snapshot.services), ("timer", snapshot.timers)):
        for token in tokens:
            detail = str(getattr(token, "due_at", ""))
            shown = text({} if kind == "timer" else dict(token.variables))
            found.append(((kind, token.element.id, token.path, token.process_key, detail, shown), token.token_id))
    for token in snapshot.subscriptions:
        detail = f"{token.name}/{token.correlation_key}"
        found.append(((token.kind, token.element.id, token.path, token.process_key, detail, text({})), token.token_id))
    return found


def _difference(ours: Counter[tuple[str, ...]], theirs: Counter[tuple[str, ...]]) -> str:
    engine, oracle = sorted((ours - theirs).elements()), sorted((theirs - ours).elements())
    if len(engine) == len(oracle) == 1 and engine[0][:5] == oracle[0][:5]:
        mine, other = (set(found[0][5][1:-1].split(", ")) for found in (engine, oracle))
        engine, oracle = [(*engine[0][:5], *sorted(mine - other))], [(*oracle[0][:5], *sorted(other - mine))]
    return f"only the engine: {engine}, only the oracle: {oracle}"


@dataclass(frozen=True)
class Outcome:
    """``problem`` is empty when both agreed; else ``file`` holds the model and the moves."""

    seed: int
    steps: int
    problem: str = ""
    file: str = ""


def play(seed: int, blocks: tuple[str, ...] = BLOCKS) -> Outcome:
    """Generate and play the model of a seed."""
    model = generate(seed, blocks)
    player: Player | None = None
    try:
        player = Player(model, Random(seed + 1))
        return Outcome(seed, player.play())
    except Exception as error:
        faults = "; ".join(f"{fault.code} {fault.element_id}" for fault in getattr(error, "faults", ()))
        log = [] if player is None else player.log
        problem = f"{type(error).__name__}: {error} {faults}"
        return Outcome(seed, len(log), problem, _dump(seed, model, log, problem))


def _dump(seed: int, model: Model, log: list[str], problem: str) -> str:
    path = Path(tempfile.gettempdir()) / f"oracle-{seed}.bpmn"
    story = "\n".join([*log, problem]).replace("--", "- -")
    path.write_bytes(model.xml() + f"\n<!--\n{story}\n-->\n".encode())
    return str(path)


__all__ = ["Advance", "Disagreement", "Outcome", "play"]
