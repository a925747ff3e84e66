"""What may go otherwise than R130 has it: R138-R145, each as a story."""
from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from engine.vocabulary import ControlPointStatus, DocumentStatus, InstanceStatus
from tests.stories import steps
from tests.stories.story import Story

REFUSED = {"category": "no_need", "comment": "Нет задач на этот год"}


def lose(story: Story, **refusal: object) -> None:
    """The manager writes down why, and when the client is spoken to again."""
    story.complete("Оформить отказ или отсрочку", **({"refusal": refusal} if refusal else {}))


# --- presentation (R138, R164) ---------------------------------------------------------------------------------------


@pytest.mark.begins_at("presentation")
def test_a_refused_presentation_is_tried_again_on_the_agreed_date(story: Story) -> None:
    story.complete(
        "Договориться о презентации", meeting_agreed="refused", refusal=REFUSED, retry_date="2026-12-01"
    )
    second = story.task("Договориться о презентации")
    assert second.round == 2
    assert second.follow_up_at is not None
    assert second.follow_up_at.date() == date(2026, 12, 1)
    assert story.points("CP-07")[-1].planned_at.date() == date(2026, 12, 1)

    steps.agree_meeting(story, at="2026-12-03T11:00")
    assert story.open == ["Провести встречу"]


@pytest.mark.begins_at("presentation")
def test_after_the_third_refusal_the_deal_is_lost(story: Story) -> None:
    for day in ("2026-12-01", "2026-12-15", "2026-12-29"):
        story.complete("Договориться о презентации", meeting_agreed="refused", refusal=REFUSED, retry_date=day)
    assert story.open == ["Оформить отказ или отсрочку"]
    lose(story)
    assert story.deal["status"] == "lost"
    assert story.deal["refusal"] == {
        "category": "no_need", "comment": "Нет задач на этот год", "competitor": None, "stage": "M0",
    }  # fmt: skip
    assert story.milestones == ["M0", "MX"]


@pytest.mark.begins_at("presentation")
def test_a_moved_meeting_is_agreed_anew_and_its_reminder_goes_with_it(story: Story) -> None:
    steps.agree_meeting(story)
    story.complete("Провести встречу", meeting_result="moved")
    steps.agree_meeting(story, at="2026-11-25T15:00")
    story.wait("P9D")
    reminders = [letter for letter in story.mailbox.letters if "Напоминание о встрече" in str(letter["Subject"])]
    assert ["25.11.2026 15:00" in letter.get_content() for letter in reminders] == [True]


@pytest.mark.begins_at("presentation")
def test_remarks_on_the_protocol_give_its_second_version(story: Story) -> None:
    steps.agree_meeting(story)
    steps.hold_meeting(story)
    story.complete("Составить протокол", needs="Конференция", decisions="Готовим предложение")
    story.send()
    story.complete("Получить подтверждение протокола", protocol_answer="remarks", protocol_remarks="Не тот день")
    story.complete("Составить протокол", decisions="Готовим два предложения")
    story.send()
    story.complete("Получить подтверждение протокола", protocol_answer="confirmed")
    first, second = story.documents("protocol")
    assert (first.number, first.status) == (second.number, DocumentStatus.SUPERSEDED)
    assert second.version == 2
    assert "два предложения" in story.text_of("protocol")


@pytest.mark.begins_at("presentation")
def test_a_protocol_sent_too_late_is_reported_with_its_deviation(story: Story) -> None:
    """AT-20: the owner and the head hear of it, then the head gets a task."""
    steps.agree_meeting(story)
    steps.hold_meeting(story)
    story.complete("Составить протокол", needs="Конференция", decisions="Готовим предложение")
    story.wait("P2BD")
    assert any("CP-01" in subject for subject in story.mailbox.to("anna@"))
    assert any("CP-01" in subject for subject in story.mailbox.to("elena@"))
    story.wait("P2BD")
    assert "Разобраться с просрочкой" in story.open
    story.complete("Разобраться с просрочкой", escalation_decision="help", escalation_reason="Помогу составить письмо")
    story.send()
    (point,) = story.points("CP-01")
    assert point.status == ControlPointStatus.MET
    assert point.deviation == pytest.approx(3, abs=0.5)


# --- proposal (R139, R159, R163) -------------------------------------------------------------------------------------


@pytest.mark.begins_at("proposal")
def test_a_proposal_is_refined_twice_and_then_agreed(story: Story) -> None:
    steps.prepare_proposal(story)
    story.send()
    for version, price in ((2, "230000.00"), (3, "220000.00")):
        story.complete("Защитить предложение", proposal_decision="remarks", proposal_remarks="Дорого")
        task = story.task("Внести правки в предложение")
        assert task.due_at == story.points("CP-06")[-1].planned_at
        lines = [{**steps.LINES[0], "price": price}]
        steps.prepare_proposal(story, "Внести правки в предложение", lines=lines)
        story.send()
        assert story.documents("proposal")[-1].version == version
    story.complete("Защитить предложение", proposal_decision="agreed")
    assert story.deal["total"] == Decimal("220000.00")
    assert len({document.number for document in story.documents("proposal")}) == 1
    assert [document.status for document in story.documents("proposal")] == ["superseded", "superseded", "sent"]
    assert [point.status for point in story.points("CP-06")] == ["met", "met"]
    assert story.milestones[-1] == "M4"
    assert story.mailbox.to("elena@") == []


@pytest.mark.begins_at("proposal")
def test_after_the_third_round_the_head_hears_of_it(story: Story) -> None:
    steps.prepare_proposal(story)
    story.send()
    for _ in range(3):
        story.complete("Защитить предложение", proposal_decision="remarks", proposal_remarks="Дорого")
        steps.prepare_proposal(story, "Внести правки в предложение")
        story.send()
    assert [subject for subject in story.mailbox.to("elena@") if "уточняется" in subject] == [
        f"Предложение уточняется в 4-й раз: {story.deal['number']}"
    ]


@pytest.mark.begins_at("proposal")
def test_a_discount_above_the_limit_is_approved_before_the_client_sees_it(story: Story) -> None:
    """R225."""
    steps.prepare_proposal(story, discount="15")
    assert story.open == ["Согласовать документ"]
    assert story.mailbox.to("zhuravleva@") == []
    story.approve("head")
    story.send()
    assert story.documents("proposal")[0].locked_at is not None
    assert story.deal["total"] == Decimal("311100.00")


@pytest.mark.begins_at("proposal")
def test_silence_is_broken_by_a_reminder_and_ends_in_a_decision(story: Story) -> None:
    """R159: three days before the end the client is reminded, at the end the manager decides."""
    steps.prepare_proposal(story)
    story.send()
    story.wait("P7BD")
    assert any("истекает" in subject for subject in story.mailbox.to("zhuravleva@"))
    story.wait("P3BD")
    assert story.open == ["Решить судьбу предложения"]
    story.complete("Решить судьбу предложения", expired_decision="renew")
    steps.prepare_proposal(story)
    story.send()
    assert story.documents("proposal")[-1].version == 2
    assert story.open == ["Защитить предложение"]


# --- contract (R140, R153, R163) -------------------------------------------------------------------------------------


@pytest.mark.begins_at("contract")
def test_only_the_approver_who_had_a_remark_is_asked_again(story: Story) -> None:
    steps.contract_terms(story)
    story.approve("lawyer", decision="remarks", remark="Добавьте пункт о неустойке")
    story.approve("accountant")
    assert story.open == ["Доработать документ"]
    story.complete(
        "Доработать документ", special_terms="Неустойка за перенос даты — 5 %", correction_note="Добавлен пункт"
    )
    assert story.open == ["Согласовать документ"]
    story.approve("lawyer")
    story.send()
    assert "Неустойка за перенос даты" in story.text_of("contract")
    assert [(document.version, document.status) for document in story.documents("contract")] == [
        (1, DocumentStatus.SUPERSEDED), (2, DocumentStatus.SENT),
    ]  # fmt: skip
    assert len(story.points("CP-12")) == 3


@pytest.mark.begins_at("contract")
def test_all_are_asked_again_if_the_company_wants_it(story: Story) -> None:
    story.env.settings = {**story.env.settings, "approval": {**story.env.settings["approval"], "ask_again": "all"}}
    steps.contract_terms(story)
    story.approve("lawyer", decision="remarks", remark="Добавьте пункт о неустойке")
    story.approve("accountant")
    story.complete("Доработать документ", special_terms="Неустойка 5 %", correction_note="Добавлен пункт")
    assert story.open == ["Согласовать документ", "Согласовать документ"]


@pytest.mark.begins_at("contract")
def test_a_rejection_ends_the_approval_and_the_contract_is_corrected(story: Story) -> None:
    steps.contract_terms(story)
    story.approve("accountant", decision="reject", remark="Такой график оплаты нам не подходит")
    assert story.open == ["Исправить договор"]
    steps.contract_terms(story, "Исправить договор", schedule="half")
    steps.approve_contract(story)
    story.send()
    assert [part["sum"] for part in story.deal["payments"]] == [Decimal("183000.00"), Decimal("183000.00")]


@pytest.mark.begins_at("contract")
def test_a_large_contract_needs_the_director_too(story: Story) -> None:
    story.act("anna", _set_lines, story.deal_id, [{**steps.LINES[0], "price": "600000.00"}])
    steps.contract_terms(story)
    assert story.open == ["Согласовать документ"] * 3
    steps.approve_contract(story)
    story.approve("director")
    assert story.open == ["Проверить и отправить"]


@pytest.mark.begins_at("contract")
def test_an_absent_approvers_substitute_answers_for_him(story: Story) -> None:
    story.stands_in("boris", for_whom="lidia")
    steps.contract_terms(story)
    story.approve("lawyer", by="boris")
    story.approve("accountant")
    assert story.open == ["Проверить и отправить"]


@pytest.mark.begins_at("contract")
def test_the_clients_remarks_lead_through_a_protocol_of_disagreement_to_a_new_version(story: Story) -> None:
    steps.contract_terms(story)
    steps.approve_contract(story)
    story.send()
    story.complete("Получить подписанный договор", contract_decision="remarks", contract_remarks="Оплата после акта")
    story.complete(
        "Разобрать протокол разногласий", disagreement_result="partly", special_terms="Оплата второй части после акта",
        schedule="half",
    )  # fmt: skip
    steps.approve_contract(story)
    story.send()
    story.complete("Получить подписанный договор", contract_decision="signed")
    assert "Оплата второй части после акта" in story.text_of("contract")
    assert story.documents("contract")[-1].status == DocumentStatus.SIGNED
    assert [point.status for point in story.points("CP-06")] == [ControlPointStatus.MET]
    assert story.milestones[-1] == "M5"


# --- payment (R141, R142, R160, R218) --------------------------------------------------------------------------------


@pytest.mark.begins_at("contract")
def test_half_before_and_half_after_the_event(story: Story) -> None:
    """The second half is awaited while the client is asked for his opinion; the deal is closed after both."""
    half = Decimal("183000.00")
    steps.contract(story, schedule="half")
    steps.pay(story, half)
    steps.handover(story)
    steps.event(story)
    assert story.open == ["Проверить и отправить", "Проверить и отправить"]
    story.send()
    story.send()
    steps.answers(story, survey_terms=4)
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
    story.complete("Перечислить деньги клиенту", refund_reference="77")
    lose(story, category="internal", comment="Совет директоров клиента отменил мероприятие")
    assert story.deal["paid"] == Decimal("66000.00")
    assert story.deal["status"] == "lost"
    assert story.deal["refusal"]["stage"] == "M6"
    assert story.points("CP-26")[0].status == ControlPointStatus.MET
    assert story.instance.status == InstanceStatus.COMPLETED
    assert story.open == ["Связаться с клиентом"]


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
            {"title": "Сценарий", "due": "2026-11-27", "client_approval": True},
            {"title": "Площадка", "due": "2026-11-30", "client_approval": False},
        ],
    )
    assert story.open == ["Выполнить шаг", "Выполнить шаг"]
    story.complete("Выполнить шаг", step_result="Сценарий написан")
    story.complete("Выполнить шаг", step_result="Площадка снята")
    assert story.open == ["Согласовать шаг с клиентом"]
    story.complete("Согласовать шаг с клиентом", step_answer="remarks", step_remarks="Короче")
    story.complete("Выполнить шаг", step_result="Сценарий короче")
    story.complete("Согласовать шаг с клиентом", step_answer="approved")
    assert story.open == ["Провести мероприятие"]


@pytest.mark.begins_at("delivery")
def test_a_moved_event_keeps_its_control_point_with_the_new_date(story: Story) -> None:
    story.complete("Составить план подготовки", preparation=[])
    story.complete("Провести мероприятие", event_result="moved", event_note="Площадка занята")
    story.complete("Согласовать новую дату", event_at="2026-12-22T10:00", move_reason="Площадка занята")
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
    assert story.open == ["Зарегистрировать заявление"]


@pytest.mark.begins_at("delivery")
def test_objections_to_the_act_are_settled_before_it_is_signed(story: Story) -> None:
    story.complete("Составить план подготовки", preparation=[])
    steps.carry_out(story)
    story.send()
    story.complete("Получить подписанный акт", act_answer="objection", act_objection="Не было записи докладов")
    story.complete("Разобрать возражения по акту", objection_result="Записи переданы")
    steps.act(story)
    assert story.documents("act")[-1].version == 2
    assert story.documents("act")[-1].status == DocumentStatus.SIGNED


# --- satisfaction (R144) ---------------------------------------------------------------------------------------------


@pytest.mark.begins_at("evaluation")
@pytest.mark.parametrize(("worst", "priority"), [(2, 80), (3, 60)])
def test_a_low_mark_is_looked_into_by_quality(story: Story, worst: int, priority: int) -> None:
    """AT-13: the worst answer counts; two and below is open, three hidden dissatisfaction."""
    steps.survey(story, survey_documents=worst)
    task = story.task("Разобрать недовольство")
    assert task.priority == priority
    assert story.performer(task) == "quentin"
    story.complete(
        "Разобрать недовольство", cause="Счёт с ошибкой", remedy="Извинились, исправили",
        prevention="Проверка реквизитов", client_satisfied="yes",
    )  # fmt: skip
    assert story.milestones[-1] == "M8"


@pytest.mark.begins_at("evaluation")
def test_no_answer_to_the_questionnaire_means_a_call(story: Story) -> None:
    """R252."""
    story.send()
    story.wait("P5BD")
    assert story.open == ["Опросить по телефону"]
    story.complete("Опросить по телефону", phone_result="no_answer")
    assert story.milestones[-1] == "M8"
    assert story.open == ["Договориться о следующем контакте"]


# --- everywhere (R065, R145, R227) -----------------------------------------------------------------------------------

@pytest.mark.begins_at("proposal")
def test_a_refused_proposal_carries_reason_competitor_and_stage(story: Story) -> None:
    steps.prepare_proposal(story)
    story.send()
    why = {"category": "competitor", "competitor": "ООО «Другие»", "comment": "Дешевле на треть"}
    story.complete("Защитить предложение", proposal_decision="refused", refusal=why)
    lose(story)
    assert story.deal["refusal"] == {**why, "stage": "M3"}
    assert story.documents("proposal")[0].status == DocumentStatus.CANCELLED


@pytest.mark.begins_at("contract")
def test_a_refused_contract_is_lost_at_its_stage(story: Story) -> None:
    steps.contract_terms(story)
    steps.approve_contract(story)
    story.send()
    why = {"category": "payment_terms", "comment": "Платят только по факту"}
    story.complete("Получить подписанный договор", contract_decision="refused", refusal=why)
    lose(story)
    assert (story.deal["refusal"]["category"], story.deal["refusal"]["stage"]) == ("payment_terms", "M4")


@pytest.mark.begins_at("payment")
def test_an_invoice_that_will_not_be_paid_ends_the_deal(story: Story) -> None:
    story.send()
    story.wait("P5BD")
    why = {"category": "no_budget", "comment": "Бюджет заморожен"}
    story.complete("Связаться по неоплаченному счёту", expired_invoice_decision="refused", refusal=why)
    lose(story)
    assert (story.deal["refusal"]["category"], story.deal["refusal"]["stage"]) == ("no_budget", "M5")


@pytest.mark.parametrize("point", sorted(set(steps.POINTS) - {"closing"}))
def test_the_client_may_leave_at_every_stage(story_at: object, point: str) -> None:
    """AT-17, R145."""
    story: Story = story_at(point)  # type: ignore[operator]
    reached = story.milestones[-1]
    story.client_cancels()
    if story.deal["paid"] > 0:
        story.complete("Зарегистрировать заявление")
        story.complete("Определить основание возврата", refund_due="not_due")
    lose(story, category="timing", comment="Всё отложено на неопределённый срок")
    assert story.deal["status"] == "lost"
    assert story.deal["refusal"]["stage"] == reached
    assert story.milestones[-1] == "MX"
    assert story.open == ["Связаться с клиентом"]
    assert story.instance.status == InstanceStatus.COMPLETED
    assert story.chain_is_whole()


@pytest.mark.begins_at("proposal")
def test_a_postponed_deal_keeps_its_date(story: Story) -> None:
    steps.prepare_proposal(story)
    story.send()
    story.complete(
        "Защитить предложение", proposal_decision="postponed", postponed_until="2027-03-01",
        postponed_why="Вернёмся после отчётности",
    )  # fmt: skip
    story.complete("Оформить отказ или отсрочку")
    assert story.deal["next_contact"]["date"] == date(2027, 3, 1)
    assert story.deal["refusal"]["category"] == "timing"
    assert story.deal["refusal"]["comment"] == "Вернёмся после отчётности"


@pytest.mark.begins_at("presentation")
def test_a_client_who_wants_no_calls_goes_to_the_stop_list(story: Story) -> None:
    story.client_cancels()
    story.complete(
        "Оформить отказ или отсрочку", keep_contact="stop",
        refusal={"category": "trust", "comment": "Просит не звонить"},
    )
    assert story.client.stop_list
    assert story.deal["next_contact"] is None
    assert story.open == []


@pytest.mark.begins_at("contract")
def test_a_deal_without_movement_comes_before_the_head_and_then_the_director(story: Story) -> None:
    """R227: work goes on meanwhile."""
    story.wait("P20BD")
    assert "Решить, как сдвинуть сделку" in story.open
    assert "Подготовить условия договора" in story.open
    story.complete("Решить, как сдвинуть сделку", stalled_decision="extend", stalled_reason="Ждём новый бюджет клиента")
    story.wait("P5BD")
    assert "Вмешаться в сделку" in story.open
    story.complete("Вмешаться в сделку", director_note="Позвоню сам")
    steps.contract(story)
    assert story.milestones[-1] == "M5"


@pytest.mark.begins_at("contract")
def test_the_head_may_close_a_deal_that_does_not_move(story: Story) -> None:
    story.wait("P20BD")
    story.complete("Решить, как сдвинуть сделку", stalled_decision="close", stalled_reason="Клиент не отвечает месяц")
    assert "Подготовить условия договора" not in story.open
    lose(story, category="lost_contact", comment="Клиент не отвечает месяц")
    assert story.deal["status"] == "lost"


@pytest.mark.begins_at("handover")
def test_project_leads_may_return_the_project_with_a_remark(story: Story) -> None:
    """R230."""
    story.complete("Принять проект в работу", handover_result="returned", handover_remarks="Нет состава участников")
    story.complete("Дополнить данные проекта", handover_answer="Состав в приложении")
    steps.handover(story)
    assert story.milestones[-1] == "M6a"


@pytest.mark.begins_at("presentation")
def test_the_next_step_waits_for_the_protocol_to_be_sent(story: Story) -> None:
    """CP-01 is demanded by the step after it."""
    steps.agree_meeting(story)
    steps.hold_meeting(story)
    story.complete("Составить протокол", needs="Конференция", decisions="Готовим предложение")
    with pytest.raises(AssertionError, match="no open task"):
        story.complete("Получить подтверждение протокола", protocol_answer="confirmed")
    story.send()
    story.complete("Получить подтверждение протокола", protocol_answer="confirmed")
    assert story.points("CP-01")[0].status == ControlPointStatus.MET


def _set_lines(work: object, deal_id: int, lines: list[dict[str, str]]) -> None:
    from engine.crm import deals

    deals.set_lines(work, deal_id, lines)  # type: ignore[arg-type]

