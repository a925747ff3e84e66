"""Enquiries and cold calls: who it is, whose client it becomes, whether we may call, and what comes of it."""
from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from engine import instances
from engine.crm import clients, deals
from engine.errors import Invalid, WrongState
from engine.models import (
    Client,
    ClientProduct,
    Contact,
    ContactRecord,
    Deal,
    Message,
    ProcessInstance,
    Product,
    Source,
    User,
)
from tests.stories.story import Story

SAID = {
    "kind": "legal", "name": "ООО «Новый берег»", "last": "Лукина", "first": "Инна", "position": "директор",
    "phone": "+7 912 345-67-89", "email": "lukina@bereg.example.test", "territory": "Пермь", "channel": "phone",
    "need": "Провести тренинг для отдела продаж",
}  # fmt: skip
NEXT = {"date": "2027-03-01", "purpose": "Вернуться к разговору", "product": 1}


def see(story: Story, query: Any) -> Any:
    with story.env.sessions() as session:
        return session.scalars(query).all()


def one(story: Story, model: Any, number: int) -> Any:
    with story.env.sessions() as session:
        return session.get_one(model, number)


def enquire(story: Story, about: str = "need", **said: Any) -> int:
    """Oleg, an operator, writes down an enquiry."""
    begun = story.act("oleg", instances.start, "lead_intake", {})
    story.instance_id = begun.id
    source = see(story, select(Source.id))[0]
    story.complete("Записать обращение", by="oleg", about=about, enquiry=SAID | {"source_id": source} | said)
    return begun.id


def answer(story: Story, result: str, **said: Any) -> None:
    story.complete("Дать первый ответ", answer_result=result, answer_note="Поговорили", **said)


def running(story: Story) -> list[str]:
    return list(see(story, select(ProcessInstance.key).where(ProcessInstance.status == "active")))


def call(story: Story, result: str, **said: Any) -> None:
    story.complete("Позвонить клиенту", by="oleg", call_result=result, call_note="Поговорили", **said)


def begin_calling(story: Story, client: int = 4, login: str = "oleg") -> None:
    begun = story.act(login, instances.start, "attraction", {"product_id": 1}, client_id=client)
    story.instance_id = begun.id
    story.work()


def qualify(story: Story, result: str = "ok", **said: Any) -> None:
    given = {"needs": "Обучить отдел", "probability": 60, "can_deliver": "yes", "money": "confirmed", "risk": "low"}
    story.complete("Квалифицировать сделку", qualification_result=result, **(given | said))


# --- enquiries -------------------------------------------------------------------------------------------------------


def test_who_recommended_us_is_kept_with_the_new_client(story: Story) -> None:
    """R093: by INN, or by the name if it is one client's."""
    enquire(story, recommended_by="Неизвестная фирма")
    assert story.variables_of("Записать обращение")["enquiry_faults"][0].startswith("Кто рекомендовал")
    known = one(story, Client, 1)
    said = SAID | {"source_id": see(story, select(Source.id))[0], "recommended_by": known.name}
    story.complete("Записать обращение", by="oleg", about="need", enquiry=said)
    client = see(story, select(Client).order_by(Client.id.desc()))[0]
    assert (client.name, client.recommended_by_id) == ("ООО «Новый берег»", 1)


def test_a_new_client_with_a_clear_need_becomes_a_deal_of_the_manager_with_the_fewest_deals(story: Story) -> None:
    opened = story.act("anna", deals.open_deal, 1, "Занята другим")
    assert opened.owner_id is not None
    enquire(story)
    client = see(story, select(Client).order_by(Client.id.desc()))[0]
    owner = one(story, User, client.owner_id)
    assert (client.name, owner.login, client.territory) == ("ООО «Новый берег»", "boris", "Пермь")
    assert story.mailbox.to("lukina@bereg.example.test")[0].startswith("О компании")
    story.complete("Дать первый ответ", by="boris", answer_result="long", answer_note="Нужен тренинг на 20 человек",
                   deal_title="Тренинг для отдела продаж", deal_product=1)  # fmt: skip
    deal = see(story, select(Deal).order_by(Deal.id.desc()))[0]
    assert (deal.title, deal.milestone, deal.initiative, deal.cycle) == (
        "Тренинг для отдела продаж", "M0", "client", "long",
    )  # fmt: skip
    assert (deal.source_id, deal.sale_kind, deal.owner_id) == (client.source_id, "first", owner.id)
    sale = see(story, select(ProcessInstance).where(ProcessInstance.key == "sale_long_push"))[0]
    assert (sale.deal_id, sale.client_id, sale.parent_id) == (deal.id, client.id, story.instance_id)
    assert story.open == ["Квалифицировать сделку"]


def test_the_first_answer_is_due_in_four_working_hours(story: Story) -> None:
    enquire(story)
    point = story.points("CP-09")[-1]
    assert point.status == "open"
    story.wait("PT5BH")
    assert any("CP-09" in subject for subject in story.mailbox.to("elena@"))
    answer(story, "later", next_contact=NEXT)
    assert story.points("CP-09")[-1].status == "met"


def test_an_enquiry_without_a_source_is_not_taken(story: Story) -> None:
    story.act("oleg", instances.start, "lead_intake", {})
    with pytest.raises(Invalid):
        story.complete("Записать обращение", by="oleg", about="need", enquiry=SAID)


def test_a_wrong_inn_comes_back_to_the_operator(story: Story) -> None:
    enquire(story, inn="1234567890")
    assert story.open == ["Записать обращение"]
    source = see(story, select(Source.id))[0]
    story.complete("Записать обращение", by="oleg", about="need", enquiry=SAID | {"source_id": source, "inn": None})
    assert story.open == ["Дать первый ответ"]


def test_a_known_client_is_recognised_by_inn_and_gets_a_new_person(story: Story) -> None:
    known = one(story, Client, 1)
    before = len(see(story, select(Client.id)))
    enquire(story, inn=known.inn)
    story.complete("Сверить с известными", by="oleg", identity="known", match_id=1)
    assert len(see(story, select(Client.id))) == before
    person = see(story, select(Contact).order_by(Contact.id.desc()))[0]
    assert (person.client_id, person.last) == (1, "Лукина")
    assert story.variables_of("Дать первый ответ")["lead_kind"] == "contact"
    answer(story, "answered")
    assert running(story) == []


def test_a_unit_of_a_known_client_is_a_client_of_its_own(story: Story) -> None:
    enquire(story, inn=one(story, Client, 1).inn, name="Филиал в Перми")
    story.complete("Сверить с известными", by="oleg", identity="unit", match_id=1)
    unit = see(story, select(Client).order_by(Client.id.desc()))[0]
    assert (unit.parent_id, unit.name) == (1, "Филиал в Перми")
    assert unit.owner_id is not None


def test_a_person_known_by_phone_is_entered_once(story: Story) -> None:
    known = see(story, select(Contact).where(Contact.phone.is_not(None)))[0]
    before = len(see(story, select(Contact.id)))
    enquire(story, phone=known.phone, email=None)
    story.complete("Сверить с известными", by="oleg", identity="known", match_id=known.client_id)
    assert len(see(story, select(Contact.id))) == before
    assert story.variables_of("Дать первый ответ")["lead_kind"] == "known"


def test_a_complaint_goes_on_as_a_complaint(story: Story) -> None:
    enquire(story, "complaint", need="Тренер опоздал на два часа")
    told = [row for row in see(story, select(Message)) if row.name == "complaint_received"]
    started = see(story, select(ProcessInstance).where(ProcessInstance.key == "complaint"))
    assert told or started
    assert story.instance.status == "completed"


def test_who_asks_not_to_be_approached_is_put_on_the_stop_list(story: Story) -> None:
    enquire(story, "opt_out", need="Больше не звоните нам")
    client = see(story, select(Client).order_by(Client.id.desc()))[0]
    assert (client.stop_list, story.open) == (True, [])


def test_somebody_who_is_no_client_is_kept_with_the_reason(story: Story) -> None:
    enquire(story, "not_target", need="Предлагают рекламу в журнале")
    client = see(story, select(Client).order_by(Client.id.desc()))[0]
    assert (client.target, story.open) == (False, [])


def test_no_need_yet_means_a_next_contact_with_day_purpose_and_product(story: Story) -> None:
    enquire(story, "interest")
    answer(story, "later", next_contact=NEXT)
    client = see(story, select(Client).order_by(Client.id.desc()))[0]
    assert (str(client.next_contact_on), client.next_contact_product_id) == ("2027-03-01", 1)
    assert client.next_contact_purpose == "Вернуться к разговору"


def test_a_simple_product_goes_by_the_short_sale(story: Story) -> None:
    def simple(work: Any) -> None:
        work.session.get_one(Product, 1).simple = True

    story.act("elena", simple)
    enquire(story, product_id=1)
    assert story.variables_of("Дать первый ответ")["answer_result"] == "short"
    answer(story, "short", deal_title="Тренинг", deal_product=1)
    assert "sale_short_push" in running(story)


# --- cold calls ------------------------------------------------------------------------------------------------------


def test_interest_leads_over_qualification_to_a_date_of_the_presentation_and_a_long_sale(story: Story) -> None:
    begin_calling(story)
    call(story, "interested", need="Обучить отдел")
    assert story.open == ["Квалифицировать сделку"]
    qualify(story)
    story.complete("Формализовать требования", event_parameters="20 человек, два дня")
    story.complete("Назначить презентацию", presentation_at="2026-11-24T11:00", presentation_place="У клиента")
    deal = see(story, select(Deal).order_by(Deal.id.desc()))[0]
    assert (deal.milestone, deal.probability, deal.need) == ("M1", 60, "Обучить отдел")
    sale = see(story, select(ProcessInstance).where(ProcessInstance.key == "sale_long_pull"))[0]
    assert (sale.deal_id, story.open) == (deal.id, ["Договориться о презентации"])


def test_nobody_answers_five_times_and_the_client_is_left_in_peace_for_two_months(story: Story) -> None:
    begin_calling(story)
    for _ in range(5):
        assert story.open == ["Позвонить клиенту"]
        call(story, "no_answer")
        story.wait("P2BD")
    assert story.open == [] or "Позвонить клиенту" not in story.open
    client = one(story, Client, 4)
    assert client.next_contact_on is not None
    assert len(see(story, select(ContactRecord).where(ContactRecord.result == "no_answer"))) == 5


def test_a_later_call_comes_on_its_day(story: Story) -> None:
    begin_calling(story)
    call(story, "later", call_again="2026-11-20")
    assert story.open == []
    story.wait("P5BD")
    assert story.open == ["Позвонить клиенту"]


def test_a_refusal_is_counted_at_the_first_milestone(story: Story) -> None:
    begin_calling(story)
    refusal = {"category": "no_need", "comment": "Обучают сами"}
    call(story, "refused", refusal=refusal, next_contact=NEXT)
    deal = see(story, select(Deal).order_by(Deal.id.desc()))[0]
    assert (deal.status, deal.refusal_category, deal.refusal_milestone) == ("lost", "no_need", "M0")
    refused = see(story, select(ClientProduct))
    assert [(row.client_id, row.product_id, row.refusal_category) for row in refused] == [(4, 1, "no_need")]
    assert one(story, Client, 4).next_contact_on is not None


def test_who_asks_not_to_be_called_is_not_called_again(story: Story) -> None:
    begin_calling(story)
    call(story, "refused", refusal={"category": "illegal_contact", "comment": "Запретили звонить"}, call_stop=True)
    assert one(story, Client, 4).stop_list
    begin_calling(story)
    assert (story.open, story.instance.status) == ([], "completed")


def test_a_private_person_is_called_only_with_a_consent(story: Story) -> None:
    person = story.act("anna", clients.create_client, "person", "Ольга Белкина")
    story.act("elena", clients.add_contact, person.id, "Белкина", "Ольга", "", phone="+7 912 000-00-01")
    begin_calling(story, person.id)
    assert (story.open, story.instance.status) == ([], "completed")
    assert story.mailbox.to("oleg@") == ["Звонить нельзя: Ольга Белкина"]


def test_a_call_at_night_waits_for_the_morning(story: Story) -> None:
    story.clock.now = story.clock.now.replace(hour=20)
    begin_calling(story)
    assert story.open == []
    story.wait("PT1BH")
    assert story.open == ["Позвонить клиенту"]


def test_the_wrong_person_gives_way_to_the_right_one(story: Story) -> None:
    begin_calling(story)
    person = {"last": "Зотова", "first": "Рита", "position": "закупки", "phone": "+7 912 000-00-02"}
    call(story, "wrong_contact", person=person)
    seen = story.variables_of("Позвонить клиенту")
    assert one(story, Contact, int(seen["contact_id"])).last == "Зотова"


def test_a_cold_call_is_about_one_client_once_at_a_time(story: Story) -> None:
    with pytest.raises(Invalid):
        story.act("oleg", instances.start, "attraction", {})
    begin_calling(story)
    with pytest.raises(WrongState):
        story.act("oleg", instances.start, "attraction", {}, client_id=4)


# --- qualification ---------------------------------------------------------------------------------------------------


def test_a_doubt_is_put_to_a_consultant_before_the_requirements(story: Story) -> None:
    begin_calling(story)
    call(story, "interested", need="Обучить отдел")
    qualify(story, can_deliver="unsure", consultant_task="Есть ли тренер на декабрь?")
    assert "Формализовать требования" not in story.open
    assert len(story.open) == 1
    consultant_answers(story, "Тренер есть, нужна неделя на подготовку")
    assert "неделя на подготовку" in story.variables_of("Решить после консультации")["consultant_result"]
    story.complete("Решить после консультации", qualification_result="ok")
    story.complete("Формализовать требования", event_parameters="20 человек, декабрь")
    assert see(story, select(Deal).order_by(Deal.id.desc()))[0].milestone == "M1"


def test_what_qualification_found_out_stays_with_the_deal(story: Story) -> None:
    """R215: whoever goes on with the deal reads it there."""
    begin_calling(story)
    call(story, "interested", need="Обучить отдел")
    qualify(story, decision_maker="Лукина", rival="Вектор роста", risk="high", risk_note="Меняется директор")
    deal = see(story, select(Deal).order_by(Deal.id.desc()))[0]
    assert (deal.probability, deal.prospects) == (60, {
        "money": "confirmed", "decides": "Лукина", "rival": "Вектор роста", "risk": "high",
        "risk_note": "Меняется директор",
    })  # fmt: skip


def test_what_the_consultant_says_we_cannot_do_is_not_qualified(story: Story) -> None:
    begin_calling(story)
    call(story, "interested", need="Обучить отдел")
    qualify(story, can_deliver="no", consultant_task="Есть ли хоть какой-то способ?")
    consultant_answers(story, "Не можем: нет лицензии")
    story.complete("Решить после консультации", qualification_result="refused",
                   refusal={"category": "internal", "comment": "Нет лицензии"})  # fmt: skip
    assert "Формализовать требования" not in story.open
    story.complete("Оформить отказ или отсрочку", next_contact=NEXT)
    deal = see(story, select(Deal).order_by(Deal.id.desc()))[0]
    assert (deal.status, deal.refusal_category, deal.milestone) == ("lost", "internal", "MX")


def consultant_answers(story: Story, answer: str) -> None:
    story.complete("Ответить на поручение", assignment_answer="accept")
    story.complete("Выполнить поручение", assignment_work="report", assignment_result=answer)
    story.complete("Проверить результат", assignment_check="accept")


def test_a_refusal_at_qualification_closes_the_deal(story: Story) -> None:
    begin_calling(story)
    call(story, "interested", need="Обучить отдел")
    qualify(story, "refused", refusal={"category": "no_budget", "comment": "Денег нет до лета"})
    story.complete("Оформить отказ или отсрочку", next_contact=NEXT)
    deal = see(story, select(Deal).order_by(Deal.id.desc()))[0]
    assert (deal.status, deal.refusal_category, deal.refusal_milestone) == ("lost", "no_budget", "M0")


def test_what_is_postponed_at_qualification_comes_back_on_its_day(story: Story) -> None:
    begin_calling(story)
    call(story, "interested", need="Обучить отдел")
    qualify(story, "postponed", postponed_until="2027-02-15", postponed_why="После отпуска директора")
    story.complete("Оформить отказ или отсрочку")
    deal = see(story, select(Deal).order_by(Deal.id.desc()))[0]
    assert (deal.status, deal.refusal_category) == ("lost", "timing")
    assert str(one(story, Client, 4).next_contact_on) == "2027-02-15"


def test_qualification_is_due_in_five_working_days(story: Story) -> None:
    begin_calling(story)
    call(story, "interested", need="Обучить отдел")
    story.wait("P6BD")
    assert any("CP-10" in subject for subject in story.mailbox.to("elena@"))
