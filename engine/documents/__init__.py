"""Documents: from a template and plain facts to a numbered, locked DOCX and PDF."""
from __future__ import annotations

from engine.documents.renderer import Limits, Renderer, check_template

__all__ = ["Limits", "Renderer", "check_template"]
