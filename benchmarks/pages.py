"""``python -m benchmarks.pages``: what every page of the product costs with 100,000 open and 1,000,000 finished tasks,
and the inbox beside its cost with 1,000 open ones. The pages are those that the application knows, so that a new one is
measured by itself. Absolute times are this machine's at this moment; nothing is asserted.

``BENCH_POSTGRESQL=postgresql://…`` measures there instead (its schema ``public`` is dropped); ``BENCH_SMALL=1`` fills a
tenth; ``BENCH_KEEP=folder`` keeps the filled databases there and takes them again; ``BENCH_SKIP=/reports`` leaves out
pages whose address begins so. Work is the processor time of this process and, with PostgreSQL on this machine, of the
servers that answer it: other work beside does not count.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

import app
from benchmarks import besides, volume
from benchmarks.bench_env import percentile
from engine import database, deployments
from engine.crm.reports import registry
from engine.models import Base, Membership, Product, User, UserTask
from engine.web import create_web
from engine.web.rules import EMPLOYEE, PUBLIC, rule_of

ROOT = Path(__file__).resolve().parents[1]
SMALL = bool(os.environ.get("BENCH_SMALL"))
FULL = volume.Size(10_000, 100_000) if SMALL else volume.Size()
FEW = volume.Size(1_000, 1_000)
TURNS = 20
LIMIT = 150.0  # milliseconds of server time that no page needs
ROLES = ("manager", "head", "admin", "accountant", "marketer", "quality", "product_head", "director", "auditor",
         "lawyer")  # fmt: skip
LONG = "/tasks?tab=groups /tasks?tab=later /tasks?tab=overdue /tasks?tab=waiting /tasks?tab=done /tasks?q=Клиент+77 " \
    "/tasks?sort=due /deals?page=3 /clients?page=3 /clients?q=Клиент+77 /deals?q=Б-77 /instances?page=3 " \
    "/instances?status=completed /documents?page=3 /stalled?page=2 /start/choices/deal?deal=Клиент+77 " \
    "/start/choices/client?client=Клиент+77"  # fmt: skip
NOT_PAGES = ("static", "health.healthz", "ical.feed", "documents.file", "documents.attachment", "layouts.preview")
NARROW = "accountant"  # somebody who may work in nearly nothing: lists look for what he sees in another way
SAMPLES = {"version": 1, "office": "main", "stage": "contract", "kind": "deadlines", "key": volume.SALE}
OF_PAGE = {"people.group": "manager", "limits.show": "discount", "rulebook.deadline": "call_retry"}
FILES = {"xlsx", "csv", "pdf", "docx"}  # files hold all rows; no page


@dataclass
class Page:
    """One address as one role sees it."""

    path: str
    role: str
    instead: tuple[str, ...] = ()
    """Roles that may see the page too: they are asked in turn when this one may not see this row."""
    clock: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    status: int = 0

    def __str__(self) -> str:
        if self.status != 200:
            return f"{self.path[:50]:<52}{self.role:<10}{self.status:>9}"
        numbers = percentile(self.clock, 50), percentile(self.work, 50), percentile(self.work, 95)
        return f"{self.path[:50]:<52}{self.role:<10}" + "".join(f"{number:>9.1f}" for number in numbers)


def main() -> None:
    """Fill, walk, print."""
    keep = os.environ.get("BENCH_KEEP")
    with tempfile.TemporaryDirectory(prefix="reglament-pages-") as made:
        folder = Path(keep or made)
        for name, size, only in (("full", FULL, ""), ("few", FEW, "/tasks")):
            url = os.environ.get("BENCH_POSTGRESQL") or f"sqlite:///{folder / name}.db"
            begun = time.monotonic()
            if fill(url, folder / name, size):
                print(f"{name}: {size.open} open, {size.done} finished tasks in {time.monotonic() - begun:.0f} s")
            subprocess.run([sys.executable, "-m", "benchmarks.pages", url, str(folder / name), only], check=True)


def _environment(url: str, folder: Path) -> Any:
    env = app.create_environment(app.Config(folder, url, None))
    env.clock = lambda: volume.NOW
    return env


def fill(url: str, folder: Path, size: volume.Size) -> bool:
    """A company of this size, unless it is there."""
    if folder.exists() and os.environ.get("BENCH_KEEP"):
        return False
    folder.mkdir(parents=True, exist_ok=True)
    engine = database.connect(url, synchronous="OFF")
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    database.create_tables(engine)
    env = _environment(url, folder)
    volume.found(env, deployments.files_of(ROOT))
    env.sessions.kw["bind"].dispose()
    with Session(engine) as session:
        volume.fill(session, size)
        besides.fill(session, size)
        session.commit()
    if engine.dialect.name == "postgresql":  # as it does by itself in time
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()
    return True


def walk(url: str, folder: Path, only: str) -> None:
    """Every page, each as the first role that may see it and as the head of sales."""
    env = _environment(url, folder)
    web = create_web(env, {"TESTING": True, "SECRET_KEY": volume.PASSWORD})
    app.settle(env)
    with env.sessions() as session:
        people = _people(session)
        pages = list(_pages(web, session))
    begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    callers = {role: _signed_in(web, login) for role, login in people.items()}
    skipped = os.environ.get("BENCH_SKIP") or " "
    wanted = [page for page in pages if page.path.startswith(only or "/") and page.role in callers]
    wanted = [page for page in wanted if not page.path.startswith(skipped)]
    print(f"{'page':<52}{'as':<10}{'p50, ms':>9}{'cpu p50':>9}{'cpu p95':>9}")
    for page in wanted:
        for role in (page.role, *page.instead):
            if page.status != 200 and role in callers:
                page.role = role
                _measure(callers[role], page, _work(env))
        print(page, flush=True)
    slow = [page for page in wanted if page.status == 200 and percentile(page.work, 95) > LIMIT]
    print(f"more than {LIMIT:.0f} ms of this process's time at the 95th percentile:")
    for page in sorted(slow, key=lambda page: -percentile(page.work, 95)):
        print(page)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"memory: {begun // 1024} MB before, {peak // 1024} MB at most")


def _measure(caller: Any, page: Page, work: Callable[[], float]) -> None:
    for turn in range(TURNS + 1):
        begun, worked = time.perf_counter(), work()
        answer = caller.get(page.path)
        answer.get_data()
        page.status = answer.status_code
        if answer.status_code != 200:
            return
        if turn:  # templates and statements are compiled once
            page.clock.append(1000 * (time.perf_counter() - begun))
            page.work.append(1000 * (work() - worked))


def _work(env: Any) -> Callable[[], float]:
    """Seconds of processor time that this process has worked, and with PostgreSQL on this machine its servers too."""
    bind = env.sessions.kw["bind"]
    if bind.dialect.name != "postgresql":
        return time.process_time
    with bind.connect() as connection:
        asked = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        found = [Path(f"/proc/{row.pid}/schedstat") for row in connection.execute(asked)]
    servers = [one for one in found if one.exists()]
    return lambda: time.process_time() + sum(int(one.read_text().split()[0]) for one in servers) / 1e9


def _people(session: Session) -> dict[str, str]:
    """The first member of each role; of those whom the company was filled with, one manager and the head."""
    query = select(Membership.group_key, func.min(User.login)).join(User).group_by(Membership.group_key)
    found = {row[0]: row[1] for row in session.execute(query)}
    return {role: found[role] for role in (*ROLES, NARROW) if role in found} | {"manager": "b1", "head": "b0"}


def _signed_in(web: Any, login: str) -> Any:
    caller = web.test_client()
    token = caller.get("/signin").text.split('name="csrf_token" value="')[1].split('"')[0]
    caller.post("/signin", data={"login": login, "password": volume.PASSWORD, "csrf_token": token})
    return caller


def _pages(web: Any, session: Session) -> Iterator[Page]:
    for rule in sorted(web.url_map.iter_rules(), key=str):
        allowed = rule_of(web.view_functions[rule.endpoint]) or frozenset()
        if "GET" not in (rule.methods or ()) or rule.endpoint in NOT_PAGES:
            continue
        roles = [role for role in ROLES if allowed & {role, EMPLOYEE, PUBLIC}]
        others = [one for one in roles if one == "head" or (one == NARROW and not rule.arguments)]
        for path in _addresses(rule, session) if roles else ():
            yield Page(path, roles[0], tuple(one for one in roles[1:] if one not in others) if rule.arguments else ())
            yield from (Page(path, role) for role in others if role != roles[0])
    for path in LONG.split():
        yield Page(path, "head")


def _addresses(rule: Rule, session: Session) -> list[str]:
    """The rule with rows that exist put in; nothing where there is no such row, and for files."""
    if rule.endpoint in ("reports.show", "reports.file"):
        if rule.arguments == {"key"}:
            return [f"/reports/{key}" for key in registry.all_reports()]
        if rule.arguments != {"key", "case"}:
            return []
        return [f"/reports/{key}/{name}" for key, one in registry.all_reports().items() for name in one.cases]
    values: dict[str, Any] = {}
    for name in rule.arguments:
        value = OF_PAGE.get(rule.endpoint) or _sample(name, session)
        if value is None:
            return []
        values[name] = value
    built = rule.build(values)
    return [built[1]] if built else []


def _sample(name: str, session: Session) -> Any:
    if name in SAMPLES:
        return SAMPLES[name]
    if name == "task_id":
        return session.scalar(select(func.max(UserTask.id)).where(UserTask.rank.is_not(None)))
    if name == "product_id":
        return session.scalar(select(func.min(Product.id)))
    if name.endswith("_id"):
        noun = {"list": "price_list", "item": "knowledge_item", "user": "user_", "run": "import_run",
                "card": "loyalty_card", "file": "stored_file",
                "diagnosis": "diagnosis"}.get(name[:-3], name[:-3])  # fmt: skip
        table = next((one for one in Base.metadata.sorted_tables if one.name in (noun, f"process_{noun}")), None)
        return None if table is None else session.scalar(select(func.max(table.c.id)))
    return None


if __name__ == "__main__":
    walk(sys.argv[1], Path(sys.argv[2]), sys.argv[3]) if len(sys.argv) > 3 else main()
