"""RP-02, RP-03 and RP-04 as they are listed."""

from __future__ import annotations

from engine.crm.reports import portfolio
from engine.crm.reports.filters import EMPLOYEE, PERIOD, PRODUCT, SCHEME, SEGMENT, TERRITORY
from engine.crm.reports.kpi import SALES
from engine.crm.reports.model import Report
from engine.errors import text

REPORTS = (
    Report(
        "RP-02",
        text("Figures by client"),
        text("Class, target and used products, sales and length of co-operation of each client."),
        "clients",
        ("R032", "R042", "R054", "R069", "R087"),
        (PERIOD, EMPLOYEE, SEGMENT, TERRITORY, portfolio.WHOSE),
        portfolio.clients,
        figures=(
            (text("Class ABC"), text(
                "As of the last calculation up to the end of the period. It is not counted anew from the sum beside it,"
                " which is of another period.")),
            (text("Plan"), text("Products that the matrix in force means for the client's segment.")),
            (text("Fact"), text("Those of them that the client used by the end of the period.")),
            (text("Sum of sales"), text("Money in the period less refunds.")),
            (text("With us for"), text("Whole months from the first money to the end of the period.")),
        ),
        cases={"sales": SALES, "targets": portfolio.TARGETS},
        own=True,
    ),
    Report(
        "RP-03",
        text("Client base by products"),
        text("What each client uses, refused, was not offered, and how far each offer is."),
        "clients",
        ("R037", "R038", "R039", "R040", "R041", "R042", "R043"),
        (SEGMENT, EMPLOYEE, TERRITORY, PRODUCT, portfolio.STATE, portfolio.GROUPED, portfolio.COLUMNS, SCHEME),
        portfolio.base,
        figures=(
            (text("Cells"), text(
                "+ used; stage and the day of the next step while an offer is open; refusal; not offered. A product"
                " that is not meant for the client's segment has an empty cell.")),
            (text("used"), text("Written down as used, or paid for in no deal that is still open.")),
        ),
        cases={"sales": SALES, "targets": portfolio.TARGETS},
        own=True,
    ),
    Report(
        "RP-04",
        text("Segments and products"),
        text("Which products are meant for which segment, and how near its clients are to the ideal."),
        "clients",
        ("R003", "R004", "R005", "R018", "R033"),
        (SEGMENT, EMPLOYEE, TERRITORY),
        portfolio.matrix,
        figures=(
            (text("Degree of development"), text(
                "Used target products of all target products of the segment's clients. What a client uses beside them"
                " does not count.")),
        ),
        cases={"targets": portfolio.TARGETS, "clients": portfolio.CLIENTS},
        own=True,
    ),
)  # fmt: skip
