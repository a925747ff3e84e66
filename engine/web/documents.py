"""Issued documents: the list and the files. A document follows the rights of its deal or instance."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, g, render_template, request

from engine import access
from engine.errors import NotFound
from engine.models import Client, Document, ProcessInstance, StoredFile
from engine.queries import deal as deals
from engine.queries import register
from engine.web import downloads, reading, sheets
from engine.web.pages import Pages, number
from engine.web.rules import allow
from engine.web.security import FILE_POLICY

blueprint = Blueprint("documents", __name__)
SHOWN_INLINE = {"application/pdf"}  # everything else is downloaded, never drawn by the browser under our address


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
    """The PDF to look at, or either form to download (``?download=1``)."""
    session = reading.session()
    document = session.get(Document, document_id)
    if document is None or not _may_see(document):
        raise NotFound("There is no such document, or it is not yours to see")
    stored = session.get(StoredFile, (document.pdf_id if form == "pdf" else document.docx_id) or 0)
    if stored is None:
        raise NotFound("The document has no such file yet. It is being made; try again in a minute.")
    return answer(stored, f"{document.title} {document.number}.{form}".replace("/", "-"))


@blueprint.get("/files/<int:file_id>")
@allow("employee")
def attachment(file_id: int) -> Response:
    """A file somebody attached to an instance."""
    session = reading.session()
    stored = session.get(StoredFile, file_id)
    instance = session.get(ProcessInstance, stored.instance_id) if stored and stored.instance_id else None
    if stored is None or instance is None or not access.may(session, reading.actor(), g.now, "instance.see", instance):
        raise NotFound("There is no such file, or it is not yours to see")
    return answer(stored, stored.name)


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


def answer(stored: StoredFile, name: str) -> Response:
    """The bytes of a stored file, shown by the browser only where that is safe."""
    inline = stored.media_type in SHOWN_INLINE and "download" not in request.args
    headers = {
        "Content-Type": stored.media_type,
        "Content-Disposition": f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{quote(name)}",
        "Content-Security-Policy": FILE_POLICY,
        "Cache-Control": "private, no-cache",
    }
    return Response(reading.environment().files.get(stored.sha256), headers=headers)
