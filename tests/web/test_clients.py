"""The pages of clients, products and segments: who may what, what was typed stays, doubles are shown."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.crm import clients, demo_market, segments
from engine.models import (
    Client,
    Complaint,
    Contact,
    ContactRecord,
    LoyaltyCard,
    Matrix,
    Questionnaire,
    Survey,
    User,
)
from engine.work import SYSTEM, run
from tests.web import world as worlds
from tests.web.conftest import Visitor

INN = "7736050003"
NEW = {"kind": "legal", "role": "client", "name": "ООО «Ясная поляна»", "inn": INN, "phone": "8 495 123-45-67"}


@pytest.fixture
def ours(world: worlds.World) -> int:
    """A client of Anna's."""

    def register(work) -> int:
        anna = work.session.query(User).filter_by(login="anna").one()
        client = clients.create_client(
            work, "legal", "ООО «Ромашка & <сыновья>»", inn="7830002293", phone="+7 812 000-11-22", owner_id=anna.id
        )
        clients.add_contact(work, client.id, "Ким", "Анна", "директор", email="kim@romashka.example", signs=True)
        return client.id

    return int(run(world.env, SYSTEM, register))


@pytest.fixture
def market(world: worlds.World) -> None:
    """A matrix with one segment in force."""
    run(world.env, SYSTEM, demo_market.load_segments, DATA)


DATA = {
    "segment_parameters": [
        {"key": "staff", "title": "Число сотрудников", "title_en": "Staff", "nature": "inherent", "type": "number",
         "purpose": "Объем обучения"},
    ],
    "segments": [
        {"key": "large", "title": "Крупные", "title_en": "Large", "portrait": "Завод", "specialist": "anna",
         "rules": [{"parameter": "staff", "op": ">", "value": 1000}], "products": []},
    ],
}  # fmt: skip


@pytest.mark.parametrize("login", ["anna", "boris", "lida", "gleb", "adam", "vera"])
def test_everybody_of_the_company_sees_the_cards_of_clients(visitor: Visitor, ours: int, login: str) -> None:
    visitor.sign_in(login)
    for tab in ("", "?tab=people", "?tab=log", "?tab=deals", "?tab=quality", "?tab=history", "?tab=nonsense"):
        answer = visitor.get(f"/clients/{ours}{tab}")
        assert answer.status_code == 200, tab
        assert "ООО «Ромашка &amp; &lt;сыновья&gt;»" in answer.text
    for path in ("/clients", "/clients?q=ромашка", "/products", "/segments"):
        assert visitor.get(path).status_code == 200, path
    assert visitor.get("/clients/9999").status_code == 404


@pytest.mark.parametrize(
    ("login", "status"), [("anna", 200), ("boris", 403), ("lida", 403), ("gleb", 200), ("dina", 200), ("adam", 200)]
)
def test_a_client_is_changed_by_its_manager_and_those_above(
    visitor: Visitor, ours: int, login: str, status: int
) -> None:
    visitor.sign_in(login)
    assert visitor.get(f"/clients/{ours}/edit").status_code == status
    assert visitor.get(f"/clients/{ours}/people/new").status_code == status


def test_a_stranger_cannot_change_a_client_by_posting_either(
    visitor: Visitor, world: worlds.World, ours: int
) -> None:
    visitor.sign_in("boris")
    visitor.post(f"/clients/{ours}/stop-list", {"stopped": "1", "reason": "Хочу"})
    visitor.post(f"/clients/{ours}/next-contact", {"date": "2026-12-01", "purpose": "Хочу"})
    with world.env.sessions() as session:
        client = session.get_one(Client, ours)
        assert (client.stop_list, client.next_contact_on) == (False, None)


def test_the_list_is_searched_by_name_inn_phone_and_mail_however_they_are_typed(visitor: Visitor, ours: int) -> None:
    visitor.sign_in("lida")
    for words in ("РОМАШКА", "7830002293", "78300", "8(812)0001122", "KIM@romashka.example", "ким"):
        assert f'href="/clients/{ours}"' in visitor.client.get("/clients", query_string={"q": words}).text, words
    nothing = visitor.client.get("/clients", query_string={"q": "Фиалка"}).text
    assert f'href="/clients/{ours}"' not in nothing
    assert visitor.client.get("/clients?owner=x&segment=%00&state=odd&page=-1").status_code == 200


def test_a_client_is_registered_and_opened(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("anna")
    answer = visitor.post("/clients/new", NEW, page="/clients/new")
    assert answer.status_code == 302
    page = visitor.get(answer.location).text
    assert "Ясная поляна" in page
    assert INN in page


def test_faults_stand_at_their_fields_and_what_was_typed_stays(visitor: Visitor) -> None:
    visitor.sign_in("anna")
    wrong = NEW | {"inn": "7707083890", "email": "не почта", "company_day": "32.13.2026", "city": "Тверь <b>"}
    answer = visitor.post("/clients/new", wrong, page="/clients/new")
    assert answer.status_code == 422
    assert 'id="f-company_day-fault"' in answer.text
    assert "Тверь &lt;b&gt;" in answer.text
    answer = visitor.post("/clients/new", wrong | {"company_day": ""}, page="/clients/new")
    assert 'id="f-inn-fault"' in answer.text
    assert 'id="f-email-fault"' in answer.text
    assert 'value="не почта"' in answer.text


def test_a_double_by_phone_is_shown_and_may_be_saved_anyway(visitor: Visitor, ours: int) -> None:
    visitor.sign_in("anna")
    double = NEW | {"phone": "8 (812) 000 11 22"}
    answer = visitor.post("/clients/new", double, page="/clients/new")
    assert answer.status_code == 409
    assert f'href="/clients/{ours}"' in answer.text
    assert 'name="anyway"' in answer.text
    assert visitor.post("/clients/new", double | {"anyway": "1"}, page="/clients/new").status_code == 302


def test_a_known_inn_is_never_saved_twice(visitor: Visitor, ours: int) -> None:
    visitor.sign_in("anna")
    answer = visitor.post("/clients/new", NEW | {"inn": "7830002293"}, page="/clients/new")
    assert answer.status_code == 409
    assert 'name="anyway"' not in answer.text
    forced = visitor.post("/clients/new", NEW | {"inn": "7830002293", "anyway": "1"}, page="/clients/new")
    assert forced.status_code == 422
    assert 'id="f-inn-fault"' in forced.text


def test_a_person_and_a_consent_are_written_down_and_taken_back(
    visitor: Visitor, world: worlds.World, ours: int
) -> None:
    visitor.sign_in("anna")
    person = {"last": "Лис", "first": "Пётр", "position": "снабженец", "phone": "+7 921 555-00-11"}
    assert visitor.post(f"/clients/{ours}/people/new", person | {"last": ""}).status_code == 422
    assert visitor.post(f"/clients/{ours}/people/new", person).status_code == 302
    with world.env.sessions() as session:
        number = session.query(Contact).filter_by(last="Лис").one().id
    given = {"purpose": "advertising", "channel": "phone", "text_version": "2026-01"}
    page = f"/clients/{ours}?tab=people"
    visitor.post(f"/contacts/{number}/consents", given, page=page)
    assert f"/contacts/{number}/consents/1/withdraw" in visitor.get(page).text
    visitor.post(f"/contacts/{number}/consents/1/withdraw", page=page)
    assert f"/contacts/{number}/consents/1/withdraw" not in visitor.get(page).text


def test_anybody_who_spoke_to_a_client_writes_it_down(visitor: Visitor, world: worlds.World, ours: int) -> None:
    visitor.sign_in("lida")
    said = {"channel": "phone", "purpose": "Спросили о договоре", "note": "Долгий разговор", "minutes": "много"}
    answer = visitor.post(f"/clients/{ours}/log", said)
    assert answer.status_code == 422
    assert "Долгий разговор" in answer.text
    assert 'id="f-minutes-fault"' in answer.text
    assert visitor.post(f"/clients/{ours}/log", said | {"minutes": "12", "at": "2026-11-16T09:30"}).status_code == 302
    with world.env.sessions() as session:
        row = session.query(ContactRecord).one()
        assert (row.minutes, row.at.hour) == (12, 6), "half past nine in Moscow"


def test_the_stop_list_stands_at_the_head_of_the_card_with_its_reason(visitor: Visitor, ours: int) -> None:
    visitor.sign_in("anna")
    visitor.post(f"/clients/{ours}/stop-list", {"stopped": "1", "reason": "Просили не звонить"})
    assert "Просили не звонить" in visitor.get(f"/clients/{ours}").text
    assert f'href="/clients/{ours}"' in visitor.get("/clients?stopped=1").text


def test_the_profile_brings_the_segment(visitor: Visitor, world: worlds.World, market: None, ours: int) -> None:
    visitor.sign_in("anna")
    page = f"/clients/{ours}/edit"
    kept = {"kind": "legal", "role": "client", "name": "ООО «Ромашка»", "inn": "7830002293"}
    assert visitor.post(page, kept | {"profile.staff": "много"}, page=page).status_code == 422
    assert visitor.post(page, kept | {"profile.staff": "5 400"}, page=page).status_code == 302
    with world.env.sessions() as session:
        client = session.get_one(Client, ours)
        assert (client.segment, client.profile) == ("large", {"staff": 5400})


def test_a_draft_of_the_matrix_is_written_looked_through_and_put_in_force(
    visitor: Visitor, world: worlds.World, market: None
) -> None:
    visitor.sign_in("boris")
    assert visitor.post("/segments/draft", page="/segments").status_code == 403
    visitor.post("/signout")
    admin = Visitor(visitor.client.application).sign_in("adam")
    admin.post("/products/new", {"code": "TR", "name": "Обучение", "price": "1 000,50"}, page="/products/new")
    assert "TR" in admin.get("/products").text
    assert admin.post("/segments/draft", page="/segments").location == "/segments?version=2"
    with world.env.sessions() as session:
        draft = session.query(Matrix).filter_by(status="draft").one().id
    segment = {"title": "Средние", "rules.parameter": ["staff", ""], "rules.op": [">", ""],
               "rules.value": ["много", ""], "target-1": "1"}  # fmt: skip
    path = f"/segments/{draft}/edit"
    assert admin.post(path, segment | {"key": "middle"}, page=path).status_code == 422
    segment |= {"rules.value": ["100", ""]}
    assert admin.post(path, segment | {"key": "middle"}, page=path).status_code == 302
    same = segment | {"title": "Крупные", "rules.value": ["1000", ""]}
    assert admin.post(f"{path}?key=large", same, page=path).status_code == 302
    answer = admin.post(f"/segments/{draft}/put-in-force", page="/segments?version=2")
    assert answer.status_code == 302
    with world.env.sessions() as session:
        assert [segment.key for segment in segments.in_force(session).segments] == ["large", "middle"]


def test_prices_are_typed_as_people_write_them(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("adam")
    visitor.post("/products/new", {"code": "TR", "name": "Обучение"}, page="/products/new")
    visitor.post("/products/new", {"code": "T1", "name": "Тренинг", "price": "100", "direction_id": "1"},
                 page="/products/new")  # fmt: skip
    made = visitor.post("/price-lists/new", {"key": "main", "name": "Прайс", "valid_from": "01.01.2026"},
                        page="/price-lists/new")  # fmt: skip
    assert made.location == "/price-lists/1"
    longer = {"name": "Прайс до лета", "valid_from": "01.01.2026", "valid_until": "31.05.2026"}
    vague = longer | {"valid_from": "когда-нибудь"}
    assert visitor.post("/price-lists/1", vague, page="/price-lists/1").status_code == 422
    assert visitor.post("/price-lists/1", longer, page="/price-lists/1").status_code == 302
    assert "Прайс до лета" in visitor.get("/price-lists/1").text
    tiers = {"tiers.min_quantity": ["", "5", ""], "tiers.price": ["1 200,50", "девять", ""]}
    answer = visitor.post("/price-lists/1/prices/2", tiers, page="/price-lists/1")
    assert answer.status_code == 422
    assert "девять" in answer.text
    tiers["tiers.price"] = ["1 200,50", "900", ""]
    assert visitor.post("/price-lists/1/prices/2", tiers, page="/price-lists/1").status_code == 302
    assert "1 200,50" in visitor.get("/price-lists/1").text.replace("\xa0", " ")


def test_complaints_surveys_and_cards_of_a_client_lead_to_their_pages(
    visitor: Visitor, world: worlds.World, ours: int
) -> None:
    def register(work) -> None:
        work.session.add(
            Complaint(
                number="Ж-1", client_id=ours, channel="phone", form="oral", explicitness="explicit", origin="client",
                essence="Опоздали на встречу", stage="registered", stage_at=work.now, received_at=work.now,
            )
        )  # fmt: skip
        sheet = Questionnaire(product_id=None, version=1, title="Анкета", title_en="Survey", questions=[])
        sheet.in_force_from = work.now.date()
        work.session.add(sheet)
        work.session.flush()
        work.session.add(
            Survey(client_id=ours, questionnaire_id=sheet.id, reason="yearly", opened_at=work.now, status="answered",
                   minimum=2, mean=Decimal("3.50"), comment="Долго ждали")
        )  # fmt: skip
        work.session.add(
            LoyaltyCard(number="К-7", client_id=ours, instrument="discount_card", issued_on=work.now.date(),
                        discount=Decimal(5), status="active")
        )  # fmt: skip

    run(world.env, SYSTEM, register)
    visitor.sign_in("gleb")
    quality = visitor.get(f"/clients/{ours}?tab=quality").text
    assert "Опоздали на встречу" in quality
    assert 'href="/complaints/1"' in quality
    assert 'href="/surveys/1"' in quality
    overview = visitor.get(f"/clients/{ours}").text
    assert "К-7" in overview
    assert 'href="/loyalty/1"' in overview
