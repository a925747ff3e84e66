"""Facts: the names that every expression, form and document sees beside the variables. Loaded when touched.

``deal``       id, number, title, owner (login), owner_name, owner_email, client_id, contact_id, initiative, cycle,
               sale_kind, milestone, milestone_on (the day it came there), talks {count, last}, status, created_on,
               vat_mode, vat_percent, vat_line, discount (per cent), lines [{no, product_id, name, unit, quantity,
               price, full, sum, vat, net}], count, full_total, discount_sum, total, vat, net, parts (also as payments)
               [{part, trigger, share, sum, received, balance, is_paid, due_on, days (agreed working days to pay from
               the invoice), term (the same as P5BD, or null)}], schedule (full_before, half, after, own or null),
               due_before (to be paid before delivery), paid, balance, team [login], acceptance (who
               accepts the work), frame {id, number, date} (the earlier contract) or null, refusal {category, comment,
               competitor, stage}, next_contact {date, purpose, product}, need, probability (per cent), expected_on,
               prospects {money, decides, rival, risk, risk_note}, next_step, next_step_on, caused_by_id, source_id,
               campaign_id
``client``     id, kind (legal, ip, person), name, full_name, inn, kpp, ogrn, abc, segment, stop_list, owner (login),
               owner_name, address, city, phone, email, bank, bik, account, corr_account, passport, contacts [as below],
               state, xyz, segment_title, target, tier (promising, ordinary, non_target), development (per cent),
               profile {parameter: value}, territory, preferred_channel, parent_id, next_product {id, name},
               next_contact {date, purpose, product}, targets [{id, name, priority, state, stage, next_step_on}],
               consents [{contact_id, purpose, channel}], loyalty {tier, discount}, open_complaints,
               contracts (signed ones) [{value, label, number, date, until}], needs [{need, product_id, on}] (the
               latest five)
``contact``    id, last, first, middle, full, name, gender, position, email, phone, signs, basis, genitive and
               dative (declined by hand, or null)
``company``    settings/company.yaml: name, full_name, inn, kpp, ogrn, address, city, phone, email, site, bank, bik,
               account, corr_account, vat_mode, vat_reason, head {last, first, middle, gender, position, basis},
               accountant {…}
``choices``    lists for forms, each [{value, label}]: products, simple (sold by the price list), sources, campaigns,
               competitors (by name), managers, deliverers and staff (by login)
``product``    the one of the variable product_id: id, code, name, unit, price, cost, simple, every_months, description,
               direction_id, direction (its name), withdrawn_on
``campaign``   the one of the variable campaign_id: engine.crm.campaign_facts
``complaint``, ``survey``  those of the variables complaint_id and survey_id: engine.crm.quality_facts
``initiator``  the login of whoever started the instance, if the variables tell

A name without a record is null. Sums include VAT at the rate of the day of the deal's last milestone.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.crm import amounts, campaign_facts, choices, quality_facts, schedule, standing
from engine.crm.lazily import Record, once
from engine.crm.periods import day_of
from engine.models import Client, Complaint, Contact, ContactRecord, Deal, ScheduledPayment, Survey, User
from engine.quick import with_many

REQUISITES = ("address", "city", "phone", "email", "bank", "bik", "account", "corr_account", "passport")
NAMES = ("deal", "client", "contact", "company", "initiator", "choices", "product", "complaint", "survey", "campaign")


def facts(
    session: Session, env: Any, variables: Mapping[str, Any], deal_id: int | None, client_id: int | None
) -> Mapping[str, Any]:
    """The facts of one instance. Nothing is read before somebody asks for it."""
    return Facts(session, env, variables, deal_id, client_id)


class Facts(Mapping[str, Any]):
    """A dict that loads ``deal``, ``client`` … on first touch. Values are mappings of plain data."""

    def __init__(
        self, session: Session, env: Any, variables: Mapping[str, Any], deal_id: int | None, client_id: int | None
    ) -> None:
        self._session = session
        self._env = env
        self._variables = variables
        self._given = deal_id, client_id
        self._loaded: dict[tuple[Any, ...], Any] = {}

    def beside(self, variables: Mapping[str, Any]) -> Facts:
        """The same facts as a token sees them whose variables are these: what is loaded already is shared."""
        other = Facts(self._session, self._env, variables, *self._given)
        other._loaded = self._loaded
        return other

    def __getitem__(self, name: str) -> Any:
        if name not in NAMES:
            raise KeyError(name)
        key = (name, *(self._variables.get(one) for one in self._named(name)))
        if key not in self._loaded:
            loaders: Mapping[str, Callable[[], Any]] = {
                "deal": self._deal, "client": self._client, "contact": self._contact, "company": self._company,
                "initiator": lambda: self._variables.get("initiator"), "choices": lambda: choices.load(self._session),
                "campaign": lambda: campaign_facts.load(
                    self._session, self._env, _id(self._variables.get("campaign_id"))
                ),
                "complaint": self._complaint, "survey": self._survey,
                "product": lambda: standing.product(self._session, _id(self._variables.get("product_id"))),
            }  # fmt: skip
            self._loaded[key] = loaders[name]()
        return self._loaded[key]

    def _named(self, name: str) -> tuple[str, ...]:
        """Variables that decide which record a fact is about: ``deal_id`` only where the instance itself has none."""
        if name in {"company", "choices"}:
            return ()
        if name not in {"deal", "client", "contact"}:
            return ("initiator",) if name == "initiator" else (f"{name}_id",)
        missing = [one for one, given in zip(("deal_id", "client_id"), self._given, strict=True) if given is None]
        return (*missing, *(("contact_id",) if name == "contact" else ()))

    @property
    def _deal_id(self) -> int | None:
        given = self._given[0]
        return given if given is not None else _id(self._variables.get("deal_id"))

    @property
    def _client_id(self) -> int | None:
        given = self._given[1]
        return given if given is not None else _id(self._variables.get("client_id"))

    def __contains__(self, name: object) -> bool:
        return name in NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)

    def _deal(self) -> Record | None:
        deal = self._find_deal()
        return None if deal is None else deal_facts(self._session, self._env, deal)

    def _client(self) -> Record | None:
        client = self._find_client()
        return None if client is None else client_facts(self._session, client)

    def _contact(self) -> dict[str, Any] | None:
        client, deal = self._find_client(), self._find_deal()
        if client is None:
            return None
        by_id = {contact.id: contact for contact in with_many(client, "contacts").contacts}
        chosen = by_id.get(_id(self._variables.get("contact_id")) or 0)
        if chosen is None and deal is not None and deal.contact_id in by_id:
            chosen = by_id[deal.contact_id]
        chosen = chosen or (client.contacts[0] if client.contacts else None)
        return None if chosen is None else contact_facts(chosen)

    def _complaint(self) -> Record | None:
        complaint_id = _id(self._variables.get("complaint_id"))
        row = None if complaint_id is None else self._session.get(Complaint, complaint_id)
        return None if row is None else quality_facts.complaint_facts(self._session, self._env, row)

    def _survey(self) -> dict[str, Any] | None:
        survey_id = _id(self._variables.get("survey_id"))
        row = None if survey_id is None else self._session.get(Survey, survey_id)
        return None if row is None else quality_facts.survey_facts(self._session, row)

    def _company(self) -> dict[str, Any]:
        return dict(self._env.settings.get("company") or {})

    def _find_deal(self) -> Deal | None:
        return None if self._deal_id is None else self._session.get(Deal, self._deal_id)

    def _find_client(self) -> Client | None:
        if self._client_id is not None:
            return self._session.get(Client, self._client_id)
        deal = self._find_deal()
        return None if deal is None else self._session.get(Client, deal.client_id)


def deal_facts(session: Session, env: Any, deal: Deal) -> Record:
    """A deal as a mapping of plain values; sums, lines and payments are worked out when touched."""
    sums = once(lambda: amounts.of(deal, env, deal.milestone_at.date()))
    owner = once(lambda: session.get(User, deal.owner_id) if deal.owner_id is not None else None)
    parts = once(lambda: [part_facts(part) for part in with_many(deal, "payments").payments])
    paid = once(lambda: amounts.paid(session, deal.id))
    known = {
        "id": deal.id, "number": deal.number, "title": deal.title, "client_id": deal.client_id,
        "contact_id": deal.contact_id, "initiative": deal.initiative, "cycle": deal.cycle,
        "sale_kind": deal.sale_kind, "milestone": deal.milestone, "status": deal.status,
        "milestone_on": day_of(env, deal.milestone_at), "prospects": deal.prospects or {},
        "created_on": day_of(env, deal.created_at), "vat_mode": deal.vat_mode, "discount": deal.discount,
        "refusal": deal.refusal, "next_contact": _next_contact(deal.next_contact), "need": deal.need,
        "probability": deal.probability, "expected_on": deal.expected_on, "next_step": deal.next_step,
        "next_step_on": deal.next_step_on, "caused_by_id": deal.caused_by_id, "source_id": deal.source_id,
        "campaign_id": deal.campaign_id, "team": (deal.terms or {}).get("team") or [],
        "acceptance": (deal.terms or {}).get("acceptance"), "frame": _dated((deal.terms or {}).get("frame")),
    }  # fmt: skip
    return Record(known, {
        **_of_owner(owner), "owner_email": lambda: getattr(owner(), "email", None),
        "vat_percent": lambda: sums().rate.percent, "vat_line": lambda: sums().rate.label,
        "lines": lambda: _lines(deal, sums()), "count": lambda: len(deal.lines), "full_total": lambda: sums().full,
        "discount_sum": lambda: sums().discount, "total": lambda: sums().total, "vat": lambda: sums().vat,
        "net": lambda: sums().net, "payments": parts, "parts": parts, "schedule": lambda: schedule_of(deal.payments),
        "due_before": lambda: _due_before(deal.payments), "paid": paid, "balance": lambda: sums().total - paid(),
        "talks": lambda: _talks(session, env, deal.id),
    })  # fmt: skip


def _lines(deal: Deal, sums: amounts.Amounts) -> list[dict[str, Any]]:
    return [
        {**vars(taxed), "quantity": _bare(taxed.quantity), "product_id": line.product_id}
        for line, taxed in zip(deal.lines, sums.lines, strict=True)
    ]


def _of_owner(owner: Callable[[], User | None]) -> dict[str, Callable[[], Any]]:
    return {"owner": lambda: getattr(owner(), "login", None), "owner_name": lambda: getattr(owner(), "name", None)}


def part_facts(part: ScheduledPayment) -> dict[str, Any]:
    """One part of the payment schedule."""
    received = part.received or Decimal(0)
    return {
        "part": part.part, "trigger": part.trigger, "share": part.share, "sum": part.sum, "received": received,
        "balance": part.sum - received, "is_paid": received >= part.sum, "due_on": part.due_on,
        "days": part.days, "term": None if part.days is None else f"P{part.days}BD",
    }  # fmt: skip


def client_facts(session: Session, client: Client) -> Record:
    """A client with requisites and contacts as a mapping of plain values; what is counted is counted when touched."""
    owner = once(lambda: session.get(User, client.owner_id) if client.owner_id is not None else None)
    kept = client.requisites or {}
    known = {
        "id": client.id, "kind": client.kind, "name": client.name, "full_name": client.full_name, "inn": client.inn,
        "kpp": client.kpp, "ogrn": client.ogrn, "stop_list": client.stop_list,
        **{name: kept.get(name) for name in REQUISITES}, **standing.written(client),
    }  # fmt: skip
    return Record(known, {
        **_of_owner(owner), "contacts": lambda: [contact_facts(one) for one in with_many(client, "contacts").contacts],
        **standing.counted(session, client),
    })  # fmt: skip


def contact_facts(contact: Contact) -> dict[str, Any]:
    """A person at a client as a plain dict."""
    full = " ".join(word for word in (contact.last, contact.first, contact.middle) if word)
    return {
        "id": contact.id, "last": contact.last, "first": contact.first, "middle": contact.middle, "full": full,
        "name": f"{contact.last} {contact.first}", "gender": contact.gender, "position": contact.position,
        "email": contact.email, "phone": contact.phone, "signs": contact.signs, "basis": contact.basis,
        "genitive": contact.genitive, "dative": contact.dative,
    }  # fmt: skip


def schedule_of(parts: list[ScheduledPayment]) -> str | None:
    """Which schedule this is: ``full_before``, ``half``, ``after``, else ``own``; null for none yet."""
    return schedule.kind_of((part.trigger, part.share) for part in parts)


def _bare(number: Decimal) -> Decimal:
    """Without the zeros that the column keeps: 2, not 2.000."""
    return Decimal(f"{number.normalize():f}")


def _due_before(parts: list[ScheduledPayment]) -> Decimal:
    return sum((part.sum for part in parts if part.trigger == "before_delivery"), Decimal("0.00"))


def _talks(session: Session, env: Any, deal_id: int) -> dict[str, Any]:
    """How often the client was spoken to about the deal, and on which day last."""
    count, last = session.execute(
        select(func.count(), func.max(ContactRecord.at)).where(ContactRecord.deal_id == deal_id)
    ).one()
    return {"count": int(count), "last": day_of(env, last)}


def _dated(kept: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A paper as it was written down, its day a day again."""
    return None if not kept else {**kept, "date": date.fromisoformat(str(kept["date"]))}


def _next_contact(kept: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not kept:
        return None
    day = kept.get("date")
    return {**kept, "date": date.fromisoformat(day) if isinstance(day, str) else day}


def _id(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return value if isinstance(value, int) else None
