"""What comes to the company from outside in the course of a year, by working days; and what its people begin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from engine import instances, messages
from engine.crm import contact_log, deals, surveys
from engine.models import (
    Campaign,
    CampaignRecipient,
    Client,
    Contact,
    Deal,
    Product,
    Questionnaire,
    Source,
    Survey,
    User,
)
from engine.work import SYSTEM, Work
from simulation import past
from simulation.clients import company
from simulation.filling import habits

if TYPE_CHECKING:
    from simulation.year import Year

ANSWERED = 0.55  # of the surveys that are asked by a link
AGAIN = 0.25  # of the enquiries are of clients we know
CAMPAIGN_EVERY = 75  # days
LETTERS_ANSWERED = 6  # of a campaign by mail, on average
READING = 4  # the weekday on which everybody reads his notices
CANCELLED = 0.012  # of the deals under contract, a day


def plan(year: Year, end: datetime) -> None:
    """Put a stretch of arrivals on the agenda."""
    calendar = year.env.calendar("main")
    day, number = year.clock.now.date(), 0
    year.agenda.plan(calendar.due(year.clock.now, "PT1BH").at, partial(take_up, year))
    kinds: dict[str, Callable[[Year], None]] = {
        "enquiries": enquiry, "sales": sale, "calls": call, "complaints": complaint, "assignments": assignment,
        "talks": talk,
    }  # fmt: skip
    while day < end.date():
        if calendar.is_working(day):
            for name, begin in kinds.items():
                for _ in range(_poisson(year, float(habits()["per_day"][name]))):
                    year.agenda.plan(year.moment(day, year.dice.uniform(9.2, 17)), partial(begin, year))
            year.agenda.plan(year.moment(day, 11), partial(answers, year))
            year.agenda.plan(year.moment(day, 13), partial(past.complete_cards, year))
            year.agenda.plan(year.moment(day, 15), partial(cancellation, year))
            if day.weekday() == READING:
                year.agenda.plan(year.moment(day, 17.5), year.staff.read)
            if number % CAMPAIGN_EVERY == 20:
                year.agenda.plan(year.moment(day, 10), partial(campaign, year))
        number += 1
        day += timedelta(days=1)


def enquiry(year: Year, letter: tuple[int, int] | None = None) -> None:
    """Somebody asks: mostly a new company, now and then one we know. ``letter``: it has read the letter of this
    campaign, being this client."""
    dice = year.dice
    known = letter[1] if letter else _any_client(year) if dice.random() < AGAIN else None
    with year.env.sessions() as session:
        sources = list(session.scalars(select(Source.id).where(Source.active)))
        products = list(session.scalars(select(Product.id).where(Product.direction_id.is_not(None))))
        person = session.scalar(select(Contact).where(Contact.client_id == known)) if known else None
        client = session.get(Client, known) if known else None
    made = company(dice, year.number())
    who = made["person"]
    given: dict[str, Any] = {
        "kind": client.kind if client else made["kind"],
        "name": client.name if client else made["name"],
        "inn": client.inn if client else made["inn"],
        "last": person.last if person else who["last"], "first": person.first if person else who["first"],
        "middle": person.middle if person else who["middle"],
        "position": person.position if person else who["position"],
        "phone": person.phone if person else who["phone"], "email": person.email if person else who["email"],
        "territory": client.territory if client else made["city"],
        "channel": dice.choices(("phone", "web", "mail", "chat"), (50, 25, 20, 5))[0],
        "source_id": str(dice.choice(sources)), "need": dice.choice(habits()["texts"]["needs"]),
        "product_id": str(dice.choice(products)), "personal_data": True, "advertising": dice.random() < 0.7,
    }  # fmt: skip
    if given["kind"] == "person":
        del given["name"], given["inn"], given["position"]
    if letter:
        given["campaign_id"] = str(letter[0])
    about = dice.choices(("need", "interest", "service", "not_target"), (68, 22, 4, 6))[0]
    if about == "not_target":
        del given["product_id"]
    operator = year.staff.anyone("operator")
    begun = year.attempt(lambda: year.staff.act(operator, instances.start, "lead_intake", {}), "enquiry")
    if begun is not None:
        year.told[begun.id] = {"about": about, "enquiry": given}


def answer_letter(year: Year) -> None:
    """Somebody who was written to by a campaign of these days asks for more."""
    with year.env.sessions() as session:
        rows = session.execute(
            select(CampaignRecipient.campaign_id, CampaignRecipient.client_id)
            .join(Campaign, Campaign.id == CampaignRecipient.campaign_id)
            .where(Campaign.status == "running", Campaign.channel == "mail", CampaignRecipient.status == "sent")
        ).all()
    if rows:
        chosen = year.dice.choice(rows)
        enquiry(year, (chosen[0], chosen[1]))


def sale(year: Year) -> None:
    """A manager opens a deal with one of his clients and begins to sell."""
    with year.env.sessions() as session:
        rows = session.execute(select(Client.id, Client.owner_id).where(Client.stop_list.is_(False))).all()
        client_id, owner_id = year.dice.choice(rows)
        direction = Product.direction_id.is_not(None)
        products = session.execute(select(Product.id, Product.name, Product.simple).where(direction)).all()
        contact_id = session.scalar(select(Contact.id).where(Contact.client_id == client_id).limit(1))
    chosen = year.dice.sample(products, year.dice.choice((1, 1, 1, 2)))
    is_short = all(row[2] for row in chosen) or year.dice.random() < 0.25
    person = year.staff.actors.get(owner_id or 0) or year.staff.anyone("manager")

    def begin(work: Any) -> None:
        cycle = "short" if is_short else "long"
        deal = deals.open_deal(work, client_id, str(chosen[0][1]), contact_id=contact_id, cycle=cycle)
        deals.set_lines(work, deal.id, [{"product_id": row[0], "quantity": "1"} for row in chosen])
        deals.reach(work, deal.id, "M1")
        key = "sale_short_push" if is_short else "sale_long_pull"
        instances.start(work, key, {}, deal_id=deal.id, client_id=client_id)

    year.attempt(lambda: year.staff.act(person, begin), "sale")


def take_up(year: Year) -> None:
    """What was being sold before the procedures came goes on by them."""
    with year.env.sessions() as session:
        rows = session.execute(select(Deal.id, Deal.client_id, Deal.owner_id).where(Deal.status == "open")).all()
    for deal_id, client_id, owner_id in rows:
        person = year.staff.actors.get(owner_id or 0) or year.staff.anyone("manager")
        begin = partial(instances.start, key="sale_long_pull", variables={}, deal_id=deal_id, client_id=client_id)
        year.attempt(partial(year.staff.act, person, begin), "sale")


def call(year: Year) -> None:
    """A cold call to somebody who has not bought yet."""
    client_id = _any_client(year, Client.state.in_(("potential", "lost")))
    if client_id is not None:
        operator = year.staff.anyone("operator")
        year.attempt(
            lambda: year.staff.act(operator, instances.start, "attraction", {}, client_id=client_id), "cold call"
        )


def complaint(year: Year) -> None:
    """A client with a deal complains."""
    with year.env.sessions() as session:
        rows = session.execute(
            select(Deal.client_id, Deal.id, Deal.contact_id, User.login)
            .join(User, User.id == Deal.owner_id)
            .where(Deal.milestone.in_(("M5", "M6", "M6a", "M7", "M8", "M9")))
        ).all()
    if not rows:
        return
    client_id, deal_id, contact_id, login = year.dice.choice(rows)
    told = {
        "client_id": client_id, "deal_id": deal_id, "contact_id": contact_id,
        "complaint_essence": year.dice.choice(habits()["texts"]["complaint_essence"]), "complaint_demand": None,
        "complaint_origin": "client", "complaint_explicitness": "explicit",
        "complaint_channel": year.dice.choice(("phone", "mail", "web")), "complaint_form": "oral",
        "complaint_against": login if year.dice.random() < 0.3 else None, "survey_id": None, "complaint_id": None,
    }  # fmt: skip
    year.attempt(
        lambda: year.staff.act(SYSTEM, messages.correlate, "complaint_received", str(client_id), told), "complaint"
    )


def answers(year: Year) -> None:
    """Some of those who got a link to a questionnaire today or yesterday will answer it."""
    with year.env.sessions() as session:
        fresh = session.scalars(
            select(Survey).where(Survey.id > year.survey_seen, Survey.status == "open").order_by(Survey.id)
        ).all()
        asked = [(row.id, session.get_one(Questionnaire, row.questionnaire_id).questions) for row in fresh]
    for survey_id, questions in asked:
        year.survey_seen = survey_id
        if year.dice.random() < ANSWERED:
            at = year.clock.now + timedelta(hours=year.dice.uniform(2, 70))
            year.agenda.plan(at, partial(_answer, year, survey_id, questions))


def cancellation(year: Year) -> None:
    """A client under contract leaves, now and then."""
    with year.env.sessions() as session:
        rows = list(session.scalars(select(Deal.id).where(Deal.status == "open", Deal.milestone.in_(("M5", "M6")))))
    for deal_id in rows:
        if deal_id not in year.gone and year.dice.random() < CANCELLED:
            year.gone.add(deal_id)
            year.attempt(
                partial(year.staff.act, SYSTEM, messages.correlate, "client_cancels", str(deal_id), {}), "cancellation"
            )


def campaign(year: Year) -> None:
    """The marketer begins a campaign."""
    dice = year.dice
    with year.env.sessions() as session:
        products = session.execute(select(Product.id, Product.name).where(Product.direction_id.is_not(None))).all()
    product_id, name = dice.choice(products)
    today = year.clock.now.date()
    brief = {
        "title": f"{name}: предложение {today:%m.%Y}", "aim": "Напомнить о продукте и получить не меньше пяти сделок",
        "offer": "Скидка пять процентов до конца кампании", "channel": dice.choice(("mail", "mail", "phone")),
        "product_id": str(product_id), "budget": str(dice.randint(30, 120) * 1000),
        "starts_on": _working(year, today, 7).isoformat(), "ends_on": _working(year, today, 35).isoformat(),
        "selection": {"product_state": "unused"},
    }  # fmt: skip
    begun = year.attempt(
        lambda: year.staff.act(year.staff.anyone("marketer"), instances.start, "marketing_campaign", {}), "campaign"
    )
    if begun is None:
        return
    year.told[begun.id] = {"brief": brief}
    for _ in range(_poisson(year, LETTERS_ANSWERED)):
        day = _working(year, today, year.dice.randint(9, 30))
        year.agenda.plan(year.moment(day, year.dice.uniform(9.2, 17)), partial(answer_letter, year))


def assignment(year: Year) -> None:
    """Somebody gives somebody a task."""
    issuer = year.staff.actors[year.dice.choice(sorted(year.staff.actors))]
    year.attempt(lambda: year.staff.act(issuer, instances.start, "assignment", {}), "assignment")


def talk(year: Year) -> None:
    """A contact that no procedure asked for, written down."""
    client_id = _any_client(year)
    if client_id is None:
        return
    people = "operator" if year.dice.random() < 0.4 else "manager"
    channel = year.dice.choices(("phone", "mail", "meeting", "chat"), (60, 25, 10, 5))[0]
    purpose = year.dice.choice(habits()["texts"]["talk"])
    named = {
        "channel": channel, "purpose": purpose, "result": "answered", "minutes": year.dice.randint(2, 40),
        "direction": year.dice.choice(("in", "out")),
    }  # fmt: skip
    year.attempt(lambda: year.staff.act(year.staff.anyone(people), contact_log.record, client_id, **named), "talk")


def _answer(year: Year, survey_id: int, questions: list[dict[str, Any]]) -> None:
    weights = habits()["choices"]["score"]
    marks = {row["key"]: int(year.dice.choices(list(weights), list(weights.values()))[0]) for row in questions}
    lowest = min(marks.values())
    given = surveys.Marks(marks, None, lowest > 3, lowest < 3)

    def answer(work: Work) -> None:
        surveys.tell(work, surveys.answer(work, survey_id, given, "web"))

    with year.env.sessions() as session:
        row = session.get_one(Survey, survey_id)
    if row.status == "open":
        year.attempt(lambda: year.staff.act(SYSTEM, answer), "survey")


def _any_client(year: Year, *conditions: Any) -> int | None:
    with year.env.sessions() as session:
        rows = list(session.scalars(select(Client.id).where(Client.stop_list.is_(False), *conditions)))
    return year.dice.choice(rows) if rows else None


def _working(year: Year, day: date, distance: int) -> date:
    found = day + timedelta(days=distance)
    while not year.env.calendar("main").is_working(found):
        found += timedelta(days=1)
    return found


def _poisson(year: Year, rate: float) -> int:
    """How many of something that happens ``rate`` times a day on average."""
    count, left = 0, year.dice.expovariate(rate)
    while left < 1:
        count, left = count + 1, left + year.dice.expovariate(rate)
    return count
