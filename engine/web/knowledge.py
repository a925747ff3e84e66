"""The knowledge base: search and reading for everybody, writing for those who answer for it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from engine import access
from engine.attachments import LARGEST
from engine.crm import imports, knowledge
from engine.crm.exports import Column
from engine.errors import Invalid, NotFound, ReglamentError, Text, text
from engine.models import KnowledgeItem, Matrix, Product, Segment, StoredFile, User
from engine.web import documents, downloads, labels, reading
from engine.web.i18n import gettext, say
from engine.web.rules import allow
from engine.work import Work

blueprint = Blueprint("knowledge", __name__)
WRITERS = ("product_head", "quality", "marketer", "head", "admin")
KIND: dict[str, Text] = {
    "faq": text("Questions and answers"),
    "case": text("Cases and success stories"),
    "price_list": text("Price lists"),
    "service": text("Descriptions of services"),
    "specification": text("Specifications"),
    "regulation": text("Regulations"),
    "project_template": text("Templates of projects"),
    "staff_document": text("Staff documents"),
    "manual": text("Manuals"),
}
STATUS: labels.Named = {
    "draft": (text("draft"), "soon"),
    "published": (text("published"), "good"),
    "withdrawn": (text("withdrawn"), ""),
}


@blueprint.get("/knowledge")
@allow("employee")
def listing() -> str | Response:
    """Search, or the newest items."""
    session, words = reading.session(), request.args.get("q", "").strip()[:200]
    kind, segment = request.args.get("kind", ""), request.args.get("segment", "")
    product, form = request.args.get("product", type=int), downloads.wanted()
    status = request.args.get("status", "") if _writes() else ""
    hits = knowledge.search(
        session, words, kind=kind, product_id=product, segment=segment,
        statuses=(status,) if status in STATUS else (knowledge.PUBLISHED,),
    )  # fmt: skip
    products = _products(session)
    if form:
        return _sheet(form, hits, dict(products))
    return render_template(
        "knowledge.html",
        hits=hits,
        words=words,
        kind=kind,
        product=product,
        segment=segment,
        status=status,
        kinds=KIND,
        statuses=STATUS,
        products=products,
        product_names=dict(products),
        segments=_segments(session),
        writes=_writes(),
        filtered=bool(words or kind or product or segment or status),
    )


@blueprint.get("/knowledge/<int:item_id>")
@allow("employee")
def show(item_id: int) -> str:
    """One item; ``?version=`` shows an earlier text."""
    item, session = _seen(item_id), reading.session()
    versions = knowledge.versions(session, item.id)
    wanted = request.args.get("version", type=int)
    older = next((one for one in versions if one.number == wanted and wanted != item.version), None)
    people = {one.event.actor_id for one in versions if one.event.actor_id}
    return render_template(
        "knowledge_item.html",
        item=item,
        older=older,
        versions=versions,
        people={user.id: user for user in session.scalars(select(User).where(User.id.in_(people)))},
        product=session.get(Product, item.product_id or 0),
        segment=dict(_segments(session)).get(item.segment or "", item.segment),
        stored=session.get(StoredFile, item.file_id or 0),
        kinds=KIND,
        statuses=STATUS,
        writes=_writes(),
    )


@blueprint.get("/knowledge/<int:item_id>/file")
@allow("employee")
def file(item_id: int) -> Response:
    """The file of an item."""
    stored = reading.session().get(StoredFile, _seen(item_id).file_id or 0)
    if stored is None:
        raise NotFound("There is no such file, or it is not yours to see")
    return documents.answer(stored, stored.name)


@blueprint.get("/knowledge/new")
@allow(*WRITERS)
def new() -> str:
    """An empty item; a complaint may have led to it."""
    given = {"kind": request.args.get("kind", "faq"), "complaint_id": request.args.get("complaint", "")}
    return _form(None, given, {})


@blueprint.get("/knowledge/<int:item_id>/edit")
@allow(*WRITERS)
def edit(item_id: int) -> str:
    """Change an item."""
    return _form(_seen(item_id), {}, {})


@blueprint.post("/knowledge")
@allow(*WRITERS)
def create() -> Any:
    """Write a new item."""
    return _save(None)


@blueprint.post("/knowledge/<int:item_id>")
@allow(*WRITERS)
def change(item_id: int) -> Any:
    """Make the next version."""
    return _save(_seen(item_id))


@blueprint.post("/knowledge/<int:item_id>/publish")
@allow(*WRITERS)
def publish(item_id: int) -> Answer:
    """Let everybody read it."""
    back = url_for("knowledge.show", item_id=item_id)
    return reading.act(back, text("The item is published."), knowledge.publish, item_id)


@blueprint.post("/knowledge/<int:item_id>/withdraw")
@allow(*WRITERS)
def withdraw(item_id: int) -> Answer:
    """Take it away from readers."""
    back = url_for("knowledge.show", item_id=item_id)
    return reading.act(back, text("The item is withdrawn."), knowledge.withdraw, item_id)


def _save(item: KnowledgeItem | None) -> Any:
    given = request.form
    values = {
        "kind": given.get("kind", ""), "title": given.get("title", ""), "body": given.get("body", ""),
        "product_id": given.get("product_id", type=int), "segment": given.get("segment", ""),
    }  # fmt: skip
    status = knowledge.PUBLISHED if given.get("publish") else knowledge.DRAFT
    try:
        saved = reading.do(_write, item.id if item else None, values, status, _upload(), given.get("version", type=int))
    except Invalid as error:
        flash(say(error.text), "late")
        return _form(item, dict(given), {name: say(fault) for name, fault in error.fields.items()}), 422
    except ReglamentError as error:
        flash(say(error.text), "late")
        return _form(item, dict(given), {}), 409
    flash(say(text("«{title}» is saved as version {version}.", title=saved.title, version=saved.version)), "good")
    return redirect(url_for("knowledge.show", item_id=saved.id))


def _write(
    work: Work, item_id: int | None, values: dict[str, Any], status: str, upload: tuple[str, bytes] | None,
    version: int | None,
) -> KnowledgeItem:  # fmt: skip
    access.require(work, "knowledge.write")
    given = dict(values)
    if upload is not None:
        given["file_id"] = imports.store(work, *upload)
    if item_id is not None:
        return knowledge.change(work, item_id, version, **given)
    kind, title, body = (given.pop(name) for name in ("kind", "title", "body"))
    complaint_id = request.form.get("complaint_id", type=int)
    return knowledge.create(work, kind, title, body, status=status, complaint_id=complaint_id, **given)


def _upload() -> tuple[str, bytes] | None:
    chosen = request.files.get("file")
    if chosen is None or not chosen.filename:
        return None
    return chosen.filename.replace("\\", "/").rsplit("/", 1)[-1], chosen.stream.read(LARGEST + 1)


def _form(item: KnowledgeItem | None, given: dict[str, Any], faults: dict[str, str]) -> str:
    session = reading.session()
    stands = {key: getattr(item, key) for key in knowledge.FIELDS} if item is not None else {}
    return render_template(
        "knowledge_form.html",
        item=item,
        values=stands | given,
        faults=faults,
        kinds=KIND,
        products=_products(session),
        segments=_segments(session),
        stored=session.get(StoredFile, item.file_id or 0) if item is not None else None,
    )


def _seen(item_id: int) -> KnowledgeItem:
    item = knowledge.find(reading.session(), item_id)
    if item.status != knowledge.PUBLISHED and not _writes():
        raise NotFound("There is no such item in the knowledge base.")
    return item


def _writes() -> bool:
    return access.may(reading.session(), reading.actor(), g.now, "knowledge.write") is not None


def _products(session: Session) -> list[tuple[int, str]]:
    return [(row.id, row.name) for row in session.execute(select(Product.id, Product.name).order_by(Product.name))]


def _segments(session: Session) -> list[tuple[str, str]]:
    query = select(Segment).join(Matrix).where(Matrix.status == "in_force").order_by(Segment.position)
    return [(one.key, labels.own_title(one)) for one in session.scalars(query)]


def _sheet(form: str, hits: list[knowledge.Hit], products: dict[int, str]) -> Response:
    _ = gettext
    columns = [
        Column(_("Title")),
        Column(_("Kind")),
        Column(_("Product")),
        Column(_("State")),
        Column(_("Version"), "whole"),
        Column(_("Changed"), "moment"),
        Column(_("Text")),
    ]
    made = [
        [
            hit.item.title, labels.named(hit.item.kind, KIND), products.get(hit.item.product_id or 0, ""),
            labels.label(hit.item.status, STATUS), hit.item.version, hit.item.changed_at, hit.item.body,
        ]
        for hit in hits
    ]  # fmt: skip
    return downloads.sheet(form, _("Knowledge base"), columns, made)
