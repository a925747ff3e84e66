"""Enquiries and cold calls: who it is, whose client it becomes, whether we may call at all (R007, R214, R220, R237)."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import access, audit
from engine.crm import clients, consents, deals, duplicates, segments
from engine.documents import requisites
from engine.errors import Conflict, Invalid
from engine.models import Client, Contact, Deal, Settlement, Source, User
from engine.work import Work

KNOWN, UNIT, NEW = "known", "unit", "new"
MANAGERS = "manager"
NO_LABEL, STOPPED, NO_PHONE, NO_GROUND = "no_label", "stop_list", "no_phone", "no_consent"


@dataclass(frozen=True)
class Registered:
    """What an enquiry became. ``kind``: new, unit (of a known client), contact (a new person there) or known."""

    client: Client
    contact: Contact
    kind: str


@dataclass(frozen=True)
class Ground:
    """May this person be called? ``reason``: why not; ``at``: the first moment the hours for calls allow it."""

    reason: str | None
    contact: Contact | None
    at: datetime


def doubles(session: Session, enquiry: Mapping[str, Any]) -> list[duplicates.Double]:
    """Clients that may be the one who turns to us: by INN, phone or mail (R220)."""
    return duplicates.find(
        session, inn=enquiry.get("inn"), phones_given=[enquiry.get("phone")], mails=[enquiry.get("email")]
    )


def recommender(session: Session, words: Any) -> Client | None:
    """The one client with this INN, or with these words in its name (R093); None if there is none, or several."""
    wanted = str(words or "").strip()
    if not wanted:
        return None
    if wanted.isdigit():
        found = duplicates.by_inn(session, wanted)
        return found[0] if found else None
    named = select(Client).where(Client.name.contains(wanted, autoescape=True), Client.merged_into_id.is_(None))
    rows = session.scalars(named.order_by(Client.id).limit(2)).all()
    return rows[0] if len(rows) == 1 or (rows and rows[0].name == wanted) else None


def faults(session: Session, enquiry: Mapping[str, Any]) -> list[str]:
    """What the form cannot know to be wrong, in Russian for the form."""
    if enquiry.get("recommended_by") and recommender(session, enquiry["recommended_by"]) is None:
        return ["Кто рекомендовал, не понять: укажите ИНН клиента или его название целиком."]
    inn, kind = str(enquiry.get("inn") or ""), enquiry.get("kind")
    if inn and not (requisites.inn_valid(inn) and len(inn) == (10 if kind in {"legal", "foreign"} else 12)):
        return ["Контрольные цифры ИНН не сходятся: проверьте номер."]
    return []


def register(work: Work, enquiry: Mapping[str, Any], identity: str, client_id: int | None) -> Registered:
    """Write down who turned to us: a known client, an independent unit of one (R081), or somebody new; the person
    there; where the enquiry came from (R237); what he allowed. Raises NotFound, Invalid."""
    if work.session.get(Source, int(enquiry.get("source_id") or 0)) is None:
        raise Invalid("Say where the enquiry comes from.")
    same = duplicates.by_inn(work.session, enquiry.get("inn"))
    if identity == NEW and same:  # the same INN is the same client, whatever was ticked
        identity, client_id = KNOWN, same[0].id
    known = clients.find(work.session, client_id) if identity in {KNOWN, UNIT} and client_id is not None else None
    client = known if identity == KNOWN and known is not None else _create(work, enquiry, known)
    person, is_new = _person(work, client, enquiry)
    if client.segment is None and client.profile:
        segments.assign(work, client)
    if client.owner_id is None:
        owner = owner_for(work.session, client)
        if owner is not None:
            clients.set_owner(work, client.id, owner.id)
    _keep_consents(work, person, enquiry)
    kind = (KNOWN if not is_new else "contact") if client is known else (UNIT if known is not None else NEW)
    audit.record(work, "enquiry.registered", subject=f"client:{client.id}", contact_id=person.id, kind=kind,
                 source_id=enquiry.get("source_id"), channel=enquiry.get("channel"))  # fmt: skip
    return Registered(client, person, kind)


def owner_for(session: Session, client: Client) -> User | None:
    """Whose client it becomes: the specialist of its segment (R007); else, of the managers who already work in its
    territory, or of all, the one with the fewest open deals (R316)."""
    managers = access.members(session, MANAGERS)
    chosen = segments.specialist(session, client.segment)
    if chosen is not None and (specialist := session.get(User, chosen)) is not None and specialist.active:
        return specialist
    if client.territory:
        near = set(
            session.scalars(select(Client.owner_id).where(Client.territory == client.territory, Client.id != client.id))
        )
        managers = [user for user in managers if user.id in near] or managers
    load = open_deals(session)
    return min(managers, key=lambda user: (load.get(user.id, 0), user.id), default=None)


def open_deals(session: Session) -> dict[int | None, int]:
    """How many open deals everybody has."""
    query = select(Deal.owner_id, func.count()).where(Deal.status == "open").group_by(Deal.owner_id)
    return {owner: int(count) for owner, count in session.execute(query).all()}


def ground(work: Work, client_id: int, contact_id: int | None, rules: Mapping[str, Any]) -> Ground:
    """Is there a lawful ground to call, and when? ``rules``: ``calls`` of settings/lead.yaml.

    Who paid us is called as our client; others need what ``ground`` says for their kind: a consent to advertising by
    phone, or nothing (``interest``). Without a caller label nobody is called. Raises NotFound.
    """
    client = clients.find(work.session, client_id)
    people = [one for one in client.contacts if one.active and one.phone]
    person = next((one for one in people if one.id == contact_id), people[0] if people else None)
    return Ground(_reason(work, client, person, rules), person, _allowed_from(work, rules))


def reject(work: Work, client_id: int, reason: str) -> None:
    """Somebody we do not sell to: kept, but not developed. Raises NotFound, Invalid."""
    client = clients.find(work.session, client_id)
    if not reason.strip():
        raise Invalid("Say why.")
    client.target = False
    audit.record(work, "client.rejected", subject=f"client:{client.id}", reason=reason.strip())


def opt_out(work: Work, client_id: int, reason: str) -> None:
    """The client asks not to be approached: stop list, and what its people allowed is withdrawn. Raises as above."""
    client = clients.find(work.session, client_id)
    clients.set_stop_list(work, client.id, True, reason)
    for person in client.contacts:
        consents.withdraw_all(work, person.id, "advertising")


def _create(work: Work, enquiry: Mapping[str, Any], parent: Client | None) -> Client:
    kind = str(enquiry.get("kind") or "legal")
    person = " ".join(str(enquiry.get(part) or "") for part in ("last", "first", "middle")).strip()
    name = str(enquiry.get("name") or "").strip() or person
    given = {"inn": None if parent is not None else enquiry.get("inn"), "territory": enquiry.get("territory"),
             "phone": enquiry.get("phone"), "email": enquiry.get("email"), "source_id": int(enquiry["source_id"]),
             "parent_id": parent.id if parent is not None else None,
             "owner_id": parent.owner_id if parent is not None else None,
             "recommended_by_id": getattr(recommender(work.session, enquiry.get("recommended_by")), "id", None),
             "profile": dict(parent.profile or {}) if parent is not None else dict(enquiry.get("profile") or {})}
    return clients.create_client(work, kind, name, **given)


def _person(work: Work, client: Client, enquiry: Mapping[str, Any]) -> tuple[Contact, bool]:
    """The person of the enquiry at this client, entered now if nobody there has this phone, mail or name."""
    found = duplicates.find(work.session, phones_given=[enquiry.get("phone")], mails=[enquiry.get("email")])
    known = next((one.contact for one in found if one.contact is not None and one.client.id == client.id), None)
    named = (enquiry.get("last"), enquiry.get("first"))
    known = known or next((one for one in client.contacts if (one.last, one.first) == named and one.active), None)
    if known is not None:
        return known, False
    given = {name: enquiry.get(name) or None for name in ("middle", "phone", "email")}
    position = str(enquiry.get("position") or "")
    return clients.add_contact(work, client.id, str(named[0]), str(named[1]), position, **given), True


def _keep_consents(work: Work, person: Contact, enquiry: Mapping[str, Any]) -> None:
    version = str(work.env.setting("lead.text_version", "устно"))
    for purpose in ("personal_data", "advertising"):
        if enquiry.get(purpose):
            try:
                consents.give(work, person.id, purpose, text_version=version)
            except Conflict:
                continue  # given before and still in force


def _reason(work: Work, client: Client, person: Contact | None, rules: Mapping[str, Any]) -> str | None:
    if client.stop_list:
        return STOPPED
    if not str(rules.get("label") or "").strip():
        return NO_LABEL
    if person is None:
        return NO_PHONE
    paid = select(Settlement.id).where(Settlement.client_id == client.id).limit(1)
    needed = (rules.get("ground") or {}).get(client.kind, "consent")
    if needed == "interest" or work.session.scalar(paid) is not None:
        return None
    return None if consents.allows(work.session, person, "advertising", "phone", work.now) else NO_GROUND


def _allowed_from(work: Work, rules: Mapping[str, Any]) -> datetime:
    """Now, or the next moment on a working day within the hours for calls."""
    calendar = work.env.calendar(deals.OFFICE)
    begins, ends = (time.fromisoformat(str(rules.get(name) or given)) for name, given in
                    (("from", "09:00"), ("until", "20:00")))  # fmt: skip
    local = work.now.astimezone(calendar.zone)
    if calendar.is_working(local.date()) and begins <= local.time() < ends:
        return work.now
    day = local.date() if local.time() < begins else local.date() + timedelta(days=1)
    while not calendar.is_working(day):
        day += timedelta(days=1)
    return datetime.combine(day, begins, calendar.zone)
