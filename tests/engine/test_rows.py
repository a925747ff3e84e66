"""Rows that are read and written past the session's ceremony are the session's rows all the same."""
from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import delete, inspect, select
from sqlalchemy.exc import IntegrityError

from engine.errors import Conflict
from engine.models import ControlPoint, Notice, NoticeHabit, Product, User, UserTask, table_of
from engine.rows import adopt, enter
from engine.work import SYSTEM, Work, run
from tests.case import END, START, Case, drawing, user_task
from tests.cast import actor


def _told(work: Work, user_id: int) -> Notice:
    return enter(work.session, Notice, user_id=user_id, kind="incident", facts={"a": 1}, at=work.now, channel="now")


def test_a_row_entered_at_once_is_held_changed_and_found_again(case: Case) -> None:
    reader = actor(case.env, "anna").user_id
    assert reader is not None

    def tell(work: Work) -> int:
        notice = _told(work, reader)
        assert work.session.get(Notice, notice.id) is notice
        assert (notice.read_at, notice.facts, inspect(notice).persistent) == (None, {"a": 1}, True)
        notice.subject = "comment:5"
        return notice.id

    notice_id = run(case.env, SYSTEM, tell)
    with case.env.sessions() as session:
        kept = session.scalars(select(Notice).where(Notice.id == notice_id)).one()
        assert (kept.subject, kept.facts, kept.read_at) == ("comment:5", {"a": 1}, None)


def test_what_a_model_says_of_itself_is_kept_when_nothing_else_is_given(case: Case) -> None:
    case.publish(drawing("p", START + user_task("a") + END, flows="start>a;a>end"))
    case.start("p")

    def open_point(work: Work) -> int:
        return enter(
            work.session, ControlPoint, instance_id=case.instance_id, token_id="t", element_id="a", code="CP-1",
            title="", planned_at=work.now, planned_why={}, evidence_rule="completion", opened_at=work.now,
        ).id  # fmt: skip

    point_id = run(case.env, SYSTEM, open_point)
    with case.env.sessions() as session:
        point = session.get_one(ControlPoint, point_id)
        assert (point.status, point.level, point.reminder, point.evidence) == ("open", 0, "P1BD", None)


def test_a_row_that_was_only_added_is_found_by_its_key(case: Case) -> None:
    reader = actor(case.env, "anna").user_id
    assert reader is not None
    with case.env.sessions() as session:
        habit = NoticeHabit(user_id=reader, digest_hour=8, quiet="none", quiet_from=0, quiet_until=0)
        session.add(habit)
        assert session.get(NoticeHabit, reader) is habit
        session.rollback()
        assert session.get(NoticeHabit, reader) is None


def test_columns_that_were_not_read_are_read_when_asked_for(case: Case) -> None:
    case.publish(drawing("p", START + user_task("a") + END, flows="start>a;a>end"))
    case.start("p")
    with case.env.sessions() as session:
        row = session.execute(select(UserTask.id, UserTask.name)).one()
        task = adopt(session, UserTask, ("id", "name"), tuple(row))
        assert task.element_id == "a"


def test_what_a_session_writes_plainly_is_what_it_would_have_written(case: Case) -> None:
    """New rows get their number, their defaults and their version, changed columns arrive, the rest stays."""
    reader = actor(case.env, "anna").user_id

    def write(work: Work) -> int:
        product = Product(code="P-1", name="Plain", price=Decimal("10.00"))
        work.session.add(product)
        work.session.flush()
        assert (inspect(product).persistent, product.unit, product.simple, product.cost) == (True, "усл.", False, None)
        assert work.session.get(Product, product.id) is product
        product.name, product.price = "Plainer", Decimal("10.00")
        return product.id

    product_id = run(case.env, SYSTEM, write)
    with case.env.sessions() as session:
        kept = session.get_one(Product, product_id)
        assert (kept.name, kept.price, kept.unit, kept.code) == ("Plainer", Decimal("10.00"), "усл.", "P-1")
        assert session.get_one(User, reader).login == "anna"


def test_a_row_that_is_gone_cannot_be_changed(case: Case) -> None:
    def write(work: Work) -> None:
        product = Product(code="P-2", name="Gone", price=Decimal(1))
        work.session.add(product)
        work.session.flush()
        work.connection.execute(delete(table_of(Product)).where(table_of(Product).c.id == product.id))
        product.name = "Still here"
        work.session.flush()

    with pytest.raises(Conflict):
        run(case.env, SYSTEM, write)


def test_two_rows_of_one_key_are_refused_and_leave_nothing(case: Case) -> None:
    def write(work: Work, code: str) -> None:
        for _ in range(2):
            work.session.add(Product(code=code, name=code, price=Decimal(1)))
            work.session.flush()

    with pytest.raises(IntegrityError):
        run(case.env, SYSTEM, write, "P-3")
    with case.env.sessions() as session:
        assert session.scalars(select(Product).where(Product.code == "P-3")).all() == []


def test_a_change_inside_a_savepoint_goes_with_it(case: Case) -> None:
    def write(work: Work) -> tuple[str, list[Product]]:
        product = Product(code="P-4", name="Before", price=Decimal(1))
        work.session.add(product)
        work.session.flush()
        savepoint = work.session.begin_nested()
        product.name = "After"
        work.session.add(Product(code="P-5", name="Never", price=Decimal(1)))
        work.session.flush()
        savepoint.rollback()
        return product.name, list(work.session.scalars(select(Product).where(Product.code == "P-5")))

    assert run(case.env, SYSTEM, write) == ("Before", [])
