"""Starting a procedure by hand: who may, and about which deal or client."""

from __future__ import annotations

import re

from engine.models import Client, Deal
from engine.work import SYSTEM, Work, run
from tests.web import world as worlds
from tests.web.conftest import Visitor


def test_a_started_procedure_opens_its_first_task(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("anna")
    answer = visitor.post("/start/trial_offer", {"deal": "С-0001/26", "title": "Ещё одно предложение"})
    assert answer.location.startswith("/tasks/")
    assert "Ещё одно предложение" in visitor.get(answer.location).text


def test_only_those_may_start_whom_the_drawing_names(visitor: Visitor) -> None:
    visitor.sign_in("lida")
    assert "Коммерческое предложение" not in visitor.get("/start").text
    assert visitor.get("/start/trial_offer").status_code == 404
    assert visitor.post("/start/trial_offer").status_code == 404
    assert visitor.post("/start/trial_check").status_code == 404


def test_nothing_is_started_about_a_deal_that_is_not_ones_own(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("anna")
    with world.env.sessions() as session:
        foreign = session.get_one(Deal, world.foreign_deal).number
    for deal in (foreign, "999", "abc", "-1"):
        answer = visitor.post("/start/trial_offer", {"deal": deal, "title": "Срочно"})
        assert answer.status_code == 422
        assert f"Нет открытой сделки «{deal}»" in answer.text
        assert f'value="{deal}"' in answer.text
        assert 'value="Срочно"' in answer.text


def test_a_deal_to_start_something_about_is_found_by_typing(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("anna")
    shown = visitor.get(f"/start/trial_offer?deal={world.deal}").text
    line = re.search(r'id="deal" name="deal" value="([^"]+)"', shown)
    assert line is not None
    assert line[1].startswith("С-0001/26 · Годовое обслуживание")
    assert f'value="{line[1]}"' in visitor.get("/start/choices/deal?deal=0001 обслуживание").text
    assert "option" not in visitor.get("/start/choices/deal?deal=такой+нет").text
    with world.env.sessions() as session:
        foreign = session.get_one(Deal, world.foreign_deal).number
    assert foreign not in visitor.get("/start/choices/deal").text
    answer = visitor.post("/start/trial_offer", {"deal": line[1], "title": ""})
    assert answer.location.startswith("/tasks/")


def test_a_client_is_named_by_what_only_he_is_called(visitor: Visitor, world: worlds.World) -> None:
    def add(work: Work) -> None:
        for inn, kpp in (("7707083893", "770701001"), ("7707083893", "770702002"), ("7736050003", "773601001")):
            name = f"Тёзка {kpp}"
            work.session.add(Client(kind="legal", name=name, full_name=name, inn=inn, kpp=kpp, requisites={},
                                        created_at=work.now))  # fmt: skip
        work.session.flush()

    run(world.env, SYSTEM, add)
    visitor.sign_in("anna")
    offered = visitor.get("/start/choices/client?client=Тёзка").text
    lines = re.findall(r'value="([^"]+)"', offered)
    assert [line.rpartition(" · ")[0] for line in lines] == [
        "Тёзка 770701001 · 7707083893", "Тёзка 770702002 · 7707083893", "Тёзка 773601001 · 7736050003",
    ]  # fmt: skip
    for said in (lines[1], "Тёзка 770702002", "7736050003"):
        assert visitor.post("/start/trial_offer", {"client": said}).status_code == 302, said
    # two have this INN, three this word, nobody these cards
    for said in ("7707083893", "Тёзка", "№999", "№²", "№" + "9" * 30):
        answer = visitor.post("/start/trial_offer", {"client": said})
        assert answer.status_code == 422, said
        assert f"Клиента «{said}» нет, или их несколько" in answer.text
