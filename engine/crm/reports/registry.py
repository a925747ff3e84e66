"""Which reports there are, and who may see them."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from engine.crm.reports import filters
from engine.crm.reports.model import Asked, Report, Table
from engine.errors import Forbidden, NotFound
from engine.work import Actor

SEES_ALL = frozenset({"head", "director", "admin", "auditor", "marketer", "product_head"})
SEES_OWN = frozenset({"manager"})
MODULES = (
    "kpi", "portfolio_reports", "funnel", "hardest", "forecast", "base_reports", "quality", "discipline", "selling",
    "activity", "loyal", "goods", "payments", "money", "reality",
)  # fmt: skip


@cache
def all_reports() -> Mapping[str, Report]:
    """Every report by its key, in order."""
    found: list[Report] = []
    for name in MODULES:
        module = importlib.import_module(f"engine.crm.reports.{name}")
        reports: Iterable[Report] = module.REPORTS
        found += reports
    return {report.key: report for report in sorted(found, key=lambda report: report.key)}


def seen_by(actor: Actor) -> list[Report]:
    """The reports this person may open."""
    return [report for report in all_reports().values() if _sees(actor, report)]


def find(actor: Actor, key: str) -> Report:
    """Raises NotFound, Forbidden."""
    report = all_reports().get(key)
    if report is None:
        raise NotFound("There is no report {key}.", key=key)
    if not _sees(actor, report):
        raise Forbidden("This report is not for your role. Ask the administrator if you need it.")
    return report


def ask(
    report: Report, session: Session, env: Any, actor: Actor, today: date, given: Mapping[str, str], page: int = 0
) -> Asked:
    """Understand what is asked; whoever may not see all figures asks for his own."""
    only = None if actor.is_system or actor.groups & SEES_ALL else actor.user_id
    return filters.read(report, session, env, actor, today, given, only, page)


def tables(report: Report, asked: Asked, case: str | None = None) -> Sequence[Table]:
    """The figures, or the cases behind one of them. Raises NotFound for cases that the report has not."""
    if case is None:
        return report.compute(asked)
    if case not in report.cases:
        raise NotFound("The report {key} has no such list.", key=report.key)
    return report.cases[case].compute(asked)


def _sees(actor: Actor, report: Report) -> bool:
    return actor.is_system or bool(actor.groups & SEES_ALL) or (report.own and bool(actor.groups & SEES_OWN))
