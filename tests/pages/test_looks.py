"""Every page in both languages, wide and narrow: nothing that axe objects to, nothing that scrolls sideways."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.pages.conftest import ROOT, SignIn
from tests.web.world import World

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
READERS = {
    "anna": ("/tasks", "/tasks?tab=groups", "/tasks?tab=done", "/start", "/start/trial_offer", "/deals?status=all",
             "/deals/{deal}", "/tasks/{free}", "/tasks/{done}", "/help", "/documents", "/me/notifications",
             "/calendar/feed", "/notices?show=all"),
    "gleb": ("/approvals", "/approvals/{approve}", "/tasks/{approve}", "/instances?status=all", "/instances/{instance}",
             "/control-points", "/incidents", "/incidents?status=ended", "/calendar?who=all",
             "/calendar?view=week", "/calendar?view=day", "/notices"),
    "vera": ("/instances/{instance}/log", "/instances/{instance}/replay", "/control-points?status=all",
             "/help?role=auditor"),
    "adam": ("/incoming-mail", "/incoming-mail?show=all"),
}  # fmt: skip


def places(company: World) -> dict[str, int]:
    return {
        "deal": company.deal,
        "instance": company.instance,
        "free": company.task("prepare", company.foreign_instance).id,
        "done": company.task("prepare").id,
        "approve": company.task("approve").id,
    }


def unrolled(page: Page) -> None:
    """As high as the page is: a bar that sticks to the bottom would count as covering what can be scrolled from under
    it."""
    height = int(page.evaluate("Math.min(6000, Math.max(innerHeight, document.documentElement.scrollHeight))"))
    page.set_viewport_size({"width": page.viewport_size["width"] if page.viewport_size else 1440, "height": height})


def objections(page: Page) -> list[str]:
    """What axe finds, as readable lines. Its script is handed in past the page's own strict policy."""
    unrolled(page)
    found: Any = page.evaluate(
        f"async () => {{ {AXE.read_text('utf-8')}; return (await axe.run(document, {json.dumps(RULES)})).violations; }}"
    )
    return [f"{one['id']}: {node['target']} {node['html'][:160]}" for one in found for node in one["nodes"]]


@pytest.mark.skipif(not AXE.exists(), reason="npm ci brings axe-core")
@pytest.mark.parametrize("locale", ["ru", "en"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("login", list(READERS))
def test_pages_are_accessible_and_do_not_scroll_sideways(
    sign_in: SignIn, company: World, login: str, width: int, locale: str
) -> None:
    page = sign_in(login, width=width, locale=locale)
    found: list[str] = []
    for path in READERS[login]:
        page.goto(path.format(**places(company)))
        page.wait_for_load_state("networkidle")
        found += [f"{path} {line}" for line in objections(page)]
        sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{path} scrolls {sideways} px sideways"] if sideways > 0 else []
    assert found == []


@pytest.mark.skipif(not AXE.exists(), reason="npm ci brings axe-core")
@pytest.mark.parametrize("width", [1440, 390])
def test_dark_colours_are_readable_too(sign_in: SignIn, company: World, width: int) -> None:
    page = sign_in("gleb", width=width)
    page.context.add_cookies([{"name": "theme", "value": "dark", "url": page.url}])
    found: list[str] = []
    for path in (
        "/tasks",
        "/deals/{deal}",
        "/tasks/{approve}",
        "/control-points",
        "/incidents",
        "/instances/{instance}",
    ):
        page.goto(path.format(**places(company)))
        page.wait_for_load_state("networkidle")
        found += [f"{path} {line}" for line in objections(page)]
    assert found == []


@pytest.mark.skipif(not AXE.exists(), reason="npm ci brings axe-core")
@pytest.mark.parametrize("width", [1440, 390])
def test_the_page_of_signing_in_is_accessible(sign_in: SignIn, width: int) -> None:
    page = sign_in(None, width=width)
    page.goto("/signin")
    assert objections(page) == []
