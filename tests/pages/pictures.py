"""Pictures of every page for the documentation: ``python -m tests.pages.pictures [folder]``.

A company lives some weeks (always the same ones), then each page is opened as somebody who works with it, wide and
narrow. ``docs/pictures/README.md`` lists them.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from engine.web import create_web
from tests.conftest import FLAGS, chromium
from tests.pages import living, walk

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
TALLEST = 1800  # px; what is below repeats
HEAD = """# What it looks like

Made by `make pictures` from a company that lived five weeks in the simulator: wide is 1440 px, narrow 390 px.
Fields for dates and files speak the language of the browser that took the pictures.

| Page | Address | Wide | Narrow |
|---|---|---|---|
"""


def main(folder: Path) -> None:
    """Take all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.jpg"):
        old.unlink()
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        alive = living.found(Path(place), say=print)
        alive.company.open()
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            lines = list(taken(browser, alive, folder))
        finally:
            browser.close()
            alive.company.close()
    (folder / "README.md").write_text(HEAD + "\n".join(lines) + "\n", "utf-8")
    print(f"{len(lines)} pages in {folder}")


def taken(browser: Browser, alive: living.Living, folder: Path) -> Iterable[str]:
    """A line of the list for each page."""
    app = create_web(alive.company.env, {"SECRET_KEY": "only for pictures"})
    with alive.company.env.sessions() as session:
        places = list(walk.places(app, session))
    for group in sorted({place.group or "" for place in places}):
        cookies = {"locale": "ru"} | ({"login": alive.signs_in(group, "ru")} if group else {})
        context = browser.new_context(base_url=alive.company.url, reduced_motion="reduce", locale="ru-RU")
        context.add_cookies([{"name": k, "value": v, "url": alive.company.url} for k, v in cookies.items()])
        page = context.new_page()
        for place in (one for one in places if (one.group or "") == group):
            name = re.sub(r"[^a-z0-9]+", "-", place.path.lower()).strip("-") or "home"
            for size, (width, height) in SIZES.items():
                page.set_viewport_size({"width": width, "height": height})
                page.goto(place.path, wait_until="networkidle")
                page.set_viewport_size({"width": width, "height": min(TALLEST, _height(page))})
                page.screenshot(path=folder / f"{name}-{size}.jpg", type="jpeg", quality=45)
            pictures = " | ".join(f"[{size}]({name}-{size}.jpg)" for size in SIZES)
            yield f"| {page.title().partition(' · ')[0].replace('|', '/')} | `{place.path}` | {pictures} |"
        context.close()


def _height(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollHeight"))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
