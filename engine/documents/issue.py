"""Issuing a document: number and draft in the transaction, rendering outside it, files and their hashes in the log.

The same request (the action's key) never takes a second number: it finds its draft and goes on from there.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from engine import audit, values
from engine.actions import ActionCall, Outputs
from engine.documents import context, layouts, lifecycle, sections, tax_records
from engine.documents.docx_file import open_safely
from engine.documents.pdf import Office
from engine.documents.renderer import Renderer, shared
from engine.errors import BusinessError, Failed, Invalid, text
from engine.models import Deal, Document, NumberSequence, ProcessInstance, Resource, StoredFile, User
from engine.storage import Storage
from engine.vocabulary import DocumentStatus, ResourceKind
from engine.work import Work

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF = "application/pdf"
INCOMPLETE, UNREADABLE = "document_incomplete", "document_unreadable"
BY_HAND = "by_hand"  # among the data of a version whose words somebody corrected in Word
REFERENCES = ("contract", "proposal", "invoice", "act")
DEAD = (DocumentStatus.CANCELLED, DocumentStatus.SUPERSEDED)


@dataclass(frozen=True)
class Plan:
    """What rendering needs, read beforehand: template, context, where files go. ``done``: nothing is left to render;
    ``given``: the words were corrected by hand in Word, this is the file."""

    document_id: int
    template: str
    content: bytes
    context: Mapping[str, Any]
    files: Storage
    office: Office | None
    renderer: Renderer
    done: bool = False
    given: bytes | None = None


@dataclass(frozen=True)
class Made:
    """A stored file: digest and size."""

    sha256: str
    size: int


class Issue:
    """The slow action ``document.issue``: kind, template, valid_for?, part?, data?, file? -> document_id,
    document_number, document_total, document_valid_until, document_date.

    ``file``: a DOCX of this instance that takes the template's place. Raises BusinessError ``document_incomplete``
    naming the requisites a document of this kind cannot do without, ``document_unreadable`` for a file that is no DOCX
    or is not harmless.
    """

    def prepare(self, work: Work, call: ActionCall) -> Plan:
        """Find the request's draft or make it, with the next number of its kind."""
        row = work.session.scalar(select(Document).where(Document.request_key == call.key))
        if row is None:
            row = self._draft(work, call)
        return replace(_plan(work, row), given=_given(work, call))

    def effect(self, plan: Plan) -> dict[str, Made]:
        """Fill the template, convert it, store both files. Safe to repeat: equal bytes are one file."""
        if plan.done:
            return {}
        docx = plan.given or plan.renderer.render(plan.content, plan.context, plan.template)
        made = {"docx": Made(plan.files.put(docx), len(docx))}
        pdf = plan.office.convert(docx) if plan.office is not None else None
        return made if pdf is None else made | {"pdf": Made(plan.files.put(pdf), len(pdf))}

    def commit(self, work: Work, call: ActionCall, plan: Plan, result: Mapping[str, Made]) -> Outputs:
        """Bind the files to the document, with their hashes in the log."""
        row = work.session.get_one(Document, plan.document_id)
        if row.docx_id is None:
            _keep_files(work, row, result)
            by_hand: dict[str, Any] = {BY_HAND: True} if plan.given else {}
            audit.record(
                work, "document.issued", instance=call.instance, subject=f"document:{row.id}", kind=row.kind,
                number=row.number, version=row.version, total=row.total, template=row.template,
                template_version=row.template_version, sha256={kind: made.sha256 for kind, made in result.items()},
                **by_hand,
            )
        return outputs(row)

    def _draft(self, work: Work, call: ActionCall) -> Document:
        kind = _required(call, "kind")
        settings = _settings(work, kind)
        dated = _today(work, call.instance)
        number = next_number(work, kind, dated, settings)
        row = Document(
            instance_id=call.instance.id, deal_id=call.instance.deal_id, kind=kind, number=number, version=1,
            title=str(settings.get("title") or kind), status=DocumentStatus.DRAFT, dated=dated,
            valid_until=_valid_until(work, call), request_key=call.key, **_author(work),
        )
        return _fill(work, call, row, settings)


class NewVersion(Issue):
    """The slow action ``document.new_version``: document_id, data?, valid_for?, template?, file? -> as
    ``document.issue``.

    The same number and date, the next version; the earlier one is superseded. So a locked document never changes.
    """

    def _draft(self, work: Work, call: ActionCall) -> Document:
        old = lifecycle.find(work.session, _required(call, "document_id"))
        lifecycle.may_be_replaced(old)
        row = Document(
            instance_id=old.instance_id, deal_id=old.deal_id, kind=old.kind, number=old.number,
            version=old.version + 1, title=old.title, status=DocumentStatus.DRAFT, dated=old.dated,
            valid_until=_valid_until(work, call) or old.valid_until, request_key=call.key, **_author(work),
        )
        _fill(work, call, row, _settings(work, old.kind), old)
        lifecycle.supersede(work, old, row)
        return row


def _given(work: Work, call: ActionCall) -> bytes | None:
    chosen = call.inputs.get("file")
    chosen = chosen[0] if isinstance(chosen, list) and chosen else chosen
    if not isinstance(chosen, Mapping):
        return None
    stored = work.session.get(StoredFile, int(chosen["id"]))
    if stored is None or stored.instance_id != call.instance.id:
        raise BusinessError(UNREADABLE, text("There is no such file"))
    content: bytes = work.env.files.get(stored.sha256)
    try:
        open_safely(content).close()
    except Invalid as error:
        raise BusinessError(UNREADABLE, error.text) from error
    return content


def outputs(row: Document) -> dict[str, Any]:
    """What a procedure learns of an issued document."""
    return {
        "document_id": row.id, "document_number": row.number, "document_total": row.total,
        "document_date": row.dated, "document_valid_until": row.valid_until,
    }


def next_number(work: Work, kind: str, dated: date, settings: Mapping[str, Any]) -> str:
    """The next number of this kind and year, in the form of settings/documents.yaml. One statement moves the sequence
    in the caller's transaction: no two documents get one number, and a rollback gives it back."""
    dialect = postgresql if work.session.get_bind().dialect.name == "postgresql" else sqlite
    sequence = str(settings.get("sequence") or kind)
    start = dialect.insert(NumberSequence).values(kind=sequence, year=dated.year, last=1)
    move = start.on_conflict_do_update(
        index_elements=[NumberSequence.kind, NumberSequence.year], set_={"last": NumberSequence.last + 1}
    ).returning(NumberSequence.last)
    last = work.session.execute(move).scalar_one()
    pattern = str(settings.get("number") or "{n:04d}/{yy}")
    return pattern.format(n=last, yy=f"{dated:%y}", yyyy=dated.year)


def _fill(
    work: Work, call: ActionCall, row: Document, settings: Mapping[str, Any], old: Document | None = None
) -> Document:
    """Build the context, keep it in the row, write the row down. ``old``: the version before, for what is not given."""
    key = str(call.inputs.get("template") or (old.template if old else ""))
    resource = layouts.in_force(work.session, key, _today(work, call.instance) if old else row.dated)
    row.template, row.template_version = resource.key, resource.version
    zone = work.env.calendar(call.instance.office).zone
    kept = values.decode(old.data) if old is not None else {}
    supplied = {**kept.get("data", {}), **call.variables, **(call.inputs.get("data") or {})}
    part = _part(call) or _part_of(kept)
    supplied.pop(BY_HAND, None)
    if call.inputs.get("file"):
        supplied[BY_HAND] = True
    row_data = _in_zone(_with_periods(work, call, settings, supplied), zone)
    built = _build(work, call, row, settings, row_data, part)
    row.data, row.total = values.encode(built), _total(built, settings)
    work.session.add(row)
    work.session.flush()
    tax_records.keep(work.session, row, settings, row_data)
    audit.record(
        work, "document.numbered", instance=call.instance, subject=f"document:{row.id}", kind=row.kind,
        number=row.number, version=row.version,
    )
    return row


def _build(
    work: Work, call: ActionCall, row: Document, settings: Mapping[str, Any], data: Mapping[str, Any], part: int | None
) -> dict[str, Any]:
    seen = work.env.seen(work.session, call.instance, call.variables)
    facts = {name: seen.get(name) for name in ("deal", "client", "contact", "company")}
    facts["deal"] = _with_owner(work, facts["deal"])
    started_by = _user(work, call.instance.started_by)
    facts["author"] = _user(work, work.actor.user_id) or facts["deal"].get("owner") or started_by
    facts |= {"vat": work.env.setting("vat", {}), "units": work.env.setting("units", {})}
    extra = {
        "document": {"number": row.number, "date": row.dated, "version": row.version, "title": row.title,
                     "made_on": _today(work, call.instance),
                     "valid_until": _local_day(work, call.instance, row.valid_until)},
        "data": _with_people(work, data), "settings": settings, "part": part,
        "tax": tax_records.of(work.session, row, settings, data),
        **_references(work, row),
    }
    try:
        return context.build(row.kind, facts, extra)
    except Invalid as error:
        raise BusinessError(INCOMPLETE, error.text) from error


def _part(call: ActionCall) -> int | None:
    """Which part of the payment schedule: its number, or the part itself. Asked for by this task only: a variable
    ``part`` that is left over from somewhere else must not make a contract about half the deal."""
    part = call.inputs.get("part") or (call.inputs.get("data") or {}).get("part")
    return part.get("part") if isinstance(part, Mapping) else part


def _part_of(kept: Mapping[str, Any]) -> int | None:
    """The part of the schedule that an earlier version was about."""
    payment = kept.get("payment") or {}
    return payment.get("part") if payment.get("of", 1) > 1 else None


def _with_periods(
    work: Work, call: ActionCall, settings: Mapping[str, Any], data: Mapping[str, Any]
) -> dict[str, Any]:
    """Dates that count from today (``periods`` of the kind), where the procedure gives none."""
    calendar = work.env.calendar(call.instance.office)
    counted = {name.replace(".", "_"): spec for name, spec in (settings.get("periods") or {}).items()}
    return {name: calendar.due(work.now, spec).at for name, spec in counted.items()} | dict(data)


def _in_zone(value: Any, zone: ZoneInfo) -> Any:
    """Moments as the office's clocks show them."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(zone)
    if isinstance(value, Mapping):
        return {str(key): _in_zone(item, zone) for key, item in value.items()}
    return [_in_zone(item, zone) for item in value] if isinstance(value, (list, tuple)) else value


def _with_owner(work: Work, deal: Any) -> dict[str, Any]:
    """Facts name the owner by login; a template prints a person."""
    plain = dict(deal or {})
    if isinstance(plain.get("owner"), str):
        plain["owner"] = _person(work.session.scalar(select(User).where(User.login == plain["owner"])))
    return plain


def _with_people(work: Work, data: Mapping[str, Any]) -> dict[str, Any]:
    """Whoever answers for a complaint is named by login too."""
    complaint = data.get("complaint")
    if not isinstance(complaint, Mapping) or not isinstance(complaint.get("responsible"), str):
        return dict(data)
    found = _person(work.session.scalar(select(User).where(User.login == complaint["responsible"])))
    return {**data, "complaint": {**complaint, "responsible": found or complaint["responsible"]}}


def _user(work: Work, user_id: int | None) -> dict[str, Any] | None:
    return _person(work.session.get(User, user_id)) if user_id is not None else None


def _person(user: User | None) -> dict[str, Any] | None:
    if user is None:
        return None
    return {key: getattr(user, key) for key in ("last", "first", "middle", "gender", "position", "email", "phone")}


def _references(work: Work, row: Document) -> dict[str, Any]:
    """The latest living contract, proposal, invoice and act of the same deal, for «по договору № …»; the earlier
    contract that the deal goes by, where it has none of its own."""
    if row.deal_id is None:
        return {}
    found = work.session.scalars(
        select(Document)
        .where(Document.deal_id == row.deal_id, Document.kind.in_(REFERENCES), Document.status.not_in(DEAD))
        .order_by(Document.id)
    )
    short = {"contract": "Договор", "proposal": "Коммерческое предложение", "invoice": "Счет", "act": "Акт"}
    named = {one.kind: {"number": one.number, "date": one.dated, "title": short[one.kind]} for one in found}
    frame = (work.session.get_one(Deal, row.deal_id).terms or {}).get("frame")
    return named | {"contract": {**frame, "title": short["contract"]}} if frame else named


def _plan(work: Work, row: Document) -> Plan:
    resource = work.session.scalar(
        select(Resource).where(
            Resource.kind == ResourceKind.TEMPLATE, Resource.key == row.template,
            Resource.version == row.template_version,
        )
    )
    if resource is None:
        raise Failed("The template «{key}» of version {version} is gone.", key=row.template,
                     version=row.template_version)
    env = work.env
    if env.files is None:
        raise Failed("There is no storage for documents.")
    return Plan(row.id, resource.file, resource.content, values.decode(row.data), env.files, env.pdf,
                shared(), done=row.docx_id is not None)


def _keep_files(work: Work, row: Document, made: Mapping[str, Made]) -> None:
    stem = file_name(row)
    for ending, media_type in (("docx", DOCX), ("pdf", PDF)):
        if ending not in made:
            continue
        stored = StoredFile(
            sha256=made[ending].sha256, name=f"{stem}.{ending}", media_type=media_type, size=made[ending].size,
            instance_id=row.instance_id, created_at=work.now, created_by=work.actor.user_id,
        )
        work.session.add(stored)
        work.session.flush()
        setattr(row, f"{ending}_id", stored.id)


def file_name(row: Document) -> str:
    """«Счет на оплату 0007-26»: a name every file system takes; the version from the second on."""
    version = f" ред. {row.version}" if row.version > 1 else ""
    return re.sub(r"[^\w .,()«»№-]+", "-", f"{row.title} {row.number}{version}").strip()[:120]


def _settings(work: Work, kind: str) -> Mapping[str, Any]:
    settings = work.env.setting(f"documents.{kind}", None)
    if not isinstance(settings, Mapping):
        raise Failed("There is no kind of document «{kind}» in settings/documents.yaml.", kind=kind)
    return settings


def _required(call: ActionCall, name: str) -> Any:
    found = call.inputs.get(name)
    if found in (None, ""):
        raise Failed("The action {element} needs the input «{name}».", element=call.element_id, name=name)
    return found


def _author(work: Work) -> dict[str, Any]:
    return {"created_at": work.now, "created_by": work.actor.user_id}


def _today(work: Work, instance: ProcessInstance) -> date:
    """The office's day: after midnight in Moscow it is not the day of UTC."""
    return work.now.astimezone(work.env.calendar(instance.office).zone).date()


def _local_day(work: Work, instance: ProcessInstance, at: datetime | None) -> date | None:
    return None if at is None else at.astimezone(work.env.calendar(instance.office).zone).date()


def _valid_until(work: Work, call: ActionCall) -> datetime | None:
    """``valid_for``: a duration (P10BD, P14D) from now, or a date."""
    spec = call.inputs.get("valid_for")
    if not spec:
        return None
    day = sections.as_date(spec)
    due: datetime = work.env.calendar(call.instance.office).due(work.now, day or spec).at
    return due


def _total(built: Mapping[str, Any], settings: Mapping[str, Any]) -> Decimal | None:
    """The sum this kind of document states, at the path its settings name."""
    path = settings.get("total")
    found: Any = built
    for key in str(path).split(".") if path else ():
        found = found[key]
    return found if isinstance(found, Decimal) else None
