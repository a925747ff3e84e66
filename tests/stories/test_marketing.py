"""Campaigns (P25): earlier results in, conclusions for the next out; nobody is approached without consent."""
from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from engine import instances
from engine.crm import campaign_lists, campaign_results, campaigns, clients, consents, deals
from engine.errors import Invalid
from engine.models import Campaign, CampaignRecipient, Client, Consent, KnowledgeItem, Mail, ProcessInstance
from engine.vocabulary import ControlPointStatus
from tests.stories.story import Story

BRIEF = {
    "title": "Зимние тренинги", "aim": "Десять заявок на тренинги до конца года", "offer": "Скидка 5 % до 25 декабря",
    "channel": "mail", "budget": "60000", "starts_on": "2026-11-23", "ends_on": "2026-12-04",
}  # fmt: skip
MESSAGE = "Здравствуйте, {имя}! Приглашаем компанию {компания} на зимние тренинги."


def allow(story: Story, *client_ids: int, channel: str = "any") -> None:
    """The first contact of each client allows advertising."""
    with story.env.sessions() as session:
        people = [session.get_one(Client, client_id).contacts[0].id for client_id in client_ids]
    for contact_id in people:
        story.act("elena", consents.give, contact_id, "advertising", channel, text_version="2026-11")


def begin(story: Story, selection: dict[str, Any] | None = None, **brief: Any) -> None:
    """The marketer starts a campaign and says what it is about."""
    begun: ProcessInstance = story.act("gleb", instances.start, "marketing_campaign", {})
    story.instance_id = begun.id
    story.work()
    story.complete("Определить кампанию", brief=BRIEF | brief | {"selection": selection or {}})


def agree(story: Story, sum: str = "50000", **plan: Any) -> None:
    """List, plan and approval as they should go."""
    story.complete("Проверить список", list_decision="ok", list_removed=[])
    said = {"message": MESSAGE, "costs": [{"what": "Вёрстка и рассылка", "sum": sum}]} | plan
    story.complete("Составить план и смету", **said)
    story.complete("Согласовать план", plan_decision="approve")


def campaign(story: Story) -> Campaign:
    with story.env.sessions() as session:
        return session.scalars(select(Campaign).order_by(Campaign.id.desc())).one()


def statuses(story: Story) -> dict[int, tuple[str, str | None]]:
    """Client -> where it stands on the list and why."""
    with story.env.sessions() as session:
        return {row.client_id: (row.status, row.reason) for row in session.scalars(select(CampaignRecipient))}


def test_a_campaign_reaches_those_who_allowed_it_and_ends_with_conclusions(story: Story) -> None:
    """R236-R240, R246, R247, R344; CP-27."""
    allow(story, 1, 2)
    story.act("elena", clients.set_stop_list, 2, True, "Просил не писать")
    begin(story)
    listed = statuses(story)
    assert listed[1] == ("planned", None)
    assert listed[2] == ("excluded", "stop_list")
    assert {reason for status, reason in listed.values() if status == "excluded"} == {"stop_list", "no_consent"}

    agree(story, mail_subject="Зимние тренинги")
    assert "Подготовить запуск" in story.open
    story.until(story.env.calendar("main").due(story.clock.now, date(2026, 11, 23)).at)
    letter = story.mailbox.letter("Зимние тренинги")
    assert "Наталья" in letter.get_content()
    assert "Полярная звезда" in letter.get_content()
    assert "/unsubscribe/" in letter.get_content()
    assert statuses(story)[1] == ("sent", None)

    story.complete("Вести кампанию", run_action="reply", reply_client=1, reply_note="Хотят программу")
    with pytest.raises(Invalid, match="correct"):  # everybody who was reached has replied
        story.complete("Вести кампанию", run_action="reply", reply_client=1)
    story.complete("Вести кампанию", run_action="cost", cost_what="Рассылка", cost_sum="12000")
    deal = story.act("anna", deals.open_deal, 1, "Зимний тренинг")
    story.act("anna", campaigns.reply, campaign(story).id, 1, deal_id=deal.id)
    story.until(story.env.calendar("main").due(story.clock.now, date(2026, 12, 4)).at)
    assert campaign(story).status == "ended"
    assert [point.status for point in story.points("CP-27")] == [ControlPointStatus.OPEN]

    story.complete("Разобрать итоги кампании", conclusions="Писать тем, кто уже учился у нас", best_practice=True)
    ended = campaign(story)
    assert (ended.status, ended.conclusions, ended.cost) == ("analysed", "Писать тем, кто уже учился у нас", 12000)
    with story.env.sessions() as session:
        figures = campaign_results.results(session, ended)
    assert (figures.contacts, figures.replies, figures.deals, figures.cost) == (1, 1, 1, Decimal("12000.00"))
    assert figures.roi == Decimal("-100.0")
    assert story.points("CP-27")[-1].status == ControlPointStatus.MET

    with story.env.sessions() as session:
        [kept] = session.scalars(select(KnowledgeItem).where(KnowledgeItem.kind == "case"))
    assert "Писать тем, кто уже учился у нас" in kept.body

    begin(story)
    earlier = story.variables_of("Проверить список")["earlier"]
    assert [row["conclusions"] for row in earlier] == ["Писать тем, кто уже учился у нас"]


def test_a_selection_names_the_clients_and_a_list_is_cleaned_by_hand(story: Story) -> None:
    """R248: state, class, territory; whoever is taken off stays on the list with the reason."""
    allow(story, 1, 2, 3)
    begin(story, {"abc": ["A"]})
    with story.env.sessions() as session:
        best = {row.id for row in session.scalars(select(Client).where(Client.abc == "A"))}
    assert set(statuses(story)) == best
    story.complete("Проверить список", list_decision="change")
    story.complete("Определить кампанию", brief=BRIEF | {"selection": {"abc": []}})
    assert len(statuses(story)) > len(best)
    story.complete("Проверить список", list_decision="ok", list_removed=[2], list_note="Идут переговоры")
    assert statuses(story)[2] == ("excluded", "by_hand")
    assert "Составить план и смету" in story.open


def test_remarks_return_the_plan_and_a_large_budget_goes_to_the_director(story: Story) -> None:
    allow(story, 1)
    begin(story)
    story.complete("Проверить список", list_decision="ok", list_removed=[])
    dear = [{"what": "Ролик", "sum": "250000"}]
    story.complete("Составить план и смету", mail_subject="Тренинги", message=MESSAGE, costs=dear)
    story.complete("Согласовать план", plan_decision="remarks", approval_remark="Добавьте срок скидки")
    story.complete("Составить план и смету")
    story.complete("Согласовать план", plan_decision="approve")
    story.complete("Утвердить бюджет", by="dmitry", plan_decision="reject", approval_remark="Дорого")
    assert campaign(story).status == "stopped"
    assert story.instance.status == "completed"


def test_a_campaign_may_be_given_up_or_stopped_before_anybody_is_approached(story: Story) -> None:
    allow(story, 1)
    begin(story)
    agree(story, mail_subject="Тренинги")
    story.complete("Подготовить запуск", launch_decision="stop", stop_reason="Нет свободных тренеров")
    assert campaign(story).status == "stopped"
    assert story.open == []
    assert story.mailbox.to("zhuravleva@") == []


def test_a_campaign_stopped_on_the_way_is_still_analysed(story: Story) -> None:
    allow(story, 1)
    begin(story)
    agree(story, mail_subject="Тренинги")
    story.complete("Подготовить запуск", launch_decision="start")
    story.complete("Вести кампанию", run_action="stop", stop_reason="Жалобы на письма")
    story.complete("Разобрать итоги кампании", conclusions="Слишком частые письма", actual_cost="3000")
    assert (campaign(story).status, campaign(story).cost) == ("stopped", 3000)


def test_a_list_longer_than_a_portion_is_written_to_once_each(story: Story) -> None:
    allow(story, 1, 2, 3, 4)
    story.env.settings = {**story.env.settings, "campaigns": {**story.env.settings["campaigns"], "portion": 2}}
    begin(story)
    agree(story, mail_subject="Тренинги")
    story.complete("Подготовить запуск", launch_decision="start")
    with story.env.sessions() as session:
        written = list(session.scalars(select(Mail.recipient).where(Mail.subject == "Тренинги")))
    assert len(written) == len(set(written)) == 4


def test_a_consent_withdrawn_after_the_list_was_made_is_respected(story: Story) -> None:
    """R245."""
    allow(story, 1)
    begin(story)
    agree(story, mail_subject="Тренинги")
    with story.env.sessions() as session:
        consent = session.scalars(select(Consent).where(Consent.purpose == "advertising")).one()
    story.act("elena", consents.withdraw, consent.id)
    story.complete("Подготовить запуск", launch_decision="start")
    assert statuses(story)[1] == ("excluded", "no_consent")
    assert story.mailbox.to("zhuravleva@") == []


def test_the_link_in_a_mail_withdraws_the_consent_once_and_for_all(story: Story) -> None:
    """R245: the reader chooses; pressing the link twice changes nothing."""
    allow(story, 1)
    begin(story)
    agree(story, mail_subject="Тренинги")
    story.complete("Подготовить запуск", launch_decision="start")
    token = story.mailbox.letter("Тренинги").get_content().split("/unsubscribe/")[1].split()[0]
    for _ in range(2):
        client = story.act("system", campaigns.unsubscribe, token)
        assert client.id == 1
    with story.env.sessions() as session:
        assert all(row.withdrawn_at for row in session.scalars(select(Consent).where(Consent.purpose == "advertising")))
    assert story.act("system", campaigns.unsubscribe, "not-a-token") is None


def test_clients_on_the_phone_are_called_by_the_procedure_of_attraction(story: Story) -> None:
    """R239: each call is an instance of its own that knows the campaign."""
    allow(story, 1, channel="phone")
    begin(story, channel="phone")
    agree(story)
    story.complete("Подготовить запуск", launch_decision="start")
    with story.env.sessions() as session:
        called = session.scalars(select(ProcessInstance).where(ProcessInstance.key == "attraction")).all()
    assert [one.client_id for one in called] == [1]
    assert statuses(story)[1][0] == "sent"


def test_nobody_gets_two_campaigns_within_the_quiet_days(story: Story) -> None:
    allow(story, 1)
    begin(story)
    agree(story, mail_subject="Тренинги")
    story.complete("Подготовить запуск", launch_decision="start")
    second = story.act("gleb", campaigns.define, _values(title="Вторая"))
    story.act("gleb", campaign_lists.generate, second.id)
    with story.env.sessions() as session:
        assert campaign_lists.reasons(session, second.id)["quiet"] == 1


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [({"adoption": ["early"]}, True), ({"adoption": ["laggard"]}, False), ({"response": ["loyal"]}, False)],
)
def test_a_selection_may_ask_how_clients_take_to_the_new(
    story_at: Callable[[str], Story], wanted: dict[str, list[str]], fits: bool
) -> None:
    """R243, R244: kept in the client's profile."""
    story = story_at("nothing")
    allow(story, 1)
    story.act("anna", _set_profile, 1, {"adoption": "early"})
    made = story.act("gleb", campaigns.define, _values(selection=wanted))
    counted = story.act("gleb", campaign_lists.generate, made.id)
    assert (counted["planned"] == 1) is fits


def _values(**values: Any) -> dict[str, Any]:
    brief: dict[str, Any] = BRIEF | {
        "budget": Decimal(1000), "starts_on": date(2026, 11, 23), "ends_on": date(2026, 12, 4)
    }
    return brief | values


def _set_profile(work: Any, client_id: int, profile: dict[str, Any]) -> None:
    clients.find(work.session, client_id).profile = profile
