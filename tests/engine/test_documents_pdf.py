"""PDF by a warm LibreOffice: what comes out, and what happens when it hangs or is missing."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.documents.pdf import Office
from engine.errors import Failed
from tests.engine.docx_files import docx
from tests.office import office_or_skip, pages

HANGING = """#!/bin/sh
case "$*" in
  *--convert-to*) echo hanging >> "{log}"; exec tail -f /dev/null ;;
  *) for last; do :; done
     touch "$(dirname "$last")/.~lock.$(basename "$last")#"
     exec tail -f /dev/null ;;
esac
"""


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    made = office_or_skip()
    yield made
    made.close()


def test_a_document_becomes_a_pdf_with_its_text(office: Office) -> None:
    made = office.convert(docx("Двадцать одна тысяча рублей 01 копейка"))
    assert made is not None
    assert "Двадцать одна тысяча рублей 01 копейка" in pages(made)[0]


def test_the_office_stays_and_takes_the_next_document(office: Office) -> None:
    office.convert(docx("первый"))
    worker = office._idle.get()
    before = worker._process
    office._idle.put(worker)
    assert "второй" in pages(office.convert(docx("второй")) or b"")[0]
    assert worker._process is before


def test_a_killed_office_is_replaced_within_the_same_document(office: Office) -> None:
    office.convert(docx("x"))
    worker = office._idle.get()
    assert worker._process is not None
    worker._process.kill()
    worker._process.wait()
    office._idle.put(worker)
    assert "после" in pages(office.convert(docx("после")) or b"")[0]


def test_a_hanging_office_is_killed_and_the_document_tried_once_more(tmp_path: Path) -> None:
    log, script = tmp_path / "log", tmp_path / "soffice"
    script.write_text(HANGING.format(log=log))
    script.chmod(0o755)
    office = Office(1, str(script), timeout=0.5)
    with pytest.raises(Failed, match="did not finish"):
        office.convert(docx("x"))
    assert log.read_text().splitlines() == ["hanging", "hanging"]
    worker = office._idle.get()
    assert worker._process is None
    assert worker._home is None


def test_an_office_that_does_not_start_is_said(tmp_path: Path) -> None:
    script = tmp_path / "soffice"
    script.write_text("#!/bin/sh\nexit 1\n")
    script.chmod(0o755)
    with pytest.raises(Failed, match="does not start"):
        Office(1, str(script), timeout=5).convert(docx("x"))


def test_without_libreoffice_there_is_no_pdf_and_a_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.documents.pdf.shutil.which", lambda _: None)
    office = Office()
    assert office.convert(docx("x")) is None
    assert "libreoffice" in str(office.missing)
