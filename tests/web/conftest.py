"""The pages over a real database: a company in full swing, built once and copied for every test that changes it."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from engine import database  # noqa: E402
from engine.storage import Folder  # noqa: E402
from engine.web import create_web  # noqa: E402
from tests.web import world as worlds  # noqa: E402

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Visitor:
    """A browser without scripts: signs in, keeps cookies, takes the CSRF token from the page it is on."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def sign_in(self, login: str, password: str = worlds.PASSWORD) -> Visitor:
        """Through the real form."""
        answer = self.post("/signin", {"login": login, "password": password}, page="/signin")
        assert answer.status_code == 302, answer.text
        return self

    def get(self, path: str, **headers: str) -> TestResponse:
        """A page."""
        return self.client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, path: str, data: dict[str, Any] | None = None, page: str = "/help") -> TestResponse:
        """A form sent from ``page``, where its token is taken from."""
        found = TOKEN.search(self.get(page).text)
        token = {"csrf_token": found[1]} if found else {}
        return self.client.post(path, data=token | (data or {}))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, worlds.World]:
    """The company, built once."""
    folder = tmp_path_factory.mktemp("world")
    return folder, worlds.build(folder)


@pytest.fixture
def world(built: tuple[Path, worlds.World], tmp_path: Path) -> Iterator[worlds.World]:
    """A copy of the company that a test may change."""
    folder, original = built
    for name in ("world.db", "world.db-wal", "world.db-shm"):
        if (folder / name).exists():
            shutil.copy(folder / name, tmp_path / name)
    shutil.copytree(folder / "files", tmp_path / "files")
    engine = database.connect(f"sqlite:///{tmp_path / 'world.db'}", synchronous="OFF")
    env = worlds.environment(engine, Folder(tmp_path / "files"), worlds.Clock(original.clock.now))
    yield original.moved_to(env)
    engine.dispose()


@pytest.fixture
def app(world: worlds.World) -> Flask:
    """The application over that copy."""
    return create_web(world.env, {"TESTING": True, "SECRET_KEY": "only for tests"})


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """Somebody who has not signed in."""
    return Visitor(app)
