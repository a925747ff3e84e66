"""One DOCX as a template: its parts as Jinja sources, where in the file a line of them stands, and its rendering.

Runs inside the worker process only (engine/documents/worker.py): a template is a stranger's program.
"""
from __future__ import annotations

import io
import re
import traceback
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage
from jinja2 import Environment
from markupsafe import Markup

from engine.documents import qr
from engine.documents.docx_file import open_safely
from engine.documents.sandbox import Sandbox, environment

FOOTNOTES = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
PROPERTIES = ("author", "comments", "identifier", "language", "subject", "title")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
BOUND = re.compile(r"(№|\b(?:г|д|ст|п|стр|корп|кв|лит|ул|помещ|офис)\.?) (?=[0-9A-ZА-Я«])")  # stays on one line
EXCERPT = 90
SMALLEST_QR, LARGEST_QR = 15, 80


@dataclass(frozen=True)
class Place:
    """Where in the file: ``where`` is ``body``, ``body/table 2/row 3``, ``header`` …, ``excerpt`` the text there."""

    where: str
    excerpt: str


class TemplateFault(Exception):
    """The template could not be rendered: what was wrong and where."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message)
        self.place = place


@dataclass(frozen=True)
class Part:
    """A rendered part of the file: its Jinja source, one line per paragraph."""

    name: str
    source: str

    def place(self, line: int) -> Place:
        """Where the paragraph on this line stands, and its text."""
        lines = self.source.split("\n")
        before = "\n".join(lines[: max(line - 1, 0)])  # what opens around a paragraph stands before it
        where = self.name
        if before.count("<w:tbl>") > before.count("</w:tbl>"):
            row = len(re.findall(r"<w:tr[ >]", before[before.rindex("<w:tbl>") :]))
            where += f"/table {before.count('<w:tbl>')}/row {max(row, 1)}"
        words = " ".join(re.sub(r"<[^>]+>", " ", lines[min(max(line, 1), len(lines)) - 1]).split())
        return Place(where, words if len(words) <= EXCERPT else words[: EXCERPT - 1] + "…")


class Template(DocxTemplate):  # type: ignore[misc]  # untyped base
    """docxtpl in our sandbox: no rendering outside it, places for every error, properties without markup."""

    def __init__(self, content: bytes) -> None:
        open_safely(content).close()
        super().__init__(io.BytesIO(content))
        self.part = Part("body", "")

    def parts(self) -> Iterator[Part]:
        """Everything that will be rendered, as Jinja source."""
        self.init_docx()
        yield Part("body", _one_line_each(self.patch_xml(self.get_xml())))
        for name, uri in (("header", self.HEADER_URI), ("footer", self.FOOTER_URI)):
            for _, part in self.get_headers_footers(uri):
                yield Part(name, _one_line_each(self.patch_xml(self.get_part_xml(part))))
        for part in self.docx.part.package.iter_parts():
            if part.content_type == FOOTNOTES:
                yield Part("footnotes", _one_line_each(self.patch_xml(part.blob.decode())))
        for name in PROPERTIES:
            yield Part(f"properties/{name}", str(getattr(self.docx.core_properties, name) or ""))

    def unrendered(self) -> Iterator[str]:
        """Parts that hold a placeholder but are never rendered: comments, endnotes, charts."""
        for part in self.docx.part.package.iter_parts():
            name = str(part.partname)
            if re.search(r"/(comments|endnotes|chart)[^/]*\.xml$", name) and b"{{" in part.blob:
                yield name

    def fill(self, context: Mapping[str, Any]) -> bytes:
        """The rendered file. Raises TemplateFault with the place."""
        env = environment()
        env.filters["qr"] = self._qr
        try:
            self.render(clean(dict(context)), env, autoescape=True)
        except MemoryError:
            raise
        except Exception as error:
            raise TemplateFault(_message(error), self.part.place(_line(error))) from error
        out = io.BytesIO()
        self.save(out)
        return _undated(out.getvalue())

    def render_xml_part(self, src_xml: str, part: Any, context: dict[str, Any], jinja_env: Environment) -> str:
        """Remember the part in hand, then render it."""
        name = str(part.partname)
        kind = next((word for word in ("header", "footer", "footnotes") if word in name), "body")
        self.part = Part(kind, _one_line_each(src_xml))
        return str(super().render_xml_part(src_xml, part, context, jinja_env))

    # the base class asks for both arguments
    def render_properties(self, context: dict[str, Any], jinja_env: Environment | None = None) -> None:  # noqa: ARG002
        """Title, author … are plain text, not XML: rendered without escaping."""
        plain: Sandbox = environment(autoescape=False)
        for name in PROPERTIES:
            self.part = Part(f"properties/{name}", str(getattr(self.docx.core_properties, name) or ""))
            rendered = plain.from_string(self.part.source).render(context)
            setattr(self.docx.core_properties, name, rendered[:255])

    def _qr(self, value: Any, size: int = 34) -> Markup:
        """The picture of a payment QR payload, ``size`` millimetres wide; nothing for an empty payload.

        Text, not the picture object: that one would hand its methods to the template.
        """
        if not value:
            return Markup("")
        width = Mm(min(max(int(size), SMALLEST_QR), LARGEST_QR))
        return Markup(str(InlineImage(self, io.BytesIO(qr.png(str(value))), width=width)))


def _undated(content: bytes) -> bytes:
    """The same file without the moment of its packing: equal data give equal bytes, so a repeated rendering is the
    same stored file with the same hash."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(zipfile.ZipInfo(name), source.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def clean(value: Any) -> Any:
    """Plain data without the control characters that XML cannot hold (a tab and a line break may stay), with «№ 7»
    and «д. 13» kept together."""
    if isinstance(value, str):
        return BOUND.sub("\\1\u00a0", CONTROL.sub("", value.replace("\r\n", "\n").replace("\r", "\n")))
    if isinstance(value, Mapping):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    return value


def _one_line_each(xml: str) -> str:
    return re.sub(r"<w:p([ >])", r"\n<w:p\1", xml.replace("\n", " "))


def _line(error: Exception) -> int:
    """The line of the template's source in which an error arose: Jinja puts it into the traceback."""
    if (line := getattr(error, "lineno", None)) is not None:
        return int(line)
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 1 for frame in reversed(frames) if frame.filename == "<template>"), 1)


def _message(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
