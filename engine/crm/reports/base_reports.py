"""RP-11, RP-12 and RP-14 as they are listed."""

from __future__ import annotations

from engine.crm.reports import base
from engine.crm.reports.filters import EMPLOYEE, ON, SEGMENT, TERRITORY, YEAR
from engine.crm.reports.model import Report
from engine.errors import text

OF_CLIENT = (EMPLOYEE, SEGMENT, TERRITORY)
REPORTS = (
    Report(
        "RP-11",
        text("Classes ABC and XYZ"),
        text("Who brings the result, and who buys evenly; the history of the classes of each client."),
        "clients",
        ("R022", "R024", "R025", "R029", "R031", "R042", "R077"),
        (ON, *OF_CLIENT, base.ORDER),
        base.classes,
        figures=(
            (text("Class ABC"), text(
                "Clients in descending order of what they brought in the last 12 months: A while those before hold less"
                " than 50 per cent of the total, B while less than 80, then C. Base and borders are settings.")),
            (text("Coefficient of variation"), text(
                "Root of the mean square deviation of monthly sums by their mean, months without money included, since"
                " the client's first month with us.")),
            (text("Class XYZ"), text(
                "X up to 10 per cent, Y up to 25, Z above. New and potential clients have none.")),
        ),
        cases={"clients": base.CLIENTS, "history": base.HISTORY},
        own=True,
    ),
    Report(
        "RP-12",
        text("States of clients"),
        text("How many clients are potential, new, regular, lost and restored, and how that moved."),
        "clients",
        ("R079", "R080", "R082", "R083", "R084", "R085", "R089", "R327"),
        (YEAR, *OF_CLIENT),
        base.states,
        figures=(
            (text("State"), text(
                "The first that fits: potential (never paid), lost (nothing in the state window), new (first money in"
                " it), restored (nothing in the window before it), regular.")),
            (text("Movement"), text(
                "New: the first money ever. Lost: the first day on which the last money lies further back than the"
                " window. Restored: money after such a silence.")),
            (text("Lost of those with us before"), text(
                "Lost in the month of the new, regular and restored clients on the day before the period.")),
            (text("Deals per client who bought"), text(
                "Deals won in the month by the number of clients who made them; the mean sum is of the same"
                " deals, VAT included.")),
        ),
        cases={"clients": base.CLIENTS, "lost": base.LOST, "restored": base.RESTORED},
        own=True,
    ),
    Report(
        "RP-14",
        text("Products per client"),
        text("How many product directions clients use, beside the ideal of their segment."),
        "clients",
        ("R005", "R019", "R052"),
        (ON, *OF_CLIENT),
        base.products,
        figures=(
            (text("Product directions"), text(
                "Directions the client has paid for up to the day, refunds taken off; a product without a direction"
                " counts for itself.")),
            (text("Ideal"), text("Products that the matrix in force means for the segment.")),
        ),
        cases={"clients": base.COUNTED},
        own=True,
    ),
)  # fmt: skip
