"""What every test may ask for: a cast of people, a clock that stands still until it is moved, a database of its own.

Tests that take ``env`` or ``case`` run on SQLite; with ``--postgresql`` (or TEST_DATABASE_URL set) those of the engine
run on PostgreSQL too, on a server that is started for them if none is given.
"""
from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from glob import glob
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Engine, text

from engine import database
from engine.calendar import calendars
from engine.environment import Environment
from engine.models import Base
from tests.case import Case, Clock
from tests.cast import fill

ROOT = Path(__file__).resolve().parents[1]
MONDAY = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)  # 12:00 in Moscow, a working day
BINARIES = max(glob("/usr/lib/postgresql/*/bin"), default="/usr/local/bin")
BUILT = ROOT / "engine" / "web" / "static" / "dist" / "manifest.json"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-quic",
]  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome")


LONGEST = ("tests/pages/test_every_page.py", "tests/stories/", "tests/browser/", "tests/pages/")  # minutes a file


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first: of two workers neither is left with a long one when the other has nothing to do."""
    last = len(LONGEST)
    items.sort(key=lambda item: next((at for at, path in enumerate(LONGEST) if item.nodeid.startswith(path)), last))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-postgresql", action="store_true", help="leave out the runs on PostgreSQL")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        of_engine = Path(str(metafunc.definition.path)).parent.name in {"engine", "crm"}
        of_engine = of_engine and not getattr(metafunc.module, "ONE_DATABASE", False)
        both = of_engine and not metafunc.config.getoption("--no-postgresql")
        backends = ["sqlite", "postgresql"] if both else ["sqlite"]
        metafunc.parametrize("backend", backends, scope="session", indirect=True)


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL of a server whose databases may be dropped: TEST_DATABASE_URL, or one of our own on a socket."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    if not Path(BINARIES, "initdb").exists():
        reason = "PostgreSQL is not installed"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    folder = tempfile.mkdtemp(prefix="reglament-pg-")
    as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    if as_postgres:
        shutil.chown(folder, "postgres", "postgres")
    data = f"{folder}/data"
    subprocess.run([*as_postgres, f"{BINARIES}/initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                    "--locale=C.UTF-8"], check=True, capture_output=True)  # fmt: skip
    settings = f"-k {folder} -c listen_addresses='' -c fsync=off -c full_page_writes=off -c max_connections=50"
    subprocess.run([*as_postgres, f"{BINARIES}/pg_ctl", "-D", data, "-w", "-o", settings, "-l", f"{folder}/log",
                    "start"], check=True, capture_output=True)  # fmt: skip
    try:
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        subprocess.run([*as_postgres, f"{BINARIES}/pg_ctl", "-D", data, "-m", "immediate", "stop"],
                       check=False, capture_output=True)  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_engine(postgresql: str) -> Iterator[Engine]:
    """A connection to the server with all tables made; tests empty them and start over."""
    made = database.connect(postgresql)
    with made.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.create_tables(made)
    yield made
    made.dispose()


@pytest.fixture
def database_url(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """An empty database with all tables and triggers."""
    if backend == "sqlite":
        url = f"sqlite:///{tmp_path / 'reglament.db'}"
        made = database.connect(url, synchronous="OFF")
        database.create_tables(made)
        made.dispose()
        return url
    server: Engine = request.getfixturevalue("postgresql_engine")
    tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
    with server.begin() as connection:  # the log refuses to be emptied, except by who may switch its triggers off
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    return server.url.render_as_string(hide_password=False)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A connection to the test's database."""
    made = database.connect(database_url, synchronous="OFF")
    yield made
    made.dispose()


@pytest.fixture
def clock() -> Clock:
    """Stands on a Monday noon (Moscow) until a test moves it."""
    return Clock(MONDAY)


@pytest.fixture
def env(engine: Engine, clock: Clock) -> Environment:
    """The engine without a company's content: people, working time, nothing published."""
    made = Environment(
        sessions=database.sessions(engine),
        calendars=calendars(ROOT / "settings" / "calendars.yaml"),
        settings={"deadlines": {"CP-01": "P1BD", "CP-02": "P10BD"}},
        clock=clock,
    )
    fill(made)
    return made


@pytest.fixture
def case(env: Environment, clock: Clock) -> Case:
    """Publish a drawing, start it, act as people, move the clock."""
    return Case(env, clock)


def chromium() -> str | None:
    """Where the browser of the system is."""
    return next((place for name in NAMES if (place := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser of the system, one for all tests of a run (two at once would fight over the event loop).

    Without one the tests that need it are skipped; where CI=true they fail.
    """
    path = chromium()
    if path is None or not BUILT.exists():
        reason = "no browser (package chromium), or the bundles are not built (npm run build)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()
