"""Reports as pages: filters in the address, tables with the cases behind each number, charts, print, XLSX and CSV."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, current_app, g, render_template, request, url_for
from markupsafe import Markup
from werkzeug.routing import BuildError

from engine.crm import exports, periods
from engine.crm.reports import model, registry
from engine.crm.reports.model import Asked, Cell, Chart, Column, Filter, Group, Link, Report, Row, Table, Words
from engine.errors import NotFound, Text
from engine.web import formats, reading
from engine.web.i18n import gettext, locale, ngettext, say
from engine.web.pages import number
from engine.web.rules import allow

blueprint = Blueprint("reports", __name__)
READERS = (*sorted(registry.SEES_ALL), *sorted(registry.SEES_OWN))
PLACES: Mapping[str, tuple[str, str | None]] = {  # kind of a link -> endpoint and the name of its id
    "client": ("clients.show", "client_id"),
    "deal": ("deals.show", "deal_id"),
    "instance": ("instances.show", "instance_id"),
    "complaint": ("complaints.show", "complaint_id"),
    "survey": ("surveys.show", "survey_id"),
    "campaign": ("campaigns.show", "campaign_id"),
    "product": ("products.show", "product_id"),
    "assignment": ("assignments.show", "assignment_id"),
    "document": ("documents.show", "document_id"),
    "deals": ("deals.listing", None),
    "clients": ("clients.listing", None),
    "control_points": ("control_points.listing", None),
}
SHEET = {"int": "whole", "days": "whole", "months": "whole", "money": "money", "percent": "percent",
         "number": "number", "date": "date", "moment": "moment", "flag": "flag", "text": "text"}  # fmt: skip
RESERVED = frozenset({"key", "case", "form", "endpoint"})


@blueprint.get("/reports")
@allow(*READERS)
def index() -> str:
    """All reports this person may open, by group."""
    seen = registry.seen_by(reading.actor())
    groups = [(name, [one for one in seen if one.group == key]) for key, name in model.GROUPS.items()]
    return render_template("reports.html", groups=[(name, rows) for name, rows in groups if rows])


@blueprint.get("/reports/<key>")
@blueprint.get("/reports/<key>/<case>")
@allow(*READERS)
def show(key: str, case: str | None = None) -> str:
    """One report, or the cases behind one of its numbers."""
    report, asked = _asked(key, number("page", 1))
    tables = registry.tables(report, asked, case)
    filters = _controls(report, asked)
    return render_template(
        "report.html", report=report, asked=asked, case=report.cases[case] if case else None, case_key=case,
        tables=[_shown(table, report, no) for no, table in enumerate(tables)], filters=filters,
        chosen=_chosen(asked, filters), groups=model.GROUPS, presets=periods.PRESETS, kept=kept,
        spoken=spoken,
    )  # fmt: skip


@blueprint.get("/reports/<key>.<any(xlsx, csv):form>")
@blueprint.get("/reports/<key>/<case>.<any(xlsx, csv):form>")
@allow(*READERS)
def file(key: str, form: str, case: str | None = None) -> Response:
    """One table of a report as a file; ``table`` says which."""
    report, asked = _asked(key)
    tables = registry.tables(report, asked, case)
    place = number("table", 1)
    if place > len(tables):
        raise NotFound("The report {key} has no such list.", key=report.key)
    table = tables[place - 1]
    title = say(report.title) if case is None else say(report.cases[case].title)
    heads = [exports.Column(_head(column), SHEET[column.kind]) for column in table.columns]
    body = exports.write(
        form, heads, [_line(table.columns, row) for row in table.rows], title,
        total=_line(table.columns, table.total) if table.total else None, zone=formats.zone(), locale=locale(),
    )  # fmt: skip
    answer = Response(body, content_type=exports.MEDIA[form])
    answer.headers["Content-Disposition"] = f'attachment; filename="{key}{f"-{case}" if case else ""}.{form}"'
    return answer


def _asked(key: str, page: int = 0) -> tuple[Report, Asked]:
    report = registry.find(reading.actor(), key)
    today = g.now.astimezone(g.zone).date()
    session, env = reading.session(), reading.environment()
    return report, registry.ask(report, session, env, reading.actor(), today, kept(), page)


def kept(**over: Any) -> dict[str, Any]:
    """What stands in the address, with something put over it; names that mean something to Flask are left out."""
    given = {
        name: value for name, value in request.args.items() if name[:1].isalpha() and name not in RESERVED
    }
    return given | {name: str(value) for name, value in over.items()}


def spoken(value: model.Said | None) -> str:
    """A title in the reader's language, wherever it comes from."""
    if isinstance(value, Words):
        return value.en if locale() == "en" else value.ru
    return say(value) if isinstance(value, Text) else str(value or "")


def shown(value: Any, kind: str) -> str | Markup:
    """A value as its column shows it."""
    if value is None or value == "":
        return ""
    if isinstance(value, (Text, Words)):
        return spoken(value)
    if isinstance(value, tuple):
        return ", ".join(str(shown(part, kind)) for part in value)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, datetime):
        return formats.stamp(value)
    if isinstance(value, date):
        return formats.day(value, "medium") if locale() == "en" else f"{value:%d.%m.%Y}"
    return _number(value, kind) if isinstance(value, (int, float, Decimal)) else str(value)


def _number(value: Any, kind: str) -> str:
    if kind == "money":
        return formats.money(value)
    if kind == "percent":
        return f"{formats.number(value)}\u00a0%"
    if kind == "months":
        return ngettext("%(num)d month", "%(num)d months", int(value)) % {"num": int(value)}
    return formats.number(value)


def href(link: Link | None, report: Report) -> str | None:
    """The address behind a cell, or None while its page is not installed."""
    if link is None:
        return None
    if link.kind == "cases":
        merged = {name: value for name, value in kept().items() if name not in ("table", "page")}
        return url_for("reports.show", key=report.key, case=link.target, **(merged | dict(link.arguments)))
    if link.kind == "report":
        return url_for("reports.show", key=link.target, **link.arguments)
    endpoint, name = PLACES.get(link.kind, ("", None))
    if endpoint not in current_app.view_functions:
        return None
    try:
        values: dict[str, Any] = {name: link.target} if name else {}
        return url_for(endpoint, **(values | dict(link.arguments)))
    except BuildError:
        return None


def _head(column: Column) -> str:
    group = f"{spoken(column.group)}: " if column.group else ""
    return f"{group}{spoken(column.title)}"


def _line(columns: Sequence[Column], row: Row) -> list[Any]:
    if isinstance(row, Group):
        return [spoken(row.title), *[None] * (len(columns) - 1)]
    values = [model.value_of(row.get(column.key)) for column in columns]
    return [str(shown(value, "text")) if isinstance(value, (Text, Words, tuple)) else value for value in values]


def _shown(table: Table, report: Report, place: int) -> dict[str, Any]:
    """A table ready for the page: heads in one or two rows, cells as text with addresses."""
    page, rows, count = number("page", 1), table.rows, table.count
    if count is None:
        count = len(rows)
        rows = rows[(page - 1) * model.PAGE : page * model.PAGE] if count > model.PAGE else rows
    return {
        "place": place + 1,
        "title": spoken(table.title),
        "columns": table.columns,
        "heads": _heads(table.columns),
        "rows": [_cells(row, table.columns, report) for row in rows],
        "total": _cells(table.total, table.columns, report)["cells"] if table.total else None,
        "notes": table.notes,
        "empty": table.empty,
        "chart": _chart(table.chart) if table.chart and _is_drawn(table.chart) else None,
        "chart_title": say(table.chart.title) if table.chart else "",
        "page": page,
        "last": -(-count // model.PAGE),
        "count": count,
    }


def _heads(columns: Sequence[Column]) -> list[tuple[str, int]]:
    """Heads over several columns: name and how many; empty when there are none."""
    if not any(column.group for column in columns):
        return []
    found: list[tuple[str, int]] = []
    for column in columns:
        name = spoken(column.group)
        if found and found[-1][0] == name and name:
            found[-1] = name, found[-1][1] + 1
        else:
            found.append((name, 1))
    return found


def _cells(row: Row, columns: Sequence[Column], report: Report) -> dict[str, Any]:
    if isinstance(row, Group):
        return {"group": spoken(row.title), "cells": []}
    cells = []
    for column in columns:
        found = row.get(column.key)
        cell = found if isinstance(found, Cell) else Cell(found)
        cells.append((column, shown(cell.value, column.kind), href(cell.link, report), cell.tone))
    return {"group": None, "cells": cells}


def _is_drawn(chart: Chart) -> bool:
    """Is there anything to see: a chart of nothing but zeros is an empty frame."""
    return any(_plotted(value) for _, values in chart.series for value in values)


def _chart(chart: Chart) -> str:
    return drawn(chart.kind, [str(shown(label, "text")) for label in chart.labels], chart.series, chart.unit)


def drawn(kind: str, labels: Sequence[str], series: Sequence[tuple[Any, Sequence[Any]]], unit: str = "int") -> str:
    """What reports.js draws on a canvas: a line for each name with its values."""
    lines = [{"name": spoken(name), "values": [_plotted(value) for value in values]} for name, values in series]
    given = {"kind": kind, "unit": unit, "locale": locale(), "labels": list(labels), "series": lines}
    return json.dumps(given, ensure_ascii=False)


def _plotted(value: Any) -> float | None:
    bare = model.value_of(value)
    return None if bare is None else float(bare)


def _controls(report: Report, asked: Asked) -> list[tuple[Filter, list[tuple[str, str]], str]]:
    """The filters with their choices and what is chosen; a manager cannot choose somebody else."""
    found = []
    for one in report.filters:
        if one.name == "employee" and not asked.actor.groups & registry.SEES_ALL:
            continue
        offered = one.choices(asked.session, asked.env) if one.choices else []
        choices = [(value, spoken(name)) for value, name in offered]
        chosen = asked[one.name]
        if one.kind == "period":
            chosen = request.args.get("period") or ("own" if request.args.get("from") else one.default)
        found.append((one, choices, "" if chosen is None else str(chosen)))
    return found


def _chosen(asked: Asked, filters: Sequence[tuple[Filter, list[tuple[str, str]], str]]) -> list[tuple[str, str]]:
    """What was chosen, in words, for the printed page."""
    said: list[tuple[str, str]] = []
    for one, choices, chosen in filters:
        if one.kind == "period":
            days = f"{formats.day(asked.period.since, 'medium')} – {formats.day(asked.period.until, 'medium')}"
            said.append((say(one.title), days))
        elif one.kind == "date":
            said.append((say(one.title), formats.day(asked[one.name], "medium")))
        elif chosen:
            said.append((say(one.title), dict(choices).get(chosen, chosen)))
    return said

