"""A document on the page of its decision: its words, what changed since an earlier version, what goes beyond the
template, what is unusual, who decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from flask import Flask, g, request
from sqlalchemy import select
from sqlalchemy.orm import defer

from engine import values
from engine.documents import renderer
from engine.documents.comparison import Difference, compare
from engine.documents.wording import Block, blocks
from engine.errors import Failed, Invalid, NotFound, ReglamentError, Text, text
from engine.models import Document, Resource, StoredFile, UserTask
from engine.queries import approvals, desk, deviations
from engine.vocabulary import ResourceKind
from engine.web import formats, reading
from engine.web.i18n import gettext, say

BADGE: Mapping[str, Text] = {
    "discount": text("discount"),
    "price": text("price"),
    "sum": text("sum"),
    "deal": text("deal changed"),
    "payment": text("payment order"),
    "terms": text("terms"),
    "special": text("special terms"),
    "debt": text("debt"),
    "requisites": text("requisites"),
    "vat": text("VAT"),
    "wording": text("corrected by hand"),
}
VERDICT: Mapping[str, tuple[Text, str]] = {
    approvals.APPROVE: (text("agreed"), "good"),
    approvals.REMARKS: (text("has remarks"), "soon"),
    approvals.REJECT: (text("rejected"), "late"),
}


@dataclass(frozen=True)
class Paper:
    """What the page shows beside the decision. ``words``: paragraphs and tables in reading order; ``versions``: the
    earlier ones to compare with, ``since`` the chosen one; ``difference``: None when there is nothing to compare."""

    document: Document | None
    words: Sequence[tuple[int, Sequence[Block]]]
    versions: Sequence[Document]
    since: Document | None
    difference: Difference | None
    unusual: Sequence[deviations.Deviation]
    rounds: Sequence[approvals.Round]


def today() -> date:
    """The office's day."""
    moment: date = g.now.astimezone(formats.zone()).date()
    return moment


def beside(task: UserTask, document: Document | None, variables: Mapping[str, Any]) -> Paper:
    """Everything about the document of a task."""
    session = reading.session()
    rounds = approvals.chain(session, task, variables) if (task.settings or {}).get("separateFrom") else []
    if document is None:
        return Paper(None, (), (), None, None, (), rounds)
    earlier = session.scalars(
        select(Document)
        .options(defer(Document.data))
        .where(Document.kind == document.kind, Document.number == document.number)
        .where(Document.version < document.version, Document.docx_id.is_not(None))
        .order_by(Document.version.desc())
    ).all()
    now, since = _blocks(document), _since(earlier, rounds)
    before = _blocks(since) if since is not None else None
    difference = compare(before, now) if before is not None and now is not None else None
    unusual = deviations.of(session, reading.environment(), [document.id], today()).get(document.id, ())
    words = [(table, list(rows)) for table, rows in groupby(now or (), key=lambda block: block.table)]
    return Paper(document, words, earlier, since if difference is not None else None, difference, unusual, rounds)


def document_of(task: UserTask) -> Document:
    """The document a decision is about. Raises NotFound."""
    variables = values.decode(task.instance.variables or {})
    document = desk.shown_document(reading.session(), task, variables)
    if document is None:
        raise NotFound("There is no document yet")
    return document


def against_template(document: Document) -> Difference | Text:
    """The document beside the same one made of the plain template: without special terms, with the usual ones. A
    sentence where that cannot be done."""
    now = _blocks(document)
    if now is None:
        return text("The words of this file cannot be read: open it.")
    layout = reading.session().scalar(
        select(Resource).where(Resource.kind == ResourceKind.TEMPLATE, Resource.key == document.template,
                               Resource.version == document.template_version)
    )  # fmt: skip
    if layout is None:
        return text("The template of this document is not kept any more.")
    settings = reading.environment().setting(f"documents.{document.kind}", {})
    try:
        plain = renderer.shared().render(layout.content, _plain(values.decode(document.data), settings), layout.file)
        return compare(blocks(plain), now)
    except ReglamentError as error:
        return error.text


def _plain(data: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a document with the usual terms and nothing written by hand."""
    usual = (settings.get("defaults") or {}).get("terms") or {}
    given = (data.get("terms") or {}).items()
    terms = {name: type(value)(usual[name]) if name in usual else value for name, value in given}
    terms |= {"special": [] if isinstance(terms.get("special"), list) else ""} if "special" in terms else {}
    offer = {**(data.get("offer") or {})}
    offer |= {"note": ""} if "note" in offer else {}
    return {**data, "terms": terms, "offer": offer}


def _since(earlier: Sequence[Document], rounds: Sequence[approvals.Round]) -> Document | None:
    """The version to compare with: the one asked for, else the last that this person decided about, else the last."""
    wanted = request.args.get("since", type=int)
    mine = {
        one.document.version
        for one in rounds
        if one.document and any(vote.task.completed_by == reading.actor().user_id for vote in one.votes)
    }
    for fits in (lambda one: one.version == wanted, lambda one: one.version in mine, lambda _one: True):
        found = next((one for one in earlier if fits(one)), None)
        if found is not None:
            return found
    return None


def _blocks(document: Document) -> tuple[Block, ...] | None:
    stored = reading.session().get(StoredFile, document.docx_id) if document.docx_id is not None else None
    if stored is None:
        return None
    try:
        return blocks(reading.environment().files.get(stored.sha256))
    except (Invalid, Failed, NotFound, OSError):
        return None


def told(sentence: Text) -> str:
    """A sentence of a deviation: money and days as people write them."""
    shown = {name: _shown(value) for name, value in sentence.values.items()}
    return say(Text(sentence.template, shown))


def _shown(value: Any) -> Any:
    if isinstance(value, Decimal):
        return formats.money(value)
    return formats.day(value, "medium") if isinstance(value, date) else value


def badge(kind: str) -> str:
    """A word for a kind of deviation."""
    return say(BADGE[kind]) if kind in BADGE else gettext("unusual")


def install(app: Flask) -> None:
    """Give templates the words for deviations and verdicts."""
    app.jinja_env.filters["told"] = told
    app.jinja_env.filters["badge"] = badge
    app.jinja_env.globals["VERDICT"] = VERDICT
