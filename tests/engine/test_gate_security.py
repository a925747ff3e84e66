"""Files from strangers: what must never be opened, expanded or run."""
from __future__ import annotations

import os

import pytest

from engine.bpmn import gate, xml
from engine.errors import Refused
from tests.engine.drawings import NAMESPACES, SIMPLE, definitions, end, model, process, start, user


def with_doctype(doctype: str, body: str) -> bytes:
    said = process(f"<documentation>{body}</documentation>" + start() + user("a") + end(), "s>a a>e")
    return b"<?xml version='1.0'?>" + doctype.encode() + definitions(said)


LAUGHS = '<!DOCTYPE d [<!ENTITY a0 "lol">' + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
) + "]>"  # fmt: skip

DANGEROUS = {
    "a file as an entity": with_doctype('<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "&x;"),
    "an address as an entity": with_doctype('<!DOCTYPE d [<!ENTITY x SYSTEM "http://127.0.0.1:1/">]>', "&x;"),
    "a document type elsewhere": with_doctype('<!DOCTYPE d SYSTEM "http://127.0.0.1:1/dtd">', "x"),
    "a parameter entity": with_doctype('<!DOCTYPE d [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p"> %p;]>', "x"),
    "a billion laughs": with_doctype(LAUGHS, "&a9;"),
    "quadratic growth": with_doctype(f'<!DOCTYPE d [<!ENTITY a "{"A" * 100_000}">]>', "&a;" * 2000),
    "a harmless entity": with_doctype('<!DOCTYPE d [<!ENTITY x "inside">]>', "&x;"),
    "an empty document type": with_doctype("<!DOCTYPE d>", "x"),
}


@pytest.mark.parametrize("name", DANGEROUS)
def test_a_file_that_declares_entities_or_a_document_type_is_refused(name: str):
    assert [fault.code for fault in gate.inspect("x.bpmn", DANGEROUS[name])[1]] == ["doctype"]


def test_a_document_type_in_another_encoding_is_found_too():
    text = DANGEROUS["a harmless entity"].decode().replace("<?xml version='1.0'?>", "")
    content = ("<?xml version='1.0' encoding='UTF-16'?>" + text).encode("utf-16")
    assert [fault.code for fault in gate.inspect("x.bpmn", content)[1]] == ["doctype"]


BAD = {
    "file-too-large": SIMPLE + b" " * xml.MAX_BYTES,
    "file-too-complex": definitions("<a/>" * (xml.MAX_XML_ELEMENTS + 1)),
    "not-xml": b"<definitions",
    "not-bpmn": b"<html/>",
}


@pytest.mark.parametrize("code", BAD)
def test_what_is_no_drawing_is_refused_with_its_reason(code: str):
    with pytest.raises(Refused) as refused:
        gate.read("x.bpmn", BAD[code])
    assert [fault.code for fault in refused.value.faults] == [code]


@pytest.mark.parametrize("content", [b"", b"\0\1\2", b"\xff\xfe", "пусто".encode(), b"PK\3\4zip", b"<a>" * 100_000])
def test_rubbish_is_no_drawing(content: bytes):
    assert {fault.code for fault in gate.inspect("x.bpmn", content)[1]} <= {"not-xml", "file-too-complex"}


def test_depth_is_bounded():
    content = definitions("<a>" * (xml.MAX_DEPTH + 5) + "</a>" * (xml.MAX_DEPTH + 5))
    assert [fault.code for fault in gate.inspect("x.bpmn", content)[1]] == ["file-too-complex"]


def test_an_included_file_is_not_read():
    inclusion = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>'
    content = model(f"<documentation>{inclusion}</documentation>" + start() + user("a") + end(), "s>a a>e")
    (procedure,) = gate.read("x.bpmn", content)
    assert "root" not in repr(procedure.elements)


def test_no_python_of_a_drawing_runs(tmp_path):
    target = tmp_path / "written"
    payload = f"__import__('os').system('touch {target}')"
    content = model(
        start()
        + f'<scriptTask id="x" scriptFormat="python"><script>{payload}</script></scriptTask>'
        + '<exclusiveGateway id="g" default="f_g_e"/>'
        + end() + end("e2"),
        f"s>x x>g g>e g>e2[={payload}]",
    )  # fmt: skip
    codes = {fault.code for fault in gate.inspect("x.bpmn", content)[1]}
    assert "script-language" in codes
    assert not os.path.exists(target)


def test_comments_and_instructions_do_not_hide_anything():
    content = SIMPLE.replace(b"<process", b"<!-- x --><?php echo 1 ?><process")
    (procedure,) = gate.read("x.bpmn", content)
    assert set(procedure.elements) == {"s", "a", "e"}


def test_elements_of_another_namespace_are_not_taken_for_bpmn():
    content = f'<definitions {NAMESPACES}><o:process xmlns:o="urn:o" id="p"/></definitions>'.encode()
    assert "no-process" in {fault.code for fault in gate.inspect("x.bpmn", content)[1]}
