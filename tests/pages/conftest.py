"""A real browser before a real server on loopback, over the company of the web tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import make_server

from engine.web import create_web
from tests.web import world as worlds

ROOT = Path(__file__).resolve().parents[2]
SIZES = {1440: 900, 390: 844}

SignIn = Callable[..., Page]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> worlds.World:
    """The company that the pages of one file of tests are looked at with; what they do to it ends with the file."""
    return worlds.build(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def site(company: worlds.World) -> Iterator[str]:
    """The address of the server."""
    app = create_web(company.env, {"SECRET_KEY": "only for tests"})
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def sign_in(browser: Browser, site: str) -> Iterator[SignIn]:
    """Opens a page of a fresh browser, signed in; complains of anything the page says on the console."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(
        login: str | None = None,
        *,
        width: int = 1440,
        locale: str = "ru",
        scripts: bool = True,
        tolerated: tuple[str, ...] = (),
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": SIZES[width]}, base_url=site, java_script_enabled=scripts
        )
        context.add_cookies([{"name": "locale", "value": locale, "url": site}])
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: (
                complaints.append(said.text)
                if said.type == "error" and not any(known in said.text for known in tolerated)
                else None
            ),
        )
        page.on("request", lambda request: None if request.url.startswith((site, "data:", "chrome", "blob:"))
                else complaints.append(f"asked elsewhere: {request.url}"))  # fmt: skip
        if login:
            page.goto("/signin")
            page.fill("#login", login)
            page.fill("#password", worlds.PASSWORD)
            page.click("main .btn-primary")
            page.wait_for_url("**/tasks")
            _speak(page, locale)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def _speak(page: Page, locale: str) -> None:
    if page.locator("html").get_attribute("lang") == locale:
        return
    page.evaluate("""(locale) => { const form = document.querySelector('form[action$="/language"]');
        form.querySelector('button').value = locale; form.querySelector('button').click(); }""", locale)  # fmt: skip
    page.wait_for_selector(f'html[lang="{locale}"]')
