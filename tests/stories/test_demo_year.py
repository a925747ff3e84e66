"""The demo company lives: what comes to it and what its people do goes through the procedures, nothing is made up."""
from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from engine import audit, database, deployments
from engine.calendar import calendars
from engine.crm.facts import facts
from engine.environment import Environment, settings_of
from engine.models import Client, Deal, Incident, Job, MilestoneReached, Settlement, Survey, TaskReturn, UserTask
from engine.storage import Folder
from simulation import command, plausible
from tests.stories.conftest import ROOT, actions

END = datetime(2026, 11, 20, 15, tzinfo=UTC)
LONG_AGO = datetime(2024, 11, 20, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Environment, command.Lived]:
    """Seven weeks of a small company."""
    folder = tmp_path_factory.mktemp("year")
    return _live(folder, 7)


def _live(folder: Path, seed: int, days: int = 49) -> tuple[Environment, command.Lived]:
    engine = database.connect(f"sqlite:///{folder / 'year.db'}", synchronous="OFF")
    database.create_tables(engine)
    env = Environment(
        sessions=database.sessions(engine), calendars=calendars(ROOT / "settings" / "calendars.yaml"),
        actions=actions(), settings=settings_of(ROOT / "settings"), facts=facts, files=Folder(folder / "files"),
    )  # fmt: skip
    lived = command.live(env, 12, days, seed, deployments.files_of(ROOT), lambda line: None, until=END)
    assert lived is not None
    return env, lived


def test_deals_go_their_way_and_people_finish_tasks(lived: tuple[Environment, command.Lived]) -> None:
    env, story = lived
    with env.sessions() as session:
        assert story.counts["clients"] >= 12
        assert session.scalar(select(func.count()).select_from(Deal)) == story.counts["deals"] > 10
        assert {"M1", "M2"} <= set(session.scalars(select(MilestoneReached.milestone)))
        assert session.scalar(select(func.count()).where(UserTask.completed_by.is_not(None))) > 50


def test_nothing_breaks_on_the_way(lived: tuple[Environment, command.Lived]) -> None:
    env, story = lived
    with env.sessions() as session:
        assert list(session.scalars(select(Incident.message))) == []
        assert list(session.scalars(select(Job.error).where(Job.error.is_not(None)))) == []
    assert story.trouble == {}


def test_the_rules_were_kept_for_everybody(lived: tuple[Environment, command.Lived]) -> None:
    env, story = lived
    assert story.findings == []
    with env.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Survey).where(Survey.status == "answered"))
        assert session.scalar(select(func.count()).select_from(TaskReturn))


def test_a_year_that_went_wrong_is_found_out(lived: tuple[Environment, command.Lived], tmp_path: Path) -> None:
    """Each rule is broken once in a copy of the company, and said."""
    env, _ = lived
    copied = tmp_path / "copy.db"
    with env.sessions() as session, sqlite3.connect(copied) as copy:
        session.connection().connection.dbapi_connection.backup(copy)  # type: ignore[union-attr]
    broken = replace(env, sessions=database.sessions(database.connect(f"sqlite:///{copied}")))
    with broken.sessions() as session:
        client = session.scalars(select(Client)).first()
        assert client is not None
        deal = Deal(number="D-1", title="Проигранная", client_id=client.id, status="lost", milestone_at=END,
                    created_at=END, closed_at=END)  # fmt: skip
        asked = session.scalars(select(Survey)).first()
        assert asked is not None
        bad = Survey(client_id=client.id, questionnaire_id=asked.questionnaire_id, reason="yearly", opened_at=LONG_AGO,
                     answered_at=LONG_AGO, status="answered", minimum=2)  # fmt: skip
        session.add_all([deal, bad, Incident(kind="stuck", message="It waits for nobody", raised_at=END)])
        session.execute(update(Client).values(next_contact_on=None))
        session.execute(update(Settlement).values(dated=LONG_AGO.date()))
        session.commit()
    said = {finding.partition(":")[0] for finding in plausible.findings(broken, END, reports=False)}
    assert {"R065", "R117", "R122", "R137", "nothing stands still"} <= said


def test_everything_that_happened_can_be_proved(lived: tuple[Environment, command.Lived]) -> None:
    env, _ = lived
    with env.sessions() as session:
        assert all(verdict.holds for verdict in audit.verify_all(session))


def test_a_company_with_people_in_it_is_left_alone(lived: tuple[Environment, command.Lived]) -> None:
    env, _ = lived
    with env.sessions() as session:
        before = session.scalar(select(func.count()).select_from(Client))
    assert command.live(env, 5, 5, 1, {}, lambda line: None, until=END) is None
    with env.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Client)) == before


def test_the_same_seed_makes_the_same_stretch_of_life(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    assert len({str(_live(folder, 3, days=10)[1].counts) for folder in folders}) == 1
