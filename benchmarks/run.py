"""``make bench``: what a completion, a timer and an inbox cost here and now, beside bare SpiffWorkflow in the same run.

Absolute times are this machine's at this moment; only the ratios mean something elsewhere. Nothing is asserted.
``BENCH_POSTGRESQL=postgresql://…`` adds PostgreSQL (its schema ``public`` is dropped); ``BENCH_SMALL=1`` is quicker.
"""
from __future__ import annotations

import gc
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert, text

from benchmarks import models
from benchmarks.baseline import TIMER_PASSES, Bare, lift_depth
from benchmarks.bench_env import Product, percentile, timed
from engine import jobs
from engine.assignment import NEVER, NORMAL, rank
from engine.models import UserTask, table_of
from engine.queries import inbox

SMALL = bool(os.environ.get("BENCH_SMALL"))
SALES = 15 if SMALL else 100
LOOPS = (10, 100, 500) if SMALL else (10, 100, 500, 1000, 5000)
IN_TURN = 60  # measured rounds of each
BARE_LOOPS = 200 if SMALL else 500
TIMERS = 100 if SMALL else 500
OPEN = (5_000, 20_000) if SMALL else (5_000, 100_000)  # from 5,000 on, the page of fifty is full


def main() -> None:
    """Measure everything, print one table."""
    lift_depth()
    print(f"{'workload':<34} {'this product':>22} {'bare SpiffWorkflow':>22} {'ratio':>8}")
    with tempfile.TemporaryDirectory(prefix="reglament-bench-") as folder:
        for measure in (sale(Path(folder)), loop(Path(folder)), timers(Path(folder)), many(Path(folder))):
            for name, ours, theirs, ratio in measure:
                print(f"{name:<34} {ours:>22} {theirs:>22} {ratio:>8}", flush=True)


Row = tuple[str, str, str, str]


def sale(folder: Path) -> Iterator[Row]:
    """16 completions per sale, in turn with the baseline; the first of each is not counted."""
    for synchronous in ("NORMAL", "FULL"):
        product = Product(f"sqlite:///{folder}/sale-{synchronous}.db", synchronous)
        bare = Bare(f"{folder}/bare-{synchronous}.db", synchronous)
        yield from _sale(f"sale, SQLite {synchronous}", product, bare)
    if url := os.environ.get("BENCH_POSTGRESQL"):
        yield from _sale("sale, PostgreSQL", Product(url), Bare(url))


def _sale(name: str, product: Product, bare: Bare) -> Iterator[Row]:
    ours: list[float] = []
    theirs: list[float] = []
    for k in range(SALES + 2):
        if k == 2:
            ours.clear()
            theirs.clear()
            gc.collect()
            begun = product.size(), bare.size()
        _one_sale_bare(bare, k, theirs)
        _one_sale(product, k, ours)
    for share in (50, 95):
        a, b = percentile(ours, share), percentile(theirs, share)
        yield f"{name}, p{share}", f"{a:.2f} ms", f"{b:.2f} ms", f"{a / b:.2f}"
    rates = 1000 * len(ours) / sum(ours), 1000 * len(theirs) / sum(theirs)
    yield f"{name}, one after another", f"{rates[0]:.0f}/s", f"{rates[1]:.0f}/s", f"{rates[0] / rates[1]:.2f}"
    sizes = (product.size() - begun[0]) / SALES / 1024, (bare.size() - begun[1]) / SALES / 1024
    yield f"{name}, per finished sale", f"{sizes[0]:.1f} KiB", f"{sizes[1]:.1f} KiB", f"{sizes[0] / sizes[1]:.2f}"


def _one_sale(product: Product, k: int, latencies: list[float]) -> None:
    instance_id = product.start("sale")
    for task, nth in models.steps():
        task_id = product.task(instance_id, task)
        timed(latencies, product.complete, task_id, models.filled(task, nth, k))


def _one_sale_bare(bare: Bare, k: int, latencies: list[float]) -> None:
    instance_id = bare.start(models.sale())
    for task, nth in models.steps():
        timed(latencies, bare.complete, instance_id, task, models.filled(task, nth, k))


def loop(folder: Path) -> Iterator[Row]:
    """One user task, again and again: instances are brought to their N-th round, then measured in turn, so that a busy
    moment of the machine meets all of them."""
    product, bare = Product(f"sqlite:///{folder}/loop.db"), Bare(f"{folder}/loop-bare.db")
    data = {"n": LOOPS[-1] + 1000} | models.case_data(0)
    ids = {mark: product.start("loop", **data) for mark in LOOPS}
    for mark, instance_id in ids.items():
        for k in range(mark - 10):
            product.complete(product.task(instance_id, "step"), models.filled_loop(k))
    latencies: dict[int, list[float]] = {mark: [] for mark in LOOPS}
    for k in range(IN_TURN):
        for mark, instance_id in ids.items():
            timed(latencies[mark], product.complete, product.task(instance_id, "step"), models.filled_loop(k))
    bare_id, theirs = bare.start(models.loop(), **data), list[float]()
    for k in range(BARE_LOOPS):
        timed(theirs, bare.complete, bare_id, "step", models.filled_loop(k))
    first = percentile(latencies[LOOPS[0]], 50)
    for mark in LOOPS:
        a = percentile(latencies[mark], 50)
        b = percentile(theirs[mark - 10 : mark], 50) if mark <= len(theirs) else None
        shown = (f"{b:.2f} ms", f"{a / b:.2f}") if b is not None else ("-", "")
        yield f"loop, round {mark}", f"{a:.2f} ms ({a / first:.2f} x first)", *shown


def timers(folder: Path) -> Iterator[Row]:
    """Boundary timers that are all due at once, one worker."""
    product, bare = Product(f"sqlite:///{folder}/timers.db"), Bare(f"{folder}/timers-bare.db")
    ids = [bare.start(models.timer()) for _ in range(TIMERS)]
    for _ in range(TIMERS):
        product.start("timer")
    time.sleep(TIMER_PASSES.total_seconds())
    begun = time.perf_counter()
    for instance_id in ids:
        bare.fire(instance_id)
    theirs = TIMERS / (time.perf_counter() - begun)
    product.clock.ahead += timedelta(seconds=2)
    fired, begun = 0, time.perf_counter()
    while done := jobs.run_due(product.env):
        fired += done
    ours = fired / (time.perf_counter() - begun)
    with product.env.sessions() as session:
        late = sorted(session.execute(text("SELECT lateness FROM job WHERE kind = 'timer'")).scalars())
    yield f"timers, {fired} due at once", f"{ours:.0f}/s", f"{theirs:.0f}/s", f"{ours / theirs:.2f}"
    yield "timers, lateness p95 (2 s given)", f"{late[round(len(late) * 0.95) - 1]:.2f} s", "-", ""


def many(folder: Path) -> Iterator[Row]:
    """The first page of one person's inbox while more and more tasks are open for a hundred people."""
    product = Product(f"sqlite:///{folder}/many.db")
    instance_id, first, there = product.start("loop", n=10), 0.0, 0
    for number in OPEN:
        _open_tasks(product, instance_id, there, number)
        there = number
        latencies: list[float] = []
        for _ in range(60):
            with product.env.sessions() as session:
                timed(latencies, lambda s=session: inbox.tasks(s, product.worker, product.clock(), "mine"))
        now = percentile(latencies[10:], 50)
        first = first or now
        yield f"inbox, {number:,} open tasks, p50", f"{now:.2f} ms ({now / first:.2f} x first)", "-", ""


def _open_tasks(product: Product, instance_id: int, there: int, number: int) -> None:
    template = {
        "instance_id": instance_id, "process_key": "loop", "element_id": "step", "path": "", "name": "step",
        "status": "claimed", "priority": NORMAL, "round": 1, "settings": {}, "created_at": product.clock(),
        "revision": 1,
    }  # fmt: skip
    people = _people(product)
    rows = [
        template | {"token_id": f"t{n}", "assignee_id": people[n % 100], "rank": rank(NORMAL, None) - NEVER + n}
        for n in range(there, number)
    ]
    with product.engine.connect().execution_options(write=True) as connection, connection.begin():
        connection.execute(insert(table_of(UserTask)), rows)
        connection.execute(text("ANALYZE"))


def _people(product: Product) -> list[int]:
    columns = "login, last, first, gender, position, email, locale, password_hash, active, failed_logins"
    with product.engine.connect().execution_options(write=True) as connection, connection.begin():
        for n in range(99):
            connection.execute(text(
                f"INSERT INTO user_ ({columns}) SELECT 'u{n}', 'L', 'F', 'm', '', 'e', 'ru', '', true, 0 "
                f"WHERE NOT EXISTS (SELECT 1 FROM user_ WHERE login = 'u{n}')"
            ))  # fmt: skip
        return [row[0] for row in connection.execute(text("SELECT id FROM user_ ORDER BY id"))]


if __name__ == "__main__":
    main()
