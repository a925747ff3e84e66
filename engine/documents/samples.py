"""Sample data beside a template (``invoice.sample.yaml``): what previews and tests render from.

Keys: ``kind``, ``facts`` (deal, client, contact, company, author) and ``extra`` (document, data, part, contract …), as
engine.documents.context.build takes them. Sums may be written in quotes or not; they never become floats.
"""
from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import yaml

from engine.documents import context


def build(sample: bytes | str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The context of a sample. ``settings``: all settings by file (``documents`` and ``vat`` are read)."""
    given = _plain(yaml.safe_load(sample))
    kind = given["kind"]
    kinds = settings.get("documents") or {}
    extra = {"settings": kinds.get(kind) or {}, **given.get("extra", {})}
    extra["document"] = {"title": extra["settings"].get("title", ""), **extra["document"]}
    kept = {"vat": settings.get("vat") or {}, "units": settings.get("units") or {}}
    return context.build(kind, {**kept, **given["facts"]}, extra)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
