"""The whole product, the system's browser, and people at it. Without a browser these tests are skipped; where CI=true
they fail."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

import app
from tests.browser.company import MONDAY, ROOT, Company, copied, found
from tests.browser.person import Person
from tests.case import Clock

BUILT = ROOT / "engine" / "web" / "static" / "dist" / "manifest.json"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-quic",
]  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser of the system."""
    path = next((place for name in NAMES if (place := shutil.which(name))), None)
    if path is None or not BUILT.exists():
        reason = "no browser (package chromium), or the bundles are not built (npm run build)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> app.Config:
    """The demo company with the real procedures, set up once."""
    return found(tmp_path_factory.mktemp("company"))


@pytest.fixture
def company(founded: app.Config, tmp_path: Path) -> Iterator[Company]:
    """A copy of it that is served while a test runs."""
    running = Company(copied(founded, tmp_path), Clock(MONDAY))
    running.open()
    yield running
    running.close()


@pytest.fixture
def person(company: Company, browser: Browser) -> Iterator[Callable[..., Person]]:
    """Seats somebody at a browser of his own. Nothing may have gone wrong on anybody's console."""
    seated: list[Person] = []

    def seat(login: str, *, reduced: bool = True) -> Person:
        one = Person(company, browser, login, reduced=reduced)
        seated.append(one)
        return one

    yield seat
    for one in seated:
        one.context.close()
    assert [complaint for one in seated for complaint in one.complaints] == []
