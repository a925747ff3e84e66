"""What keeps a template from being published: files that are no templates, names nobody supplies, broken language."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.documents import SCHEMA, Renderer
from engine.documents.docx_file import open_safely
from engine.errors import Fault, Invalid
from tests.engine.docx_files import docx, forged

RELS = "word/_rels/document.xml.rels"
REL = b'<Relationship Id="rX" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" %s/>'
OUTSIDE = b'Target="http://169.254.169.254/x" TargetMode="External"'


def _linked(kind: bytes, rest: bytes = OUTSIDE) -> bytes:
    return forged(replace={RELS: (b"</Relationships>", REL % (kind, rest) + b"</Relationships>")})


BAD = {
    "a zip bomb": forged(add={"word/media/x.bin": b"\0" * (60 << 20)}),
    "a bomb of many members": forged(add={f"word/media/{i}.bin": b"\0" * (900 << 10) for i in range(70)}),
    "a macro": forged(add={"word/vbaProject.bin": b"x"}),
    "a macro's content type": forged(replace={"[Content_Types].xml": (b"document.main+xml", b"macroEnabled.main+xml")}),
    "an embedded object": forged(add={"word/embeddings/oleObject1.bin": b"x"}),
    "a remote template": _linked(b"attachedTemplate"),
    "a linked picture": _linked(b"image"),
    "a script link": _linked(b"hyperlink", b'Target="javascript:alert(1)" TargetMode="External"'),
    "a way out of the archive": forged(add={"../../evil.txt": b"x"}),
    "a document type": forged(
        replace={"word/document.xml": (b"<w:document", b'<!DOCTYPE x [<!ENTITY e "e">]><w:document')}
    ),
    "a DDE field": forged(
        replace={"word/document.xml": (b"<w:t>hi</w:t>", b"<w:instrText>DDEAUTO c:\\\\cmd.exe</w:instrText>")}
    ),
    "broken XML": forged(replace={"word/document.xml": (b"</w:body>", b"")}),
    "a program": b"MZ" + b"x" * 200,
    "nothing": b"",
}  # fmt: skip


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    made = Renderer(1)
    yield made
    made.close()


def _codes(faults: tuple[Fault, ...]) -> list[str]:
    return [fault.code for fault in faults]


@pytest.mark.parametrize("what", BAD)
def test_a_file_with_something_else_in_it_is_refused(what: str) -> None:
    with pytest.raises(Invalid):
        open_safely(BAD[what])


def test_a_clean_file_passes_and_so_does_an_ordinary_link() -> None:
    open_safely(docx("hi")).close()
    open_safely(_linked(b"hyperlink", b'Target="https://example.org/" TargetMode="External"')).close()


def test_a_bad_file_is_one_fault_at_publication(renderer: Renderer) -> None:
    faults = renderer.check(BAD["a macro"], "documents/sale/x.docx")
    assert _codes(faults) == ["template-file"]
    assert "vbaProject" in str(faults[0].reason)


def test_a_good_template_has_no_fault(renderer: Renderer) -> None:
    good = docx(
        "{{ client.name }} {{ deal.totals.gross|money }} {% if document.valid_until %}x{% endif %}",
        "{% for line in deal.lines %}{{ loop.index }} {{ line.name }} {{ line.sum|money }}{% endfor %}",
        "{% set t = deal.totals %}{{ t.words }} {{ data.anything.below }} {{ meeting.tasks[0].what }}",
        "{{ payment.qr|qr(30) }} {{ contact.dative or client.head.dative }} {{ 2 * 3 }}",
        header="{{ company.name }}", title="{{ document.number }}",
    )  # fmt: skip
    assert renderer.check(good, "x.docx") == ()


def test_an_unknown_name_is_refused_with_its_place_and_the_nearest_known_one(renderer: Renderer) -> None:
    faults = renderer.check(docx("ok", cell="Итого {{ deal.totals.gros|money }}"), "x.docx")
    assert _codes(faults) == ["template-unknown-name"]
    assert faults[0].element_id == "body/table 1/row 2"
    assert "deal.totals.gros" in str(faults[0].reason)
    assert "Итого" in str(faults[0].reason)
    assert str(faults[0].remedy).endswith("gross.")


def test_names_are_followed_through_loops_and_assignments(renderer: Renderer) -> None:
    source = "{% for line in document.lines %}{% set x = line %}{{ x.prise }}{% endfor %}"
    assert "x.prise" in str(renderer.check(docx(source), "x.docx")[0].reason)


def test_headers_are_checked_too(renderer: Renderer) -> None:
    faults = renderer.check(docx("x", header="{{ compani.name }}"), "x.docx")
    assert [(fault.element_id, fault.code) for fault in faults] == [("header", "template-unknown-name")]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("{{ client.__class__ }}", "template-forbidden"),
        ("{{ lipsum() }}", "template-forbidden"),
        ("{{ client.name.upper() }}", "template-forbidden"),
        ("{% include 'x' %}", "template-forbidden"),
        ("{{ 'a' * 99 }}", "template-forbidden"),
        ("{{ client.name|attr('x') }}", "template-unknown-filter"),
        ("{{ deal.totals.gross|mony }}", "template-unknown-filter"),
        ("{% if client is callable %}x{% endif %}", "template-unknown-filter"),
        ("{{ client }}", "template-not-a-value"),
        ("{{ deal.lines }}", "template-not-a-value"),
        ("{% for line in deal.lines %}", "template-syntax"),
        ("{{ client.name", "template-syntax"),
        ("{% endif %}", "template-syntax"),
        ("{{ client..name }}", "template-syntax"),
    ],
)
def test_what_a_template_may_not_say_is_named(renderer: Renderer, source: str, code: str) -> None:
    faults = renderer.check(docx("начало", source), "x.docx")
    assert code in _codes(faults)
    assert all(fault.severity == "error" and fault.file == "x.docx" for fault in faults)
    assert all(str(fault.remedy) for fault in faults)


def test_a_guarded_name_may_be_missing(renderer: Renderer) -> None:
    assert renderer.check(docx("{% if nobody is defined %}x{% endif %}{{ nothing|default('-') }}"), "x.docx") == ()


def test_a_placeholder_split_by_the_word_processor_is_understood(renderer: Renderer) -> None:
    split = forged(replace={"word/document.xml": (
        b"<w:t>hi</w:t>", b"<w:t>{{ client.</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>nam }}</w:t>"
    )})  # fmt: skip
    assert "client.nam" in str(renderer.check(split, "x.docx")[0].reason)


def test_a_placeholder_where_nothing_is_filled_in_is_refused(renderer: Renderer) -> None:
    comments = (
        b'<?xml version="1.0"?><w:comments xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        b'<w:comment w:id="1"><w:p><w:r><w:t>{{ client.name }}</w:t></w:r></w:p></w:comment></w:comments>'
    )
    kind = b"application/vnd.openxmlformats-officedocument.wordprocessingml.comments+xml"
    content = forged(
        add={"word/comments.xml": comments},
        replace={
            RELS: (b"</Relationships>", REL % (b"comments", b'Target="comments.xml"') + b"</Relationships>"),
            "[Content_Types].xml": (
                b"</Types>", b'<Override PartName="/word/comments.xml" ContentType="' + kind + b'"/></Types>'
            ),
        },
    )  # fmt: skip
    assert _codes(renderer.check(content, "x.docx")) == ["template-part-not-rendered"]


def test_names_of_ones_own_may_be_handed_in(renderer: Renderer) -> None:
    assert renderer.check(docx("{{ mine.a }}"), "x.docx", {"mine": {"a": "text"}}) == ()
    assert "client" in SCHEMA
