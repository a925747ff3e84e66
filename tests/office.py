"""LibreOffice for tests: required where CI=true, else its absence skips with the reason."""
from __future__ import annotations

import io
import os
import shutil

import pdfplumber
import pytest

from engine.documents.pdf import Office


def office_or_skip() -> Office:
    """A converter of the test's own; close it."""
    if shutil.which("soffice") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("LibreOffice is missing: install libreoffice-writer-nogui")
        pytest.skip("LibreOffice is not installed, so no PDF can be looked at")
    return Office()


def pages(pdf: bytes) -> list[str]:
    """The text of each page, no-break spaces as plain ones."""
    with pdfplumber.open(io.BytesIO(pdf)) as opened:
        return [(page.extract_text() or "").replace("\u00a0", " ") for page in opened.pages]
