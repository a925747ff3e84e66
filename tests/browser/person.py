"""Somebody at a browser: does what a hand does, by the words on the screen."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.company import PASSWORD, Company

# answers with a refusal; what bpmn-js would like to style; a page that is left while its form is drawn anew
KNOWN = ("status of 4", "Applying inline style", "htmx:")
DONE = re.compile("Завершить|Отправить решение")
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


class Person:
    """One person with a browser of his own."""

    def __init__(self, company: Company, browser: Browser, login: str, *, reduced: bool = True) -> None:
        self.company, self.login = company, login
        self.context: BrowserContext = browser.new_context(
            base_url=company.url, viewport=WIDE, locale="ru-RU", timezone_id="Europe/Moscow",
            reduced_motion="reduce" if reduced else "no-preference",
        )  # fmt: skip
        self.context.set_default_timeout(15_000)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._console)

    def looks(self, name: str, *, fresh: bool = False) -> None:
        """Keep pictures of the page, wide and narrow, if REGLAMENT_PICTURES names a folder for them.

        ``fresh``: load it again in each size."""
        folder = os.environ.get("REGLAMENT_PICTURES")
        if not folder:
            return
        for size in (NARROW, WIDE):
            self.page.set_viewport_size(size)  # type: ignore[arg-type]
            if fresh:
                self.page.reload()
            self.page.wait_for_timeout(300)
            self.page.screenshot(path=str(Path(folder) / f"{name}-{size['width']}.png"), full_page=True)

    def _console(self, message: Any) -> None:
        if message.type == "error" and not any(known in message.text for known in KNOWN):
            self.complaints.append(f"{message.text} {message.location.get('url', '')}")

    # --- moving about ------------------------------------------------------------------------------------------------

    def goes_to(self, path: str) -> Page:
        """An address; whoever's login session is over signs in again."""
        self.page.goto(path)
        if "/signin" in self.page.url:
            self.signs_in()
            self.page.goto(path)
        return self.page

    def signs_in(self) -> None:
        """Through the form."""
        if "/signin" not in self.page.url:
            self.page.goto("/signin")
        self.page.get_by_label("Имя пользователя").fill(self.login)
        self.page.get_by_label("Пароль").fill(PASSWORD)
        self.page.get_by_role("button", name="Войти").click()
        expect(self.page.get_by_role("navigation", name="Главное меню")).to_be_visible()

    def opens_task(self, name: str, tab: str = "mine") -> Page:
        """The task of this name from the inbox."""
        self.goes_to("/tasks" if tab == "mine" else f"/tasks?tab={tab}")
        link = self.page.get_by_role("link", name=name, exact=True).first
        expect(link, f"open are {self.company.open_tasks()}").to_be_visible()
        link.click()
        expect(self.heading).to_have_text(name)
        return self.page

    @property
    def heading(self) -> Locator:
        return self.page.get_by_role("heading", level=1)

    @property
    def form(self) -> Locator:
        return self.page.locator("form[data-draft]")

    # --- filling in --------------------------------------------------------------------------------------------------

    def fills(self, label: str, value: str, number: int = 0) -> None:
        """Type into the field with this label; of several the one with this ``number``."""
        field = self.form.get_by_label(re.compile(rf"^\s*{re.escape(label)}\s*$")).nth(number)
        field.fill(value)
        field.blur()

    def chooses(self, question: str, answer: str) -> None:
        """One of several answers."""
        group = self.form.get_by_role("radiogroup", name=re.compile(rf"^{re.escape(question)}[\s*]*$"))
        group.get_by_label(answer, exact=True).check()

    def ticks(self, label: str) -> None:
        """A box."""
        self.form.get_by_label(label, exact=True).check()

    # --- completing --------------------------------------------------------------------------------------------------

    def completes(self) -> None:
        """Press the button; the system then does what it owes."""
        before = self.page.url
        self.form.get_by_role("button", name=DONE).click()
        said = self.page.locator(".note-good", has_text="Задача завершена")
        expect(said, f"from {before}: {self._faults()}").to_be_visible()
        self.company.work()
        expect(self.page.locator("[data-awaited]")).to_have_count(0, timeout=15_000)  # the page moves on by itself

    def _faults(self) -> str:
        shown = self.page.locator(".note-late")
        return " / ".join(shown.all_inner_texts()) if shown.count() else ""

    def sends_document(self) -> None:
        """The new document is right and goes to the client by mail."""
        self.opens_task("Проверить и отправить")
        self.chooses("Документ верен?", "Да, отправляем")
        self.completes()
