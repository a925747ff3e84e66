"""The knowledge base finds what is meant, whatever form the words have, and keeps what stood before."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.crm import knowledge, products
from engine.errors import Conflict, Forbidden, Invalid, NotFound, WrongState
from engine.models import KnowledgeItem, Product
from tests.engine.crm_kit import Office

ITEMS = (
    (
        "faq",
        "Как перенести дату тренинга",
        "Дата переносится один раз без доплаты, если написать за пять рабочих дней.",
    ),
    (
        "regulation",
        "Возврат предоплаты",
        "Клиент отказался после оплаты: считаем **фактические** расходы, остаток вернём.",
    ),
    ("case", "Рекламация на помещение", "Шумный зал. Заменили зал, ещё раз провели тренинг, клиент остался."),
    ("service", "Скидки", "Скидка постоянным клиентам. Скидка, скидки, скидок. Расходы не возвращаются."),
)


@pytest.fixture
def office(env):
    return Office(env)


@pytest.fixture
def written(office):
    return [office.do(knowledge.create, *one, status="published", login="nina").id for one in ITEMS]


def found(office, words, **filters):
    return office.see(lambda session: [hit.item.title for hit in knowledge.search(session, words, **filters)])


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("переносы дат", "Как перенести дату тренинга"),
        ("возвраты", "Возврат предоплаты"),
        ("РЕКЛАМАЦИИ", "Рекламация на помещение"),
        ("рекламац", "Рекламация на помещение"),
        ("помещ", "Рекламация на помещение"),
        ("вернем", "Возврат предоплаты"),
        ("еще провели", "Рекламация на помещение"),
        ("скидку", "Скидки"),
        ("фактических расходов", "Возврат предоплаты"),
    ],
)
def test_a_word_is_found_in_any_form_and_before_it_is_typed_to_its_end(office, written, words, first):
    assert found(office, words)[0] == first


def test_a_word_in_the_title_counts_more_and_every_word_must_occur(office, written):
    assert found(office, "тренинг") == ["Как перенести дату тренинга", "Рекламация на помещение"]
    assert found(office, "тренинг зал") == ["Рекламация на помещение"]
    assert found(office, "тренинг небывалое") == []
    assert found(office, "тренинг и в на") == ["Как перенести дату тренинга", "Рекламация на помещение"]
    assert found(office, "%_") == found(office, "")


def test_the_place_is_shown_with_its_words_marked(office, written):
    hit = office.see(lambda session: knowledge.search(session, "расход возврат")[0])
    assert hit.item.title == "Возврат предоплаты"
    assert [hit.snippet[start:end] for start, end in hit.marks] == ["расходы"]
    assert "**" not in hit.snippet


def test_filters_narrow_by_kind_product_and_segment(office, written):
    goods = office.do(products.add, "T-1", "Тренинг", Decimal(1), login="nina")
    office.do(knowledge.change, written[0], product_id=goods.id, segment="retail", login="nina")
    assert found(office, "", kind="case") == ["Рекламация на помещение"]
    assert found(office, "тренинг", product_id=goods.id) == ["Как перенести дату тренинга"]
    assert found(office, "", segment="retail") == ["Как перенести дату тренинга"]
    assert found(office, "", segment="none") == []


def test_a_complaint_is_answered_with_what_shares_its_rare_words(office, written):
    complaint = "Здравствуйте! В зале было очень шумно, помещение не годится для тренинга, прошу заменить."
    hits = office.see(lambda session: knowledge.suggest(session, complaint))
    assert hits[0].item.title == "Рекламация на помещение"
    assert office.see(lambda session: knowledge.suggest(session, "совершенно иное")) == []
    assert office.see(lambda session: knowledge.suggest(session, "и в на")) == []


def test_only_what_is_published_is_found(office, written):
    office.do(knowledge.withdraw, written[1], login="nina")
    draft = office.do(knowledge.create, "faq", "Возврат билетов", "Текст", login="nina").id
    assert found(office, "возврат") == []
    assert found(office, "возврат", statuses=("draft",)) == ["Возврат билетов"]
    office.do(knowledge.publish, draft, login="nina")
    assert found(office, "возврат билет") == ["Возврат билетов"]
    with pytest.raises(WrongState):
        office.do(knowledge.publish, draft, login="nina")


def test_every_version_stays_readable_and_two_writers_do_not_overwrite_each_other(office, written):
    office.do(knowledge.change, written[0], 1, body="Новый текст о переносе", login="gleb")
    with pytest.raises(Conflict):
        office.do(knowledge.change, written[0], 1, body="Ещё новее", login="nina")
    office.do(knowledge.change, written[0], 2, body="Новый текст о переносе", login="nina")
    versions = office.see(lambda session: knowledge.versions(session, written[0]))
    assert [one.number for one in versions] == [2, 1]
    assert versions[1].body == ITEMS[0][2]
    assert found(office, "доплаты") == []
    assert found(office, "новый текст") == ["Как перенести дату тренинга"]


def test_only_those_who_answer_for_it_write(office, written):
    for login in ("anna", "vera", "artem"):
        with pytest.raises(Forbidden):
            office.do(knowledge.create, "faq", "А", "Б", login=login)
    for login in ("nina", "quentin", "gleb", "elena", "maria"):
        assert office.do(knowledge.create, "faq", "А", "Б", login=login).id


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "x"}, "kind"),
        ({"title": " "}, "title"),
        ({"title": "я" * 201}, "title"),
        ({"body": ""}, "body"),
        ({"product_id": 99}, "product_id"),
        ({"complaint_id": 99}, "complaint_id"),
    ],
)
def test_what_is_wrong_is_said_field_by_field(office, wrong, field):
    given = {"kind": "faq", "title": "А", "body": "Б"} | wrong
    with pytest.raises(Invalid) as refused:
        office.do(knowledge.create, login="nina", **given)
    assert field in refused.value.fields


def test_an_item_that_is_not_there(office):
    with pytest.raises(NotFound):
        office.do(knowledge.publish, 99, login="nina")
    assert office.see(lambda session: session.scalars(select(KnowledgeItem)).all()) == []
    assert office.see(lambda session: session.scalars(select(Product)).all()) == []
