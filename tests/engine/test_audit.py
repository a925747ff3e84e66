"""The log: a chain per instance that nobody can change unseen."""
from __future__ import annotations

import threading

import pytest
from sqlalchemy import Engine, delete, text, update
from sqlalchemy.exc import DBAPIError

from engine import audit
from engine.environment import Environment
from engine.models import AuditEvent, table_of
from engine.work import SYSTEM, Work, run, unit_of_work
from tests.case import END, START, Case, drawing, form, user_task

LOG = table_of(AuditEvent)


def note(env: Environment, *names: str) -> None:
    with unit_of_work(env, SYSTEM) as work:
        for name in names:
            audit.record(work, "thing.done", name=name, sum=1.5)


def verdict(env: Environment, chain: int = 0, anchor: audit.Head | None = None) -> audit.Verdict:
    with env.sessions() as session:
        return audit.verify(session, chain, anchor)


def unguarded(engine: Engine, *statements: object) -> None:
    """What the owner of the database can do: switch the guards off."""
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        if engine.dialect.name == "sqlite":
            for name in ("audit_event_no_update", "audit_event_no_delete", "audit_event_in_order"):
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


def test_lines_are_chained_without_gaps(env: Environment) -> None:
    note(env, "a", "b")
    note(env, "c")
    with env.sessions() as session:
        lines = session.query(AuditEvent).order_by(AuditEvent.seq).all()
    assert [(line.seq, line.data["name"]) for line in lines] == [(1, "a"), (2, "b"), (3, "c")]
    assert len({line.hash for line in lines}) == 3
    assert verdict(env).holds
    assert verdict(env).head.count == 3


def test_what_failed_leaves_no_line(env: Environment) -> None:
    def fail(work: Work) -> None:
        audit.record(work, "thing.done")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(env, SYSTEM, fail)
    assert verdict(env).head.count == 0


@pytest.mark.parametrize("change", [update(LOG).values(type="x"), delete(LOG)], ids=["update", "delete"])
def test_the_database_refuses_to_change_or_delete_lines(env: Environment, engine: Engine, change: object) -> None:
    note(env, "a")
    with (
        pytest.raises(DBAPIError, match="never"),
        engine.connect().execution_options(write=True) as connection,
        connection.begin(),
    ):
        connection.execute(change)  # type: ignore[call-overload]
    assert verdict(env).head.count == 1


def test_the_database_refuses_a_line_out_of_order_and_a_replaced_one(env: Environment, engine: Engine) -> None:
    note(env, "a", "b")
    replace = "INSERT OR REPLACE" if engine.dialect.name == "sqlite" else "INSERT"
    columns = "chain, seq, at, type, data, hash"
    for seq in ("seq", "seq + 5"):
        source = f"SELECT chain, {seq}, at, 'eve', data, hash FROM audit_event"
        statement = f"{replace} INTO audit_event ({columns}) {source}"
        with (
            pytest.raises(DBAPIError),
            engine.connect().execution_options(write=True) as connection,
            connection.begin(),
        ):
            connection.execute(text(f"{statement} WHERE seq = 1"))
    assert verdict(env).holds


def test_the_session_refuses_to_change_or_delete_lines(env: Environment) -> None:
    note(env, "a")
    with pytest.raises(TypeError, match="never changed"), unit_of_work(env, SYSTEM) as work:
        work.session.query(AuditEvent).one().type = "x"
    with pytest.raises(TypeError, match="never changed"), unit_of_work(env, SYSTEM) as work:
        work.session.delete(work.session.query(AuditEvent).one())


def test_verification_names_the_first_changed_line(env: Environment, engine: Engine) -> None:
    note(env, "a", "b", "c")
    unguarded(engine, update(LOG).where(LOG.c.seq == 2).values(data={"name": "forged", "sum": 1}))
    found = verdict(env)
    assert (found.holds, found.broken, found.reason) == (False, 2, "line was changed")


def test_verification_names_a_missing_line(env: Environment, engine: Engine) -> None:
    note(env, "a", "b", "c")
    unguarded(engine, delete(LOG).where(LOG.c.seq == 2))
    assert (verdict(env).broken, verdict(env).reason) == (2, "line is missing")


def test_an_anchor_finds_lines_that_were_cut_off_the_end(env: Environment, engine: Engine) -> None:
    note(env, "a", "b", "c")
    with env.sessions() as session:
        (anchor,) = audit.anchor(session)
    unguarded(engine, delete(LOG).where(LOG.c.seq == 3))
    assert verdict(env).holds
    assert verdict(env, anchor=anchor).broken == 3


def test_an_anchor_finds_a_chain_that_was_rewritten(env: Environment, engine: Engine) -> None:
    note(env, "a", "b")
    with env.sessions() as session:
        (anchor,) = audit.anchor(session)
    unguarded(engine, delete(LOG))
    note(env, "x", "y")
    assert verdict(env).holds
    assert verdict(env, anchor=anchor).reason == "chain was rewritten since the anchor was taken"


def test_a_chain_that_is_gone_altogether_is_missed_by_its_anchor(env: Environment, engine: Engine) -> None:
    note(env, "a")
    with env.sessions() as session:
        anchors = audit.anchor(session)
    unguarded(engine, delete(LOG))
    with env.sessions() as session:
        (found,) = audit.verify_all(session, anchors)
    assert not found.holds


def test_a_changed_outcome_of_a_task_is_found_though_it_stands_outside_the_log(case: Case) -> None:
    case.publish(drawing("p", START + user_task("do", form="t/do") + END, flows="start>do;do>end"),
                 forms={"t/do": form("note")})  # fmt: skip
    case.start("p")
    case.complete("do", note="as agreed")
    assert case.verify().holds
    with unit_of_work(case.env, SYSTEM) as work:
        work.session.execute(text("UPDATE user_task SET outcome = '{\"note\":\"forged\"}'"))
    assert case.verify().reason == "what was filled in is not what was signed for"


def test_many_writers_of_one_chain_leave_no_gap(env: Environment) -> None:
    def write() -> None:
        for number in range(10):
            run(env, SYSTEM, audit.record, "thing.done", number=number)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdict(env).holds
    assert verdict(env).head.count == 40


def test_every_verb_of_an_instance_writes_into_its_own_chain(case: Case) -> None:
    case.publish(drawing("p", START + user_task("do") + END, flows="start>do;do>end"))
    first = case.start("p").id
    second = case.start("p").id
    assert case.logged(first) == case.logged(second) == ["process_instance.started", "user_task.created"]
    assert {line.definition for line in case.log(first)} == {"p:1"}
