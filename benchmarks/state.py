"""What one step of the adapter alone costs, without database: ms and bytes for the sale and for a loop at any age.

python -m benchmarks.state [rounds ...]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from benchmarks import models
from engine import bpmn
from engine.bpmn import gate
from engine.bpmn.types import Advance, Host, Procedure

SALES = 60


def host() -> Host:
    """A world without a database."""
    now = datetime(2030, 1, 15, 12, tzinfo=UTC)
    return Host(
        now=now, procedure=lambda key: {}[key], decide=lambda *_: None, due=lambda _, at: at + timedelta(days=7)
    )


def timed(step: Callable[[], Advance]) -> tuple[Advance, float]:
    """A step and its milliseconds."""
    before = time.perf_counter()
    advance = step()
    return advance, 1000 * (time.perf_counter() - before)


def sale(of: Procedure, number: int) -> tuple[list[float], list[int]]:
    """One sale: ms and bytes of each completion."""
    world, times, sizes = host(), [], []
    advance = bpmn.start(of, {}, world)
    for name, nth in models.steps():
        token = next(task.token_id for task in advance.snapshot.tasks if task.element.id == name)
        state, data = advance.state, models.filled(name, nth, number)
        advance, spent = timed(lambda state=state, token=token, data=data: bpmn.complete(of, state, token, data, world))
        times.append(spent)
        sizes.append(len(advance.state))
    assert advance.snapshot.completed
    return times, sizes


def main(rounds: list[int]) -> None:
    """Print the table."""
    (of,) = gate.read("sale.bpmn", models.sale().xml(feel=True))
    sale(of, 0)
    runs = [sale(of, number) for number in range(SALES)]
    times, sizes = sorted(spent for one, _ in runs for spent in one), runs[0][1]
    print(
        f"sale, {len(sizes)} completions: median {statistics.median(times):.2f} ms, "
        f"p95 {times[len(times) * 95 // 100]:.2f} ms, {sum(sizes)} bytes written, largest {max(sizes)}"
    )
    (of,) = gate.read("loop.bpmn", models.loop().xml(feel=True))
    world, last = host(), []
    advance = bpmn.start(of, {}, world)
    for n in range(1, max(rounds) + 1):
        token, state = advance.snapshot.tasks[0].token_id, advance.state
        data = models.filled_loop(n - 1, max(rounds) + 1)
        advance, spent = timed(lambda state=state, token=token, data=data: bpmn.complete(of, state, token, data, world))
        last.append(spent)
        if n in rounds:
            print(
                f"loop, round {n:5d}: median of the last 10 {statistics.median(last[-10:]):.2f} ms, {len(state)} bytes"
            )


if __name__ == "__main__":
    main([int(item) for item in sys.argv[1:]] or [10, 100, 1000, 5000])
