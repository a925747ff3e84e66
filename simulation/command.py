"""The command ``demo-year``: an empty database becomes a company with a year behind it."""
from __future__ import annotations

import gc
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from engine import deployments, work
from engine.crm import demo
from engine.environment import Environment
from engine.models import Client, Complaint, Deal, Incident, ProcessInstance, Survey, UserTask
from simulation import papers, plausible
from simulation.agenda import Clock
from simulation.year import Year

FILES_KEPT = timedelta(days=21)  # documents of the last weeks get true files
TROUBLES = 12
WHOLE_YEAR = 300  # days after which every report must have something to say


@dataclass(frozen=True)
class Lived:
    """What came of it."""

    accounts: list[demo.Account]
    counts: Mapping[str, int]
    trouble: Mapping[str, int]
    findings: Sequence[str]

    def account(self) -> str:
        """A few lines for the person who waits."""
        told = [", ".join(f"{count} {name}" for name, count in self.counts.items())]
        if self.trouble:
            told.append("What people could not do:")
            told += [f"  {count} x {what}" for what, count in list(self.trouble.items())[:TROUBLES]]
        if self.findings:
            told.append("What does not hold:")
            told += [f"  {finding}" for finding in self.findings[:TROUBLES]]
        else:
            told.append("Checked: the log, open incidents, the rules for clients, surveys and complaints, the reports.")
        return "\n".join(told)


def live(
    env: Environment, clients: int, days: int, seed: int, files: Mapping[str, bytes], say: Callable[[str], None],
    until: datetime | None = None,
) -> Lived | None:  # fmt: skip
    """Live the ``days`` before ``until`` (default now). None when the database is not empty."""
    end = until or datetime.now(UTC)
    clock = Clock(end - timedelta(days=days))
    true_clock, env.clock = env.clock, clock
    accounts = work.run(env, work.SYSTEM, demo.load)
    if not accounts:
        env.clock = true_clock
        return None
    work.run(env, work.SYSTEM, deployments.publish, files, "setup")
    mail, pdf, settings = env.mail, env.pdf, env.settings
    env.mail, env.pdf = papers.NoPost(), None
    env.settings = {**settings, "mail": papers.unmailed(settings.get("mail"))}
    gc.freeze()  # what is loaded by now stays: the collector need not look at it with every thousandth object
    gc.set_threshold(200_000, 50, 1_000)
    year = Year(env, clock, random.Random(seed))
    print_again = papers.leave_unprinted(env)
    try:
        year.agenda.plan(end - FILES_KEPT, print_again)
        year.live(end, clients, say)
    finally:
        print_again()
        env.mail, env.pdf, env.settings, env.clock = mail, pdf, settings, true_clock
    findings = plausible.findings(env, end, reports=days >= WHOLE_YEAR)
    return Lived(accounts, _counts(env), dict(year.staff.trouble.most_common()), findings)


def _counts(env: Environment) -> dict[str, int]:
    names: dict[str, Any] = {
        "clients": Client, "deals": Deal, "complaints": Complaint, "surveys": Survey, "procedures run": ProcessInstance,
        "tasks": UserTask, "incidents": Incident,
    }  # fmt: skip
    with env.sessions() as session:
        return {name: session.scalar(select(func.count()).select_from(model)) or 0 for name, model in names.items()}
