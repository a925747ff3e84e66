"""Documents: from a template and plain facts to a numbered, locked DOCX and PDF.

``check_template`` judges a template at publication, ``Renderer`` fills one in a process with limits, ``faults`` judges
a client's requisites. ``engine.documents.pdf.Office`` makes PDF, ``engine.documents.actions.register`` gives service
tasks their actions; both stand apart, so that the process in which templates run loads no database.
"""
from __future__ import annotations

from engine.documents.context import SCHEMA
from engine.documents.renderer import Limits, Renderer, check_template
from engine.documents.requisites import faults

__all__ = ["SCHEMA", "Limits", "Renderer", "check_template", "faults"]
