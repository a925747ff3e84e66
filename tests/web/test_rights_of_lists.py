"""Lists find what somebody may see in two ways, row by row and from his side: both find the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import tasks
from engine.models import Candidate, Deal, Document, ProcessInstance, UserTask
from engine.queries import deal, seen
from engine.work import run
from tests.web import world as worlds
from tests.web.conftest import Visitor


def shown(session: Session, mine: seen.Seen) -> tuple[set[int], set[int], set[int]]:
    return (
        set(session.scalars(select(ProcessInstance.id).where(mine.instances))),
        set(session.scalars(select(Deal.id).where(mine.deals))),
        set(session.scalars(select(Document.id).where(mine.documents))),
    )


def test_the_same_is_seen_row_by_row_and_from_ones_own_side(world: worlds.World) -> None:
    anna, lida = world.actor("anna"), world.actor("lida")
    with world.env.sessions() as session:
        free = session.scalars(select(UserTask).where(UserTask.rank.is_not(None), UserTask.assignee_id.is_(None))).all()
        ids = [task.id for task in free]
        named = {task: set(session.scalars(select(Candidate.group_key).where(Candidate.task_id == task)))
                 for task in ids}  # fmt: skip
    for task in ids:
        for who in (anna, lida):
            if named[task] & who.groups:
                run(world.env, who, tasks.claim, task)
                break
    found: dict[str, tuple[set[int], set[int], set[int]]] = {}
    with world.env.sessions() as session:
        for login in ("anna", "lida", "gleb", "dina", "vera"):
            mine = seen.seen(session, world.actor(login))
            found[login] = shown(session, mine)
            assert shown(session, replace(mine, wide=True)) == found[login], login
        everything = {len(rows) for rows in found["gleb"]}
        assert 0 not in everything
        assert any(rows != found["gleb"] for rows in found.values())


def test_a_list_of_much_says_that_it_is_counted_no_further(
    world: worlds.World, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen, "WIDE", -1)
    monkeypatch.setattr(seen, "MOST", 1)
    visitor.sign_in("anna")
    with world.env.sessions() as session:
        anna = world.actor("anna")
        own = len(session.scalars(select(Deal.id).where(seen.row_by_row(anna).deals)).all())
        _, count = deal.listing(session, anna, status="")
    assert own > 1
    assert count == (1, True)
    assert "Их больше 1:" in visitor.get("/deals?status=all").text
    for path in ("/documents", "/documents?q=договор", "/instances?q=сделка", "/deals?q=поставка"):
        assert visitor.get(path).status_code == 200, path
