"""What a DOCX may contain, looked at before any library opens it: sizes, parts, macros, links to the outside.

A 343 KB file can take 1.6 GB in a parser; a linked picture makes LibreOffice fetch an address; so the container is
judged first, with bytes counted as they really inflate.
"""
from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

from lxml import etree

from engine.errors import Invalid, Text, text

MEGABYTE = 1 << 20
LARGEST_FILE = 10 * MEGABYTE
LARGEST_MEMBER = 20 * MEGABYTE
LARGEST_TOTAL = 50 * MEGABYTE
LARGEST_XML = 8 * MEGABYTE
MOST_MEMBERS = 1000
RATIO = 120
ACTIVE = re.compile(
    r"vbaProject|vbaData|activeX|oleObject|/embeddings/|customUI|attachedToolbars|\.(exe|js|vbs|dll|scr)$", re.I
)
FIELDS = re.compile(rb"\b(DDEAUTO|DDE|INCLUDEPICTURE|INCLUDETEXT|IMPORT|LINK)\b")
INSTRUCTION = re.compile(rb"<w:instrText[^>]*>([^<]*)<|w:instr=\"([^\"]*)\"")
LINKS = ("http://", "https://", "mailto:")
RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


def open_safely(content: bytes) -> zipfile.ZipFile:
    """The judged container. Raises Invalid with the sentence of the first thing that may not be in a template."""
    if len(content) > LARGEST_FILE:
        raise Invalid("The file is larger than {limit} MB.", limit=LARGEST_FILE // MEGABYTE)
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        sizes = dict(_measured(archive))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        raise Invalid("This is not a DOCX file.") from error
    if "[Content_Types].xml" not in sizes or "word/document.xml" not in sizes:
        raise Invalid("This is not a DOCX file.")
    for name in sizes:
        if name.endswith((".xml", ".rels")):
            _judge_xml(name, sizes[name], archive.read(name))
    return archive


def _measured(archive: zipfile.ZipFile) -> Iterator[tuple[str, int]]:
    infos = archive.infolist()
    names = [info.filename for info in infos]
    if len(infos) > MOST_MEMBERS or len({name.lower() for name in names}) != len(names):
        raise Invalid("The file has too many or doubled parts.")
    total = 0
    for info in infos:
        if refusal := _name_refusal(info):
            raise Invalid(refusal)
        size = _inflated(archive, info)
        total += size
        if total > LARGEST_TOTAL:
            raise Invalid("The file grows to an absurd size when unpacked ({name}).", name=info.filename)
        yield info.filename, size


def _name_refusal(info: zipfile.ZipInfo) -> Text | None:
    name = info.filename
    if name.startswith("/") or "\\" in name or ".." in name.split("/"):
        return text("The part {name} points outside the file.", name=name)
    if info.flag_bits & 1:
        return text("The file is encrypted.")
    if ACTIVE.search(name):
        return text("The file contains a macro or an embedded object: {name}.", name=name)
    return None


def _inflated(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> int:
    """Bytes a member really has; what the headers say is not believed."""
    most = min(LARGEST_MEMBER, max(info.compress_size * RATIO, MEGABYTE))
    size = 0
    with archive.open(info) as member:
        while chunk := member.read(1 << 16):
            size += len(chunk)
            if size > most:
                raise Invalid("The file grows to an absurd size when unpacked ({name}).", name=info.filename)
    return size


def _judge_xml(name: str, size: int, content: bytes) -> None:
    if size > LARGEST_XML:
        raise Invalid("The part {name} is larger than {limit} MB.", name=name, limit=LARGEST_XML // MEGABYTE)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise Invalid("The part {name} is not well-formed.", name=name) from error
    if b"<!DOCTYPE" in content:
        raise Invalid("The part {name} declares a document type.", name=name)
    if name == "[Content_Types].xml" and (b"macroEnabled" in content or b"vbaProject" in content):
        raise Invalid("The file contains a macro or an embedded object: {name}.", name=name)
    if name.endswith(".rels"):
        _judge_links(root)
    elif any(FIELDS.search(a or b) for a, b in INSTRUCTION.findall(content)):
        raise Invalid("The part {name} has a field that fetches something from outside.", name=name)


def _judge_links(root: etree._Element) -> None:
    for relation in root.iter(RELATION):
        if relation.get("TargetMode") != "External":
            continue
        kind, target = str(relation.get("Type")).rsplit("/", 1)[-1], str(relation.get("Target"))
        if kind != "hyperlink" or not target.lower().startswith(LINKS):
            raise Invalid("The file refers to something outside: {kind} {target}.", kind=kind, target=target)
