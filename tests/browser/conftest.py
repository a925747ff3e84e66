"""The whole product, and people at the system's browser (tests/conftest.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

import app
from tests.browser.company import MONDAY, Company, copied, found
from tests.browser.person import Person
from tests.case import Clock


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
