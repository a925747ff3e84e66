"""A company to tell stories about: published procedures, a client with true requisites, a mail server that listens."""
from __future__ import annotations

import importlib.util
import socket
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from engine import database, deployments, documents, letters, notifications, outbox, starts
from engine.actions import Registry
from engine.calendar import calendars
from engine.crm import demo, sources
from engine.crm.facts import facts
from engine.definitions import Library
from engine.documents import actions as document_actions
from engine.environment import Environment, settings_of
from engine.models import Job
from engine.storage import Folder
from engine.vocabulary import JobKind
from engine.work import SYSTEM, Work, run
from tests.case import Clock
from tests.cast import actor, fill
from tests.stories import steps
from tests.stories.story import Postbox, Story

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = ("contact_gap", "greeting_event", "churn_watch", "class_recalc")
MONDAY = datetime(2026, 11, 16, 6, 0, tzinfo=UTC)  # 9:00 in Moscow


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "begins_at(point): the point of the sale at which a story begins")


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Library]:
    """A database with the cast, the price list, the clients and all procedures; made once, copied for each story."""
    path = tmp_path_factory.mktemp("company") / "reglament.db"
    engine = database.connect(f"sqlite:///{path}", synchronous="OFF")
    database.create_tables(engine)
    library = Library()
    env = _environment(f"sqlite:///{path}", library, path.parent, Clock(MONDAY), None)
    fill(env)
    run(env, SYSTEM, demo.load_products, demo.company())
    run(env, SYSTEM, demo.load_clients, demo.company())
    run(env, SYSTEM, sources.add, "advertising", "Реклама в журнале", "post")
    run(env, actor(env, "maria"), deployments.publish, deployments.files_of(ROOT))
    run(env, SYSTEM, _hush)
    engine.dispose()
    return path, library


@pytest.fixture
def mailbox() -> Iterator[Postbox]:
    """A real SMTP server on the loopback."""
    box = Postbox()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        box.port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


class Shelf:
    """Databases at certain points of the same sale, so that a story need not be told from the beginning each time."""

    def __init__(self, path: Path, library: Library) -> None:
        self.path, self.library = path, library
        self.saved: dict[str, tuple[datetime, int, int]] = {}

    def story(self, point: str, folder: Path, mailbox: Postbox) -> Story:
        """A company of its own, with a sale that stands at ``point``."""
        clock = Clock(MONDAY)
        copied = folder / "reglament.db"
        _copy(self.path if point == "nothing" else self._at(point, mailbox), copied)
        transport = letters.Smtp("127.0.0.1", mailbox.port)
        env = _environment(f"sqlite:///{copied}", self.library, self.path.parent, clock, transport)
        told = Story(env, clock, mailbox)
        if point != "nothing":
            clock.now, told.deal_id, told.instance_id = self.saved[point]
        mailbox.letters.clear()
        return told

    def _at(self, point: str, mailbox: Postbox) -> Path:
        path = self.path.with_name(f"{point}.db")
        if point not in self.saved:
            folder = self.path.parent / point
            folder.mkdir()
            before = steps.POINTS[point]
            told = self.story(before[0] if before else "nothing", folder, mailbox)
            if before:
                before[1](told)
            else:
                told.begin()
            _copy(folder / "reglament.db", path)
            self.saved[point] = told.clock.now, told.deal_id, told.instance_id
        return path


@pytest.fixture(scope="session")
def shelf(published: tuple[Path, Library]) -> Shelf:
    return Shelf(*published)


@pytest.fixture
def story(request: pytest.FixtureRequest, shelf: Shelf, tmp_path: Path, mailbox: Postbox) -> Story:
    """A sale with its people. ``@pytest.mark.begins_at("contract")`` says where; without it nothing has begun yet."""
    marker = request.node.get_closest_marker("begins_at")
    return shelf.story(marker.args[0] if marker else "nothing", tmp_path, mailbox)


@pytest.fixture
def story_at(shelf: Shelf, tmp_path: Path, mailbox: Postbox) -> Callable[[str], Story]:
    """The same, for tests that go through several points."""
    return lambda point: shelf.story(point, tmp_path, mailbox)


def _copy(source: Path, target: Path) -> None:
    with sqlite3.connect(source) as made, sqlite3.connect(target) as own:
        made.backup(own)


def _hush(work: Work) -> None:
    """Rounds over all clients would mix their tasks into every story; those that are about them begin them."""
    waiting = select(Job.id).where(Job.kind == JobKind.START, Job.type.in_(ROUNDS), Job.ended_at.is_(None))
    outbox.cancel(work, work.session.scalars(waiting).all())


def _environment(url: str, library: Library, folder: Path, clock: Clock, transport: object) -> Environment:
    return Environment(
        sessions=database.sessions(database.connect(url, synchronous="OFF")),
        library=library,
        calendars=calendars(ROOT / "settings" / "calendars.yaml"),
        actions=actions(),
        settings=settings_of(ROOT / "settings"),
        clock=clock,
        facts=facts,
        check_template=documents.check_template,
        files=Folder(folder / "files"),
        mail=transport,
    )


def actions() -> Registry:
    """The engine's actions and those of the procedures."""
    registry = Registry()
    document_actions.register(registry)
    notifications.register(registry)
    starts.register(registry)
    for path in sorted((ROOT / "processes").glob("*/actions.py")):
        _load(path).register(registry)
    return registry


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"processes.{path.parent.name}.actions", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
