"""Small DOCX files for the tests of documents: a paragraph, a header, a table cell, forged parts."""
from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from docx import Document


def docx(*paragraphs: str, header: str = "", cell: str = "", title: str = "") -> bytes:
    """A file with these paragraphs, and perhaps a header, a table of 2 x 2 with ``cell`` in its last place, a title."""
    made = Document()
    for text in paragraphs:
        made.add_paragraph(text)
    if cell:
        made.add_table(2, 2).cell(1, 1).text = cell
    if header:
        made.sections[0].header.paragraphs[0].text = header
    made.core_properties.title = title
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def texts(content: bytes) -> list[str]:
    """The paragraphs of a file."""
    return [paragraph.text for paragraph in Document(io.BytesIO(content)).paragraphs]


def header_of(content: bytes) -> str:
    """The text of the header."""
    return str(Document(io.BytesIO(content)).sections[0].header.paragraphs[0].text)


def forged(add: Mapping[str, bytes] | None = None, replace: Mapping[str, tuple[bytes, bytes]] | None = None) -> bytes:
    """A clean file with more parts, or with bytes of a part replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(docx("hi"))) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            content = source.read(info)
            old, new = (replace or {}).get(info.filename, (b"", b""))
            target.writestr(info.filename, content.replace(old, new, 1) if old else content)
        for name, content in (add or {}).items():
            target.writestr(name, content)
    return out.getvalue()
