"""The pages of campaigns, loyalty and the self-diagnosis, asked for as a browser would."""
from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import g
from flask.testing import FlaskClient
from sqlalchemy import select

from engine.crm import deals, diagnosis, loyalty
from engine.models import Consent, User
from engine.web import create_web, reading
from tests.cast import actor
from tests.stories.story import Story
from tests.stories.test_loyalty import bonus_card, pay, sold
from tests.stories.test_marketing import agree, allow, begin, statuses

As = Callable[[str], FlaskClient]


@pytest.fixture
def site(story: Story, monkeypatch: pytest.MonkeyPatch) -> As:
    """The web application, with whoever is named signed in."""
    app = create_web(story.env, {"SECRET_KEY": "only for tests", "WTF_CSRF_ENABLED": False})
    signed_in: dict[str, str] = {}

    def who() -> Any:
        if not signed_in["login"]:
            return None
        found = actor(story.env, signed_in["login"])
        g.person = reading.session().get(User, found.user_id)
        return found

    monkeypatch.setattr(reading, "signed_in", who)

    def opened(login: str) -> FlaskClient:
        signed_in["login"] = login
        return app.test_client()

    return opened


def run_campaign(story: Story) -> str:
    """A campaign that has reached one client; the token of his letter."""
    allow(story, 1)
    begin(story)
    agree(story, mail_subject="Тренинги")
    story.complete("Подготовить запуск", launch_decision="start")
    said: str = story.mailbox.letter("Тренинги").get_content()
    return said.split("/unsubscribe/")[1].split()[0]


def test_a_campaign_shows_its_plan_figures_and_who_was_left_out_why(story: Story, site: As) -> None:
    run_campaign(story)
    browser = site("gleb")
    assert "Зимние тренинги" in browser.get("/campaigns").text
    page = browser.get("/campaigns/1?part=excluded").text
    assert "Нет согласия на рекламу" in page
    assert "Десять заявок" in page
    browser.post("/campaigns/1/reply", data={"client": "1", "note": "Пришлите программу"})
    assert statuses(story)[1][0] == "replied"


def test_a_reader_is_asked_before_his_consent_is_withdrawn(story: Story, site: As) -> None:
    """Mail programs open links by themselves: looking changes nothing."""
    token = run_campaign(story)
    browser = site("")
    assert browser.get(f"/unsubscribe/{token}").status_code == 200
    assert [row.withdrawn_at for row in consents(story)] == [None]
    assert browser.post(f"/unsubscribe/{token}").status_code == 200
    assert all(row.withdrawn_at for row in consents(story))
    assert browser.get("/unsubscribe/forged").status_code == 404


def test_the_client_sees_its_bonuses_and_the_employee_spends_them(story: Story, site: As) -> None:
    """R257."""
    card = bonus_card(story)
    pay(story, sold(story, "400000"), "400000")
    deal_id = sold(story, "20000")
    token = story.act("anna", loyalty.open_link, card.id)
    assert "L-2026-0001" in site("").get(f"/card/{token}").text
    assert site("").get("/card/forged").status_code == 404
    browser = site("anna")
    assert "L-2026-0001" in browser.get("/loyalty").text
    browser.post(f"/loyalty/{card.id}/spend", data={"deal": str(deal_id), "sum": "2 000,00"})
    with story.env.sessions() as session:
        assert deals.find(session, deal_id).discount == Decimal("10.00")
    browser.post(f"/loyalty/{card.id}/close", data={"reason": "Клиент вышел из программы"})
    assert site("").get(f"/card/{token}").status_code == 404


def test_the_diagnosis_is_a_table_of_the_source(story: Story, site: As) -> None:
    """AT-21, R061."""
    browser = site("dmitry")
    story.act("dmitry", diagnosis.record, {line.key: "+" for line in diagnosis.lines(story.env)})
    page = browser.get("/diagnosis").text
    for head in ("Показатель", "Управляемый", "Неуправляемый", "Как у Вас?", "Кросс-продажи"):
        assert head in page


def consents(story: Story) -> list[Consent]:
    with story.env.sessions() as session:
        return list(session.scalars(select(Consent).where(Consent.purpose == "advertising")))
