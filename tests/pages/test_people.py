"""Absences, people and rules in the browser: nothing that axe objects to, nothing that scrolls sideways."""

from __future__ import annotations

import pytest

from tests.pages.conftest import SignIn
from tests.pages.test_looks import AXE, objections

PAGES = ("/absences", "/me/absence", "/people", "/people/1", "/people/new", "/groups", "/groups/head", "/rules",
         "/rules?tab=deadlines", "/rules/calendar/main", "/rules/deadline/CP-02",
         "/rules?tab=authority", "/rules/authority/discount", "/rules/authority/new", "/authority")  # fmt: skip


@pytest.mark.skipif(not AXE.exists(), reason="npm ci brings axe-core")
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_of_people_and_rules_are_accessible_and_do_not_scroll_sideways(sign_in: SignIn, width: int) -> None:
    page = sign_in("adam", width=width)
    found: list[str] = []
    for path in PAGES:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        found += [f"{path} {line}" for line in objections(page)]
        sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{path} scrolls {sideways} px sideways"] if sideways > 0 else []
    assert found == []
