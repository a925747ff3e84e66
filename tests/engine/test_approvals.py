"""The queue of approvals on both databases: who is shown what, and what may be approved without being opened."""
from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine import approvals, returns
from engine.errors import Forbidden, WrongState
from engine.models import Document
from engine.queries import approvals as queries
from engine.queries.approvals import Filters
from engine.work import SYSTEM, Work, run
from tests.case import END, START, Case, drawing, form, user_task
from tests.cast import actor

EYES = drawing(
    "eyes",
    START + user_task("write") + user_task("vote", groups="lawyer", form="eyes/vote", document="document_id",
                                           separateFrom="write", approval="verdict") + END,
    flows="start>write;write>vote;vote>end",
)  # fmt: skip


def paper(case: Case, number: str, kind: str = "act", total: str = "10", version: int = 1) -> int:
    def write(work: Work) -> int:
        row = Document(kind=kind, title="Акт", number=number, version=version, dated=work.now.date(),
                       total=Decimal(total), template="sale/act", template_version=1, data={},
                       created_at=work.now)  # fmt: skip
        work.session.add(row)
        work.session.flush()
        return row.id

    made: int = run(case.env, SYSTEM, write)
    return made


def asked(case: Case, document_id: int) -> int:
    case.start("eyes", document_id=document_id)
    case.complete("write", "anna")
    return case.task("vote").id


def queue(case: Case, login: str, **filters: Any) -> list[str]:
    person, now = actor(case.env, login), case.clock()
    with case.env.sessions() as session:
        rows, count = queries.queue(session, case.env, person, now, now.date(), Filters(**filters))
        assert count == len(rows)
        return [row.document.number for row in rows if row.document]


@pytest.fixture
def votes(case: Case) -> Case:
    case.publish(EYES, forms={"eyes/vote": form("verdict")})
    return case


def test_it_is_sorted_by_sum_and_narrowed_by_kind_and_words(votes: Case) -> None:
    asked(votes, paper(votes, "1", total="10"))
    asked(votes, paper(votes, "2", total="30"))
    asked(votes, paper(votes, "3", kind="invoice", total="20"))
    assert queue(votes, "lidia") == ["1", "2", "3"]
    assert queue(votes, "lidia", order="sum") == ["2", "3", "1"]
    assert queue(votes, "lidia", kind="invoice") == ["3"]
    assert queue(votes, "lidia", words="2") == ["2"]
    assert queue(votes, "vera") == []


def test_a_plain_document_is_approved_without_being_opened(votes: Case) -> None:
    task = asked(votes, paper(votes, "1"))
    votes.act("lidia", approvals.approve, task)
    assert queue(votes, "lidia") == []


def test_a_new_version_is_not_before_it_was_opened(votes: Case) -> None:
    task = asked(votes, paper(votes, "1", version=2))
    with pytest.raises(WrongState, match="new version"):
        votes.act("lidia", approvals.approve, task)
    votes.act("lidia", returns.mark_seen, task)
    votes.act("lidia", approvals.approve, task)


def test_what_is_not_ones_own_to_see_is_not_approved(votes: Case) -> None:
    task = asked(votes, paper(votes, "1"))
    with pytest.raises(Forbidden):
        votes.act("vera", approvals.approve, task)


def test_the_approvers_of_a_document_are_told_with_who_is_still_to_answer(votes: Case) -> None:
    task = asked(votes, paper(votes, "1"))
    votes.act("lidia", approvals.approve, task)
    with votes.env.sessions() as session:
        row = session.get(queries.UserTask, task)
        assert row is not None
        ((vote,),) = [one.votes for one in queries.chain(session, row, {})]
        assert (vote.decision, vote.person.name if vote.person else "", vote.withdrawn) == (
            "approve", "Юрьева Лидия", False,
        )  # fmt: skip
