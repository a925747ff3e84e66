"""Every page there is, in both languages, both themes and three widths: nothing axe objects to, nothing that scrolls
sideways, nothing a browser complains of, nothing left in the other language's words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from engine.web import create_web
from tests.browser.person import KNOWN
from tests.pages import living, walk
from tests.pages.test_looks import AXE, RULES, unrolled

WIDTHS = {1440: 900, 1024: 768, 390: 844}
# What colours can break; everything else is the same in both themes.
COLOURS = ("color-contrast", "link-in-text-block")
OF_COLOURS = {"runOnly": {"type": "rule", "values": list(COLOURS)}}
OF_SHAPE = RULES | {"rules": {name: {"enabled": False} for name in COLOURS}}
JUDGE = "async (rules) => (await axe.run(document, {...rules, resultTypes: ['violations'], preload: false})).violations"
LIGHT, DARK = ("light", RULES), ("dark", OF_COLOURS)
# Words change with the language, colours do not: in the second one they are judged at one width of each theme. This is
# two thirds of what judging costs.
LOOKS: dict[str, list[tuple[str, Any, list[int]]]] = {
    "ru": [(*LIGHT, list(WIDTHS)), (*DARK, list(WIDTHS))],
    "en": [(*LIGHT, [1440]), ("light", OF_SHAPE, [1024, 390]), (*DARK, [390])],
    "again": [(*LIGHT, [1440]), (*DARK, [390])],
}
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def alive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[living.Living]:
    """The company, served."""
    made = living.found(tmp_path_factory.mktemp("living"))
    made.company.open()
    yield made
    made.company.close()


@pytest.fixture(scope="module")
def pages(alive: living.Living) -> list[walk.Place]:
    app = create_web(alive.company.env, {"SECRET_KEY": "only for tests"})
    with alive.company.env.sessions() as session:
        return list(walk.places(app, session))


def test_every_kind_of_page_has_a_sample_in_the_company(alive: living.Living, pages: list[walk.Place]) -> None:
    app = create_web(alive.company.env, {"SECRET_KEY": "only for tests"})
    there = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert there - {place.endpoint for place in pages} - walk.NOT_PAGES == set()


@pytest.mark.skipif(not AXE.exists(), reason="npm ci brings axe-core")
@pytest.mark.parametrize("locale", ["ru", "en"])
def test_no_page_is_hard_to_use_for_anybody(
    browser: Browser, alive: living.Living, pages: list[walk.Place], locale: str
) -> None:
    groups = sorted({place.group or "" for place in pages})
    found = [line for group in groups for line in walked(browser, alive, pages, group, locale)]
    assert found == [], "\n".join(found)


def walked(browser: Browser, alive: living.Living, pages: list[walk.Place], group: str, locale: str) -> list[str]:
    """What is wrong with the pages that this group looks at."""
    found: list[str] = []
    context = seated(browser, alive, group, locale)
    page = context.new_page()
    page.on("pageerror", lambda error: found.append(f"{page.url} {error}"))
    page.on("console", lambda said: found.append(f"{page.url} {said.text}") if complains(said) else None)
    seen: set[str] = set()
    for place in pages:
        if (place.group or "") == group:
            looks = "again" if place.endpoint in seen else locale
            found += [f"{place.path} {line}" for line in judged(page, place, looks)]
            seen.add(place.endpoint)
    context.close()
    return found


def seated(browser: Browser, alive: living.Living, group: str, locale: str) -> BrowserContext:
    """A browser whose pages come with axe; it is handed in past the pages' own strict policy."""
    context = browser.new_context(base_url=alive.company.url, reduced_motion="reduce")
    context.set_default_timeout(20_000)
    context.add_init_script(path=AXE)
    cookies = {"locale": locale} | ({"login": alive.signs_in(group, locale)} if group else {})
    context.add_cookies([{"name": k, "value": v, "url": alive.company.url} for k, v in cookies.items()])
    return context


def judged(page: Page, place: walk.Place, looks: str) -> list[str]:
    """What is wrong with one page. ``looks``: one of LOOKS; again when another of the same kind (the report
    before) was judged in all widths."""
    page.set_viewport_size({"width": 1440, "height": 900})
    answer = page.goto(place.path)
    found = [] if (answer and answer.status < 400) or place.group is None else [f"answers {answer and answer.status}"]
    for theme, rules, widths in LOOKS[looks]:
        page.evaluate("theme => document.documentElement.dataset.bsTheme = theme", theme)
        for width in widths:
            page.set_viewport_size({"width": width, "height": WIDTHS[width]})
            unrolled(page)
            found += [f"[{theme} {width}] {line}" for line in objections(page, rules)]
            sideways = page.evaluate(SIDEWAYS)
            found += [f"[{width}] scrolls {sideways} px sideways"] if sideways > 0 else []
    return found


def objections(page: Page, rules: Any) -> list[str]:
    """What axe finds, as readable lines."""
    found: Any = page.evaluate(JUDGE, json.loads(json.dumps(rules)))
    return [f"{one['id']}: {node['target']} {node['html'][:160]}" for one in found for node in one["nodes"]]


def complains(said: Any) -> bool:
    return said.type == "error" and not any(known in said.text for known in KNOWN)
