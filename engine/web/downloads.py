"""A list as a file: ``?as=xlsx`` or ``?as=csv`` behind the address of a page gives what the page shows, unpaged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Flask, Response, g, request, url_for

from engine.crm import exports
from engine.crm.exports import Column
from engine.web.formats import zone
from engine.web.i18n import locale

FORMS = ("xlsx", "csv")
Row = TypeVar("Row")
MOST = 10_000  # rows of one file; a longer list must be filtered first


def wanted() -> str | None:
    """The form that the address asks for, if any."""
    form = request.args.get("as")
    return form if form in FORMS else None


def every(read: Callable[[int], tuple[Sequence[Row], int]]) -> list[Row]:
    """All rows of a list that is read page by page, up to MOST."""
    first, count = read(1)
    found = list(first)
    page = 2
    while len(found) < min(count, MOST):
        more, _ = read(page)
        if not more:
            break
        found += more
        page += 1
    return found


def sheet(
    form: str, title: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]], total: Sequence[Any] | None = None
) -> Response:
    """The rows as a file to download, in the reader's language."""
    content = exports.write(form, columns, rows, title, total=total, zone=zone(), locale=locale())
    return attachment(content, f"{title} {g.now.astimezone(zone()).date().isoformat()}.{form}", exports.MEDIA[form])


def attachment(content: bytes, name: str, media_type: str) -> Response:
    """Bytes that the browser saves and never shows."""
    headers = {
        "Content-Type": media_type,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name.replace('/', '-'))}",
        "Cache-Control": "private, no-cache",
    }
    return Response(content, headers=headers)


def download(form: str) -> str:
    """The address of this page's list as a file, with the same filters."""
    arguments = {**request.args.to_dict(), **(request.view_args or {}), "as": form}
    arguments.pop("page", None)
    return url_for(request.endpoint or "", **arguments)


def install(app: Flask) -> None:
    """Give templates ``download``."""
    app.jinja_env.globals["download"] = download
