"""Writers take turns, readers do not wait, nothing is half done; the migrations make what the models say."""
from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError

from engine import database, migrations
from engine.database import FairLock
from engine.environment import Environment
from engine.errors import Conflict
from engine.models import Base, Deal, Group, NumberSequence, User
from engine.work import SYSTEM, Work, run, unit_of_work


def count_up(work: Work) -> None:
    row = work.session.get(NumberSequence, ("test", 2026), with_for_update=True)
    if row is None:
        work.session.add(NumberSequence(kind="test", year=2026, last=1))
    else:
        row.last += 1


def test_no_update_is_lost_when_many_write_the_same_row(env: Environment) -> None:
    run(env, SYSTEM, count_up)

    def many() -> None:
        for _ in range(15):
            run(env, SYSTEM, count_up)

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with env.sessions() as session:
        assert session.get_one(NumberSequence, ("test", 2026)).last == 61


def test_a_reader_sees_the_last_commit_while_somebody_writes(env: Environment) -> None:
    with unit_of_work(env, SYSTEM) as work:
        work.session.add(Group(key="new", title="", title_en=""))
        work.session.flush()
        with env.sessions() as reader:
            assert reader.get(Group, "new") is None
    with env.sessions() as reader:
        assert reader.get(Group, "new") is not None


def test_an_error_undoes_everything_and_nothing_is_announced(env: Environment) -> None:
    told: list[str] = []

    def fail(work: Work) -> None:
        work.session.add(Group(key="new", title="", title_en=""))
        work.after_commit.append(lambda: told.append("done"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(env, SYSTEM, fail)
    with env.sessions() as session:
        assert session.get(Group, "new") is None
    assert told == []


def test_the_writer_after_a_failed_one_gets_its_turn(env: Environment) -> None:
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), unit_of_work(env, SYSTEM):
            raise ZeroDivisionError
    run(env, SYSTEM, count_up)


def test_a_verb_is_run_again_when_another_writer_was_first(env: Environment) -> None:
    attempts: list[int] = []

    def verb(work: Work) -> str:
        attempts.append(1)
        if len(attempts) < 3:
            raise StaleDataError
        return "done"

    assert run(env, SYSTEM, verb) == "done"
    assert len(attempts) == 3


def test_a_verb_that_never_wins_is_a_conflict_in_words(env: Environment) -> None:
    def verb(work: Work) -> None:
        raise StaleDataError

    with pytest.raises(Conflict, match="Somebody else has just changed this"):
        run(env, SYSTEM, verb)


def test_other_errors_are_not_tried_again(env: Environment) -> None:
    attempts: list[int] = []

    def verb(work: Work) -> None:
        attempts.append(1)
        raise OperationalError("SELECT", {}, Exception("no such table"))

    with pytest.raises(OperationalError):
        run(env, SYSTEM, verb)
    assert len(attempts) == 1


def test_who_waits_longest_for_the_lock_gets_it_first() -> None:
    lock, order = FairLock(), []
    lock.acquire()
    threads = []
    for number in range(5):
        def wait(number: int = number) -> None:
            lock.acquire()
            order.append(number)
            lock.release()

        threads.append(threading.Thread(target=wait))
        threads[-1].start()
        while len(lock._queue) <= number:
            pass
    lock.release()
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4]


def test_a_writer_inside_a_writer_is_refused_instead_of_waiting_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    lock = FairLock()
    lock.acquire()
    with pytest.raises(Conflict, match="busy"):
        lock.acquire()
    lock.release()
    lock.acquire()


def test_rows_may_not_point_to_nothing(env: Environment) -> None:
    with pytest.raises(IntegrityError), unit_of_work(env, SYSTEM) as work:
        work.session.add(Deal(number="1", title="", client_id=4711, milestone_at=work.now, created_at=work.now))


def test_moments_come_back_aware_and_naive_ones_are_refused(env: Environment) -> None:
    with unit_of_work(env, SYSTEM) as work:
        user = work.session.query(User).filter_by(login="anna").one()
        user.locked_until = work.now
        user_id, now = user.id, work.now
    with env.sessions() as session:
        assert session.get_one(User, user_id).locked_until == now
    with pytest.raises(Exception, match="naive datetime"), unit_of_work(env, SYSTEM) as work:
        work.session.get_one(User, user_id).locked_until = datetime(2026, 1, 1)


def test_sqlite_is_told_to_be_safe(tmp_path: Path) -> None:
    made = database.connect(f"sqlite:///{tmp_path / 'a.db'}")
    with made.connect() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        }
    made.dispose()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}


def test_a_database_knows_how_its_rows_are_spread_once_it_took_stock(env: Environment) -> None:
    engine = env.sessions.kw["bind"]
    database.take_stock(engine)
    with env.sessions() as session:
        many = session.query(User).count()  # people work on as before
        if engine.dialect.name == "sqlite":
            known = session.execute(text("SELECT stat FROM sqlite_stat1 WHERE tbl = 'user_'")).scalars().all()
            assert {stat.split()[0] for stat in known} == {str(many)}


def test_the_migrations_make_exactly_what_the_models_say(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    migrated = _empty(backend, tmp_path, request)
    migrations.upgrade(migrated)
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": Base.metadata})
        assert compare_metadata(context, Base.metadata) == []
        triggers = _triggers(connection)
    assert triggers == _triggers_of_models(backend, tmp_path, request)
    migrations.upgrade(migrated)  # a second time changes nothing
    migrated.dispose()


def test_a_company_that_works_already_keeps_its_clients_and_deals_through_an_upgrade(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    older = _empty(backend, tmp_path, request, "older")
    migrations.upgrade(older, "0004_documents")
    day = 0 if backend == "sqlite" else datetime(2026, 1, 1, tzinfo=UTC)
    with older.connect().execution_options(write=True) as connection, connection.begin():
        for statement in OLDER_ROWS:
            connection.execute(text(statement), {"day": day})
    migrations.upgrade(older)
    with older.connect() as connection:
        kept = connection.execute(
            text("SELECT c.name, c.state, d.number, l.name FROM deal_line l JOIN deal d ON d.id = l.deal_id "
                 "JOIN client c ON c.id = d.client_id")
        ).all()  # fmt: skip
    older.dispose()
    assert kept == [("Ромашка", "potential", "D-1", "Тренинг")]


def test_open_tasks_and_substitutes_of_a_working_company_come_through_an_upgrade(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    older = _empty(backend, tmp_path, request, "working")
    migrations.upgrade(older, "0007_client_columns")
    day = 0 if backend == "sqlite" else datetime(2026, 1, 1, tzinfo=UTC)
    with older.connect().execution_options(write=True) as connection, connection.begin():
        for statement in (*OLDER_ROWS, *WORKING_ROWS):
            settings = '{"document": "doc_id", "separateFrom": "write"}'
            connection.execute(text(statement), {"day": day, "none": b"", "decides": settings, "drawn": DRAWN})
    migrations.upgrade(older)
    with older.connect() as connection:
        stands_in = connection.execute(text("SELECT absence_id, substitute_id, group_key FROM substitution")).all()
        found_by = connection.execute(text("SELECT id, words, client_id, decision FROM user_task ORDER BY id")).all()
        deal = connection.execute(text("SELECT stirred_at = milestone_at, worth FROM deal")).one()
        sole = connection.execute(text("SELECT sole FROM process_instance")).scalars().all()
        way = connection.execute(
            text("SELECT milestone, came_from, came_at = at FROM milestone_reached ORDER BY id")
        ).all()
    older.dispose()
    assert way == [("M0", None, None), ("M1", "M0", 1)]
    assert stands_in == [(1, 2, None)]
    assert deal == (1, 1)  # a deal of one line for one rouble
    assert sole == ["deal"]
    words = "позвонить елке d-1 ромашка обучение d-1 ромашка 7707083893"
    assert found_by == [(1, words, 1, 0), (2, None, None, 1)]


DRAWN = b'<zeebe:property name="subject" value="deal" />'
PERSON = (
    "INSERT INTO user_ (id, login, last, first, gender, position, email, locale, password_hash, active, failed_logins)"
)
WORKING_ROWS = (
    "UPDATE client SET inn = '7707083893'",
    "INSERT INTO milestone_reached (id, deal_id, milestone, at) VALUES (1, 1, 'M0', :day), (2, 1, 'M1', :day)",
    f"{PERSON} VALUES (1, 'anna', 'И', 'А', 'f', '-', 'a@example.com', 'ru', '-', true, 0)",
    f"{PERSON} VALUES (2, 'boris', 'П', 'Б', 'm', '-', 'b@example.com', 'ru', '-', true, 0)",
    "INSERT INTO absence (id, user_id, substitute_id, starts_at, ends_at) VALUES (1, 1, 2, :day, :day)",
    "INSERT INTO deployment (id, at) VALUES (1, :day)",
    "INSERT INTO process_definition (id, key, version, name, file, xml, sha256, calls, forms, decisions, "
    "starter_groups, deployment_id) VALUES (1, 'sale', 1, 'Продажа', 'f', :drawn, '-', '[]', '{}', '{}', '[]', 1)",
    "INSERT INTO process_instance (id, definition_id, key, version, title, status, versions, state, variables, "
    "deal_id, office, started_at, revision) "
    "VALUES (1, 1, 'sale', 1, 'D-1 «Ромашка» Обучение', 'active', '{}', :none, :none, 1, 'main', :day, 1)",
    *(
        "INSERT INTO user_task (id, instance_id, token_id, process_key, element_id, path, name, status, priority, "
        "rank, round, settings, created_at, revision) "
        f"VALUES ({number}, 1, '{number}', 'sale', 'call', '', 'Позвонить Ёлке', '{status}', 50, {rank}, 1, "
        f"{settings}, :day, 1)"
        for number, status, rank, settings in ((1, "created", 10, "'{}'"), (2, "completed", "NULL", ":decides"))
    ),
)
OLDER_ROWS = (
    "INSERT INTO client (id, kind, name, full_name, stop_list, requisites, created_at) "
    "VALUES (1, 'legal', 'Ромашка', 'ООО «Ромашка»', false, '{}', :day)",
    "INSERT INTO deal (id, number, title, client_id, initiative, cycle, sale_kind, milestone, milestone_at, status, "
    "vat_mode, discount, created_at) "
    "VALUES (1, 'D-1', 'Обучение', 1, 'company', 'long', 'first', 'M1', :day, 'open', 'none', 0, :day)",
    "INSERT INTO deal_line (id, deal_id, no, name, unit, quantity, price) VALUES (1, 1, 1, 'Тренинг', 'шт', 1, 1)",
)


def _empty(backend: str, tmp_path: Path, request: pytest.FixtureRequest, name: str = "empty") -> Engine:
    if backend == "sqlite":
        return database.connect(f"sqlite:///{tmp_path / name}.db")
    server: Engine = request.getfixturevalue("postgresql_engine")
    schema = f"test_{name}"
    with server.begin() as connection:
        connection.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    url = server.url.update_query_dict({"options": f"-csearch_path={schema}"})
    return database.connect(url.render_as_string(hide_password=False))


def _triggers_of_models(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> set[str]:
    made = _empty(backend, tmp_path, request, "made")
    database.create_tables(made)
    with made.connect() as connection:
        found = _triggers(connection)
    made.dispose()
    return found


def _triggers(connection: object) -> set[str]:
    run_sql = connection.execute  # type: ignore[attr-defined]
    if inspect(connection).dialect.name == "sqlite":  # type: ignore[union-attr]
        rows = run_sql(text("SELECT sql FROM sqlite_master WHERE type = 'trigger'"))
        return {" ".join(row[0].split()) for row in rows}
    rows = run_sql(text(
        "SELECT tgname, prosrc FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid "
        "JOIN pg_class ON pg_class.oid = tgrelid WHERE NOT tgisinternal "
        "AND relnamespace = current_schema()::regnamespace"
    ))  # fmt: skip
    return {f"{row[0]} {' '.join(row[1].split())}" for row in rows}
