"""Scenarios that lie beside the procedures (processes/*/scenarios/*.yaml): written by designers, played here."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from sqlalchemy import select

from engine.models import ProcessInstance
from tests.stories.story import Story

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "processes").glob("*/scenarios/*.yaml"))
MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.mark.parametrize("file", FILES, ids=[path.stem for path in FILES])
def test_a_scenario_goes_as_it_is_written(file: Path, story_at: Callable[[str], Story]) -> None:
    written = yaml.safe_load(file.read_text("utf-8"))
    assert written["title"]
    begun = written["start"]
    story = story_at(begun.get("at", "nothing"))
    if "at" not in begun:
        story.clock.now = moment(begun["now"])
        if "procedure" in begun:
            told = {name: begun[name] for name in ("by", "client", "title", "variables") if name in begun}
            story.start(begun["procedure"], **told)
        else:
            story.begin(begun["title"], begun["client"])
    for number, step in enumerate(written["steps"], 1):
        play(story, step, f"{file.name}, step {number}")


def play(story: Story, step: Mapping[str, Any], place: str) -> None:
    """One line of a scenario."""
    if "do" in step:
        story.complete(step["do"], by=step.get("by"), **step.get("with", {}))
    elif "approve" in step:
        answers = step["approve"]
        for group in answers:
            decision = answers[group] if isinstance(answers, dict) else "approve"
            story.approve(group, decision=decision, remark=step.get("remark"))
    elif "wait" in step:
        story.wait(step["wait"])
    elif "until" in step:
        story.until(moment(step["until"]))
    elif "start" in step:
        story.begin_about(story.deal_id, step["start"], by=step.get("by", "anna"))
    elif "client_cancels" in step:
        story.client_cancels()
    else:
        for name, wanted in step["expect"].items():
            EXPECTED[name](story, wanted, place)


def moment(text: str) -> datetime:
    """Moscow time."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=MOSCOW)


def see_mail(story: Story, wanted: Mapping[str, str], place: str) -> None:
    assert any(wanted["subject"] in subject for subject in story.mailbox.to(wanted["to"])), place
    if "says" in wanted:
        assert wanted["says"] in story.mailbox.letter(wanted["subject"]).get_content(), place


def see_no_mail(story: Story, wanted: Mapping[str, str], place: str) -> None:
    assert not any(wanted["subject"] in subject for subject in story.mailbox.to(wanted["to"])), place


def see_open(story: Story, wanted: list[str], place: str) -> None:
    assert story.open == sorted(wanted), place


def see_point(story: Story, wanted: Mapping[str, str], place: str) -> None:
    assert story.points(wanted["code"])[-1].status == wanted["status"], place


def see_document(story: Story, wanted: Mapping[str, Any], place: str) -> None:
    document = story.documents(wanted["kind"])[-1]
    for name in ("status", "version"):
        assert name not in wanted or getattr(document, name) == wanted[name], place
    assert wanted.get("says", "") in story.text_of(wanted["kind"]), place


def see_milestone(story: Story, wanted: str, place: str) -> None:
    assert story.milestones[-1] == wanted, place


def see_deal(story: Story, wanted: str, place: str) -> None:
    assert story.deal["status"] == wanted, place


def see_instance(story: Story, wanted: str, place: str) -> None:
    assert story.instance.status == wanted, place


def see_started(story: Story, wanted: str, place: str) -> None:
    with story.env.sessions() as session:
        assert session.scalar(select(ProcessInstance.id).where(ProcessInstance.key == wanted)) is not None, place


EXPECTED: Mapping[str, Callable[[Story, Any, str], None]] = {
    "mail": see_mail, "no_mail": see_no_mail, "open": see_open, "point": see_point, "document": see_document,
    "milestone": see_milestone, "deal": see_deal, "instance": see_instance, "started": see_started,
}  # fmt: skip
