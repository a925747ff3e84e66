"""What may go otherwise once the contract is signed: R141-R144, R155, R160, R161, R230."""
from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from engine.crm.facts import client_facts
from engine.errors import Invalid
from engine.vocabulary import ControlPointStatus, DocumentStatus, InstanceStatus
from tests.stories import complaints, steps
from tests.stories.steps import lose
from tests.stories.story import Story

# --- payment (R141, R142, R160, R218) --------------------------------------------------------------------------------


@pytest.mark.begins_at("contract")
def test_half_before_and_half_after_the_event(story: Story) -> None:
    """The second half is awaited while the client is asked for his opinion; the deal is closed after both."""
    half = Decimal("183000.00")
    steps.contract(story, schedule="half")
    steps.pay(story, half)
    steps.handover(story)
    steps.event(story)
    assert story.open == ["Проверить и отправить"]
    story.send()
    steps.survey(story, survey_terms=4)
    assert story.open == ["Отметить поступление оплаты"]
    steps.receive(story, half, "102")
    assert story.open == ["Договориться о следующем контакте"]
    story.complete("Договориться о следующем контакте")
    assert story.deal["paid"] == steps.TOTAL
    assert [invoice.total for invoice in story.documents("invoice")] == [half, half]
    assert story.deal["status"] == "won"


@pytest.mark.begins_at("payment")
def test_money_that_comes_in_pieces_is_awaited_to_the_last_rouble(story: Story) -> None:
    story.send()
    steps.receive(story, Decimal("100000.00"), "11")
    assert story.variables_of("Отметить поступление оплаты")["payment_sum"] == Decimal("266000.00")
    steps.receive(story, Decimal("266000.00"), "12")
    assert story.milestones[-1] == "M6"


@pytest.mark.begins_at("payment")
def test_an_overpayment_is_returned(story: Story) -> None:
    story.send()
    steps.receive(story, Decimal("370000.00"), "11")
    story.complete("Решить о переплате", overpayment_decision="refund")
    assert story.deal["paid"] == steps.TOTAL
    assert story.milestones[-1] == "M6"


@pytest.mark.begins_at("payment")
def test_an_expired_invoice_is_issued_again_under_a_new_number(story: Story) -> None:
    story.send()
    story.wait("P3BD")
    assert any("Напоминание об оплате" in subject for subject in story.mailbox.to("zhuravleva@"))
    story.wait("P2BD")
    assert story.open == ["Связаться по неоплаченному счёту"]
    story.complete("Связаться по неоплаченному счёту", expired_invoice_decision="reissue")
    story.send()
    old, new = story.documents("invoice")
    assert old.status == DocumentStatus.CANCELLED
    assert new.number != old.number
    assert story.open == ["Отметить поступление оплаты"]


@pytest.mark.begins_at("payment")
def test_an_expired_invoice_is_issued_again_at_the_price_the_head_sets(story: Story) -> None:
    """The contract has a price of its own: a specification with the new one goes to the client before the invoice."""
    story.send()
    story.wait("P5BD")
    story.complete("Связаться по неоплаченному счёту", expired_invoice_decision="new_price")
    lines = [{**steps.LINES[0], "price": "200000.00"}]
    story.complete("Назначить новую цену", by="elena", lines=lines, price_reason="Клиент отказался от опроса")
    assert story.deal["total"] == Decimal("200000.00")
    story.send()
    assert "200 000,00" in story.text_of("contract_specification")
    assert "к договору № 0001/26" in story.text_of("contract_specification")
    story.send()
    old, new = story.documents("invoice")
    assert (old.status, new.total) == (DocumentStatus.CANCELLED, Decimal("200000.00"))
    steps.receive(story, Decimal("200000.00"), "105")
    assert story.milestones[-1] == "M6"


@pytest.mark.begins_at("payment")
def test_after_the_first_money_the_price_changes_no_more(story: Story) -> None:
    story.send()
    steps.receive(story, Decimal("100000.00"), "11")
    story.wait("P5BD")
    with pytest.raises(Invalid):
        story.complete("Связаться по неоплаченному счёту", expired_invoice_decision="new_price")


@pytest.mark.begins_at("handover")
def test_a_client_who_leaves_after_the_prepayment_gets_his_money_back_less_expenses(story: Story) -> None:
    """AT-19, R142."""
    story.client_cancels()
    assert story.open == ["Зарегистрировать заявление"]
    story.complete("Зарегистрировать заявление", refund_reason="Мероприятие отменено советом директоров")
    story.complete("Определить основание возврата", refund_due="due")
    spent = [{"name": "Аванс площадке", "proof": "п/п 55", "sum": "66000.00"}]
    story.complete("Посчитать расходы", refund_expenses=spent)
    story.approve("lawyer")
    story.approve("director")
    story.send()
    assert "300 000,00" in story.text_of("refund_agreement")
    story.complete("Получить подписанное соглашение", refund_answer="signed")
    story.complete("Перечислить деньги клиенту", refund_reference="77")
    lose(story, category="internal", comment="Совет директоров клиента отменил мероприятие")
    assert story.deal["paid"] == Decimal("66000.00")
    assert story.deal["status"] == "lost"
    assert story.deal["refusal"]["stage"] == "M6"
    assert story.points("CP-26")[0].status == ControlPointStatus.MET
    assert story.instance.status == InstanceStatus.COMPLETED
    assert story.open == ["Принять НДС аванса к вычету", "Связаться с клиентом"]


@pytest.mark.begins_at("payment")
def test_a_client_who_leaves_before_any_money_came_gets_no_refund(story: Story) -> None:
    story.send()
    story.client_cancels()
    assert story.open == ["Оформить отказ или отсрочку"]
    lose(story, category="no_budget", comment="Бюджет заморожен")
    assert story.documents("invoice")[0].status == DocumentStatus.CANCELLED
    assert story.deal["status"] == "lost"


# --- the event (R143, R155, R161) ------------------------------------------------------------------------------------


@pytest.mark.begins_at("delivery")
def test_preparatory_steps_are_done_side_by_side_and_some_are_agreed_with_the_client(story: Story) -> None:
    story.complete(
        "Составить план подготовки",
        preparation=[
            {"title": "Сценарий", "executor": "pavel", "due": "2026-11-27", "client_approval": True},
            {"title": "Площадка", "due": "2026-11-30", "client_approval": False},
        ],
    )
    assert story.open == ["Выполнить шаг", "Выполнить шаг"]
    story.complete("Выполнить шаг", step_result="Сценарий написан")
    story.complete("Выполнить шаг", step_result="Площадка снята")
    assert story.open == ["Согласовать шаг с клиентом"]
    assert any("На согласование: Сценарий" in subject for subject in story.mailbox.to("zhuravleva@"))
    story.complete("Согласовать шаг с клиентом", step_answer="remarks", step_remarks="Короче")
    story.complete("Выполнить шаг", step_result="Сценарий короче")
    story.complete("Согласовать шаг с клиентом", step_answer="approved")
    assert story.open == ["Провести мероприятие"]
    assert any("Всё готово к мероприятию" in subject for subject in story.mailbox.to("anna@"))


@pytest.mark.begins_at("delivery")
def test_everybody_is_reminded_of_the_event_and_the_client_of_his_act(story: Story) -> None:
    """CP-04, CP-16, R231."""
    story.complete("Составить план подготовки", preparation=[])
    steps.carry_out(story)
    assert any("Завтра мероприятие" in str(letter["Subject"]) for letter in story.mailbox.letters)
    assert any("Итог мероприятия" in subject for subject in story.mailbox.to("anna@"))
    story.send()
    story.wait("P5BD")
    assert any("Напоминаем об акте" in subject for subject in story.mailbox.to("zhuravleva@"))


@pytest.mark.begins_at("delivery")
def test_a_moved_event_keeps_its_control_point_with_the_new_date(story: Story) -> None:
    story.complete("Составить план подготовки", preparation=[])
    story.complete("Провести мероприятие", event_result="moved", event_note="Площадка занята")
    story.complete("Согласовать новую дату", event_at="2026-12-22T10:00", move_reason="Площадка занята")
    assert story.open == ["Проверить и отправить"]
    story.send()
    assert "22 декабря 2026" in story.text_of("contract_specification")
    assert story.points("CP-04")[-1].planned_at.date() == date(2026, 12, 23)
    steps.carry_out(story)
    steps.act(story)
    assert story.milestones[-1] == "M7"
    assert "22.12.2026" in story.text_of("act") or "22 декабря 2026" in story.text_of("act")


@pytest.mark.begins_at("delivery")
def test_an_event_cancelled_by_us_leads_to_a_refund(story: Story) -> None:
    story.complete("Составить план подготовки", preparation=[])
    story.complete(
        "Провести мероприятие", event_result="cancelled", event_note="Ведущий заболел",
        refusal={"category": "internal", "comment": "Некому вести"},
    )  # fmt: skip
    assert story.open == ["Зарегистрировать жалобу", "Зарегистрировать заявление"]
    told = story.variables_of("Зарегистрировать жалобу")
    assert told["complaint_origin"] == "employee"
    assert "Ведущий заболел" in told["complaint_essence"]
    assert story.variables_of("Зарегистрировать заявление")["refund_reason"] == "Мероприятие отменил исполнитель"


@pytest.mark.begins_at("payment")
def test_a_deal_put_off_with_money_received_does_not_keep_it(story: Story) -> None:
    """R142: part of the money had come before the client put the deal off."""
    story.send()
    steps.receive(story, Decimal("100000.00"), "11")
    story.wait("P5BD")
    why = {"postponed_until": "2027-02-01", "postponed_why": "Заморожен бюджет"}
    story.complete("Связаться по неоплаченному счёту", expired_invoice_decision="postponed", **why)
    assert story.open == ["Зарегистрировать заявление"]
    assert story.variables_of("Зарегистрировать заявление")["refund_reason"] == "Сделка отложена: Заморожен бюджет"


@pytest.mark.begins_at("delivery")
def test_what_was_not_rendered_is_taken_off_the_price_and_the_act_names_the_rest(story: Story) -> None:
    """R155: the money that is thereby too much goes back when the deal is closed."""
    story.complete("Составить план подготовки", preparation=[])
    story.until(story.variables_of("Провести мероприятие")["event_at"])
    story.complete("Провести мероприятие", event_result="partly", event_note="Провели один опрос из двух")
    rows = [{"rendered_quantity": "1"}, {"rendered_quantity": "1"}]
    story.complete("Решить, что с неоказанным", rest_decision="taken_off", rendered=rows)
    steps.act(story)
    assert "305 000,00" in story.text_of("act")
    assert (story.deal["total"], story.deal["balance"]) == (Decimal("305000.00"), Decimal("-61000.00"))
    steps.survey(story, survey_terms=4)
    story.complete("Закрыть документы и долги", gaps_closed=True, surplus_reference="88")
    assert story.deal["balance"] == 0
    story.complete("Договориться о следующем контакте")
    assert story.deal["status"] == "won"


@pytest.mark.begins_at("delivery")
def test_what_is_left_of_an_event_may_be_rendered_on_another_day(story: Story) -> None:
    story.complete("Составить план подготовки", preparation=[])
    story.complete("Провести мероприятие", event_result="partly", event_note="Осталась вторая волна опроса")
    story.complete("Решить, что с неоказанным", rest_decision="planned", event_at="2026-12-22T10:00")
    assert story.open == ["Провести мероприятие"]
    assert story.documents("act") == []
    steps.carry_out(story)
    steps.act(story)
    assert story.deal["total"] == steps.TOTAL


@pytest.mark.begins_at("delivery")
def test_objections_to_the_act_are_a_complaint_and_are_settled_before_it_is_signed(story: Story) -> None:
    story.complete("Составить план подготовки", preparation=[])
    steps.carry_out(story)
    story.send()
    story.complete("Получить подписанный акт", act_answer="objection", act_objection="Не было записи докладов")
    told = story.variables_of("Зарегистрировать жалобу")
    assert (told["complaint_origin"], told["complaint_deal"]) == ("act", story.deal_id)
    assert "Не было записи докладов" in told["complaint_essence"]
    story.complete("Разобрать возражения по акту", objection_result="Записи переданы")
    steps.act(story)
    assert story.documents("act")[-1].version == 2
    assert story.documents("act")[-1].status == DocumentStatus.SIGNED


# --- satisfaction (R144) ---------------------------------------------------------------------------------------------


@pytest.mark.begins_at("evaluation")
@pytest.mark.parametrize(("worst", "explicitness"), [(2, "explicit"), (3, "hidden")])
def test_a_low_mark_becomes_a_complaint_and_the_sale_waits_for_its_end(
    story: Story, worst: int, explicitness: str
) -> None:
    """AT-13: the worst answer counts; two and below is open, three hidden dissatisfaction."""
    steps.survey(story, survey_documents=worst)
    assert story.open == ["Зарегистрировать жалобу"]
    seen = story.variables_of("Зарегистрировать жалобу")
    assert (seen["complaint_explicitness"], seen["complaint_origin"]) == (explicitness, "survey")
    complaints.handled(story)
    assert story.milestones[-1] == "M8"
    assert story.open == ["Договориться о следующем контакте"]


@pytest.mark.begins_at("evaluation")
def test_no_answer_to_the_questionnaire_means_a_call(story: Story) -> None:
    """R252."""
    story.wait("P5BD")
    assert story.open == ["Опросить по телефону"]
    story.complete("Опросить по телефону", phone_result="no_answer")
    assert story.milestones[-1] == "M8"
    assert story.open == ["Договориться о следующем контакте"]


@pytest.mark.begins_at("handover")
def test_project_leads_may_return_the_project_with_a_remark(story: Story) -> None:
    """R230."""
    story.complete("Принять проект в работу", handover_result="returned", handover_remarks="Нет состава участников")
    story.complete("Дополнить данные проекта", handover_answer="Состав в приложении")
    steps.handover(story)
    assert story.milestones[-1] == "M6a"


@pytest.mark.begins_at("contract")
def test_units_get_their_tasks_with_the_project_and_the_manager_confirms_that_support_has_begun(story: Story) -> None:
    """R230, R231: money that is still to come gives the accountants a task too; add-on sales are kept."""
    steps.contract(story, schedule="half")
    steps.pay(story, Decimal("183000.00"))
    story.complete("Принять проект в работу", handover_result="accepted", addon_sales="Спрашивали о тренинге")
    assert story.open == [steps.UNIT_TASK, steps.UNIT_TASK]
    assert {story.task_of(steps.UNIT_TASK, group).name for group in ("quality", "accountant")} == {steps.UNIT_TASK}
    story.complete(steps.UNIT_TASK, errand_result="Закреплена Ольга")
    story.complete(steps.UNIT_TASK, errand_result="Реквизиты верны")
    told = story.variables_of("Подтвердить начало поддержки")["handover_results"]
    assert {one["result"] for one in told} == {"Закреплена Ольга", "Реквизиты верны"}
    story.complete("Подтвердить начало поддержки", support_answer="not_yet", support_remarks="Клиенту не позвонили")
    assert story.variables_of(steps.UNIT_TASK)["support_remarks"] == "Клиенту не позвонили"
    story.complete(steps.UNIT_TASK, errand_result="Позвонили")
    story.complete(steps.UNIT_TASK, errand_result="Готово")
    story.complete(
        "Подтвердить начало поддержки", support_answer="started",
        add_on_sales=[{"need": "Тренинг для продавцов", "product_id": None}],
    )  # fmt: skip
    assert story.open == ["Составить план подготовки"]
    with story.env.sessions() as session:
        said = client_facts(session, story.client)["needs"]
    assert [(one["need"], one["product_id"]) for one in said] == [("Тренинг для продавцов", None)]
