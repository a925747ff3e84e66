"""Issued documents: the list and the files. A document follows the rights of its deal or instance."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, g, render_template, request
from flask.blueprints import BlueprintSetupState

from engine import access, comments
from engine.errors import NotFound
from engine.models import Client, Comment, Document, ProcessInstance, StoredFile
from engine.queries import deal as deals
from engine.queries import register
from engine.web import downloads, reading, sheets
from engine.web.pages import Pages, number
from engine.web.rules import allow
from engine.web.security import FILE_POLICY

blueprint = Blueprint("documents", __name__)
PDF = "application/pdf"
SHOWN_INLINE = {PDF}  # everything else is downloaded, never drawn by the browser under our address


@blueprint.get("/documents")
@allow("employee")
def listing() -> str | Response:
    """Documents of the deals this person may see, newest first; as a page or as a file."""
    as_file = downloads.wanted()
    words, kind, page = request.args.get("q", "").strip(), request.args.get("kind", ""), number("page", 1)
    session = reading.session()
    rows, count = register.documents(
        session, reading.actor(), words=words, kind=kind, page=1 if as_file else page,
        size=downloads.MOST if as_file else register.PAGE,
    )  # fmt: skip
    if as_file:
        return sheets.documents(as_file, rows)
    return render_template(
        "documents.html",
        rows=rows,
        words=words,
        kind=kind,
        kinds=register.document_kinds(session),
        pages=Pages(page, count.rows, register.PAGE, count.more),
    )


@blueprint.get("/documents/<int:document_id>.<any(pdf, docx):form>")
@allow("employee")
def file(document_id: int, form: str) -> Response:
    """The PDF to look at, or either form to download (``?download=1``). A PDF that was never kept is made of the DOCX
    for this answer."""
    session = reading.session()
    document = session.get(Document, document_id)
    if document is None or not _may_see(document):
        raise NotFound("There is no such document, or it is not yours to see")
    is_made = form == "pdf" and document.pdf_id is None and can_show(document)
    stored = session.get(StoredFile, (document.pdf_id if form == "pdf" and not is_made else document.docx_id) or 0)
    if stored is None:
        raise NotFound("The document has no such file yet. It is being made; try again in a minute.")
    return answer(stored, f"{document.title} {document.number}.{form}".replace("/", "-"), printed=is_made)


def can_show(document: Document) -> bool:
    """Whether a PDF of it can be looked at: it is kept, or this installation makes one of the DOCX when asked."""
    office = reading.environment().pdf
    return document.pdf_id is not None or (
        document.docx_id is not None and office is not None and office.missing is None
    )


@blueprint.get("/files/<int:file_id>")
@allow("employee")
def attachment(file_id: int) -> Response:
    """A file somebody attached to an instance."""
    session = reading.session()
    stored = session.get(StoredFile, file_id)
    where = _place_of(stored) if stored is not None else None
    if stored is None or where is None or not access.may(
        session, reading.actor(), g.now, f"{where.kind}.see", where.thing
    ):  # fmt: skip
        raise NotFound("There is no such file, or it is not yours to see")
    return answer(stored, stored.name)


def _place_of(stored: StoredFile) -> comments.Place | None:
    """The instance it is attached to, or what the comment is about that it is attached to."""
    if stored.instance_id is not None:
        return comments.place(reading.session(), "instance", stored.instance_id)
    comment = reading.session().get(Comment, stored.comment_id) if stored.comment_id is not None else None
    return comments.place_of(reading.session(), comment) if comment is not None else None


def _may_see(document: Document) -> bool:
    session, actor = reading.session(), reading.actor()
    if document.deal_id is not None:
        try:
            deals.one(session, actor, document.deal_id)
        except NotFound:
            pass
        else:
            return True
    instance = session.get(ProcessInstance, document.instance_id) if document.instance_id else None
    if instance is None:
        return False
    client = session.get(Client, instance.client_id) if instance.client_id else None
    if client is not None and client.owner_id == actor.user_id:
        return True
    return access.may(session, actor, g.now, "instance.see", instance) is not None


def answer(stored: StoredFile, name: str, *, printed: bool = False) -> Response:
    """The bytes of a stored file, shown by the browser only where that is safe. ``printed``: its PDF instead."""
    env = reading.environment()
    media_type = PDF if printed else stored.media_type
    inline = media_type in SHOWN_INLINE and "download" not in request.args
    headers = {
        "Content-Type": media_type,
        "Content-Disposition": f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{quote(name)}",
        "Content-Security-Policy": FILE_POLICY,
        "Cache-Control": "private, no-cache",
    }
    content = env.files.get(stored.sha256)
    return Response(env.pdf.convert(content) if printed and env.pdf else content, headers=headers)


@blueprint.record
def _register(state: BlueprintSetupState) -> None:
    state.app.jinja_env.globals["can_show"] = can_show
