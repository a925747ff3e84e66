"""The life of document templates: who answers for a version, from which day it holds, what is refused (R157)."""
from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from engine import deployments
from engine.documents import check_template, layouts
from engine.environment import Environment
from engine.errors import Forbidden, Invalid, NotFound, WrongState
from engine.models import AuditEvent, TemplateVersion
from engine.work import SYSTEM, run
from tests.case import Case
from tests.cast import actor
from tests.engine.docx_files import docx

MONDAY = date(2026, 11, 16)
KEY = "sale/letter"
FILE = f"documents/{KEY}.docx"


@pytest.fixture
def env(case: Case) -> Environment:
    """A company whose first version of a letter came with the product; Maria has published a second one."""
    case.env.check_template = check_template
    run(case.env, SYSTEM, deployments.publish, {FILE: docx("Первая {{ client.name }}")}, "setup")
    run(case.env, actor(case.env, "maria"), deployments.publish, {FILE: docx("Вторая {{ client.name }}")})
    return case.env


def _used(env: Environment, on: date = MONDAY) -> int:
    with env.sessions() as session:
        return layouts.in_force(session, KEY, on).version


def _do(env: Environment, login: str, verb: object, *given: object) -> None:
    run(env, actor(env, login), verb, KEY, *given)


def test_what_the_product_brings_is_in_force_and_what_people_publish_is_a_draft(env: Environment) -> None:
    assert _used(env) == 1
    with env.sessions() as session:
        (versions,) = layouts.listing(session, MONDAY).values()
    assert [(one.version, one.status, one.current) for one in versions] == [(2, "draft", False), (1, "in_force", True)]
    assert versions[1].note == "поставлен с программой"


def test_an_approved_version_holds_from_its_day(env: Environment) -> None:
    _do(env, "lidia", layouts.approve, 2, "Сверено с договором")
    assert _used(env) == 1
    _do(env, "dmitry", layouts.put_in_force, 2, MONDAY + timedelta(days=10))
    assert _used(env) == 1
    assert _used(env, MONDAY + timedelta(days=10)) == 2
    with env.sessions() as session:
        events = session.scalars(select(AuditEvent.type).where(AuditEvent.subject == f"layout:{KEY}")).all()
    assert list(events) == ["layout.approved", "layout.put_in_force"]


def test_a_withdrawn_version_gives_way_to_the_one_before(env: Environment) -> None:
    _do(env, "vera", layouts.approve, 2)
    _do(env, "vera", layouts.put_in_force, 2, MONDAY)
    assert _used(env) == 2
    _do(env, "vera", layouts.withdraw, 2, "Ошибка в реквизитах")
    assert _used(env) == 1


def test_without_a_version_in_force_the_refusal_says_what_to_do(env: Environment) -> None:
    _do(env, "dmitry", layouts.withdraw, 1, "Устарел")
    with pytest.raises(NotFound, match=r"No version of the template «sale/letter» is in force on 16\.11\.2026"):
        _used(env)
    with pytest.raises(NotFound, match="There is no document template"), env.sessions() as session:
        layouts.in_force(session, "sale/none", MONDAY)


@pytest.mark.parametrize("login", ["anna", "elena", "maria", "artem"])
def test_only_director_lawyer_and_accountant_answer_for_a_template(env: Environment, login: str) -> None:
    with pytest.raises(Forbidden):
        _do(env, login, layouts.approve, 2)


def test_nobody_approves_what_he_published(env: Environment) -> None:
    with env.sessions() as session:
        life = session.get_one(TemplateVersion, (KEY, 2))
        assert life.status == "draft"
    run(env, SYSTEM, _make_admin)
    run(env, actor(env, "lidia"), deployments.publish, {FILE: docx("Третья {{ client.name }}")})
    with pytest.raises(Forbidden, match="Whoever published"):
        _do(env, "lidia", layouts.approve, 3)


def _make_admin(work: object) -> None:
    """Lidia the lawyer publishes too."""
    from engine.models import Membership, User

    session = work.session  # type: ignore[attr-defined]
    session.add(Membership(user_id=session.scalar(select(User.id).where(User.login == "lidia")), group_key="admin"))


def test_a_life_goes_one_way(env: Environment) -> None:
    with pytest.raises(WrongState):
        _do(env, "vera", layouts.put_in_force, 2, MONDAY)
    _do(env, "vera", layouts.approve, 2)
    with pytest.raises(WrongState):
        _do(env, "vera", layouts.approve, 2)
    with pytest.raises(Invalid, match="today"):
        _do(env, "vera", layouts.put_in_force, 2, MONDAY - timedelta(days=1))
    with pytest.raises(Invalid, match="why"):
        _do(env, "vera", layouts.withdraw, 2, " ")


def test_a_version_from_before_there_were_lives_is_in_force(env: Environment) -> None:
    run(env, SYSTEM, lambda work: work.session.delete(work.session.get_one(TemplateVersion, (KEY, 1))))
    assert _used(env) == 1
    _do(env, "vera", layouts.withdraw, 1, "Устарел")
    with pytest.raises(NotFound):
        _used(env)
