"""What tests of forms share: a form out of a few components, a moment, ways to clean, see and draw it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2

from engine import feel, forms
from engine.errors import Invalid
from engine.forms import FormView

NOW = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)  # already the 22nd in Moscow
CONTEXT = feel.Context(now=NOW)
TEMPLATES = Path(__file__).resolve().parents[2] / "engine" / "web" / "templates"


def content(*components: Mapping[str, Any]) -> bytes:
    return json.dumps({"type": "default", "id": "f", "schemaVersion": 19, "components": list(components)}).encode()


def form(*components: Mapping[str, Any]) -> forms.Form:
    return forms.read(content(*components))


def field(type: str, key: str = "x", label: str = "Поле", **more: Any) -> dict[str, Any]:
    name = "path" if type in {"group", "dynamiclist"} else "key"
    return {"type": type, "id": f"id_{key}", name: key, "label": label, **more}


def clean(
    made: forms.Form, raw: Mapping[str, Any], variables: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    return forms.clean(made, raw, variables or {}, CONTEXT, **more)


def faults(
    made: forms.Form, raw: Mapping[str, Any], variables: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, str]:
    """The errors by field; empty when the form passes."""
    try:
        clean(made, raw, variables, **more)
    except Invalid as error:
        return {name: str(fault) for name, fault in error.fields.items()}
    return {}


def one(component: Mapping[str, Any], value: Any, **variables: Any) -> Any:
    """The value that one field brings."""
    return clean(form(component), {"x": value}, variables)["x"]


def fault_of(component: Mapping[str, Any], value: Any, **variables: Any) -> str:
    """The error of one field; empty when it passes."""
    return faults(form(component), {"x": value}, variables).get("x", "")


def draw(view: FormView, refresh_url: str | None = None) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, extensions=["jinja2.ext.i18n"]
    )
    add: Any = environment
    add.install_gettext_callables(str, lambda one, many, number: one if number == 1 else many, newstyle=True)
    environment.filters["say"] = str
    page = environment.from_string("{% from 'form.html' import render %}{{ render(view, refresh_url) }}")
    return page.render(view=view, refresh_url=refresh_url)


def html(made: forms.Form, raw: Mapping[str, Any] | None = None, **more: Any) -> str:
    variables = more.pop("variables", {})
    return draw(forms.view(made, raw, variables, CONTEXT, **more))
