"""Signing in and out: what opens the door, what does not, and what is kept of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine import identity
from engine.errors import Forbidden, Invalid
from engine.models import AuditEvent, LoginSession, User
from engine.work import run
from tests.cast import actor

PASSWORD = "верный-пароль-Анны-7"


@pytest.fixture
def door(env):
    """The environment with a password for anna."""
    with env.sessions() as session:
        anna = session.scalars(select(User).where(User.login == "anna")).one()
        anna.password_hash = identity.hash_password(PASSWORD)
        session.commit()
    return env


def who(env, token):
    with env.sessions() as session:
        return identity.who(session, token, env.clock())


def user(env, login="anna"):
    with env.sessions() as session:
        return session.scalars(select(User).where(User.login == login)).one()


def test_a_password_is_kept_as_an_argon2id_hash_and_never_twice_the_same():
    first, second = identity.hash_password(PASSWORD), identity.hash_password(PASSWORD)
    assert first.startswith("$argon2id$")
    assert first != second
    assert identity.password_fits(first, PASSWORD)
    assert not identity.password_fits(first, PASSWORD + " ")
    assert not identity.password_fits("broken", PASSWORD)


@pytest.mark.parametrize("weak", ["", "short", "x" * 257])
def test_a_password_has_a_length(weak):
    with pytest.raises(Invalid):
        identity.hash_password(weak)


def test_who_signs_in_is_known_by_the_token_with_his_groups(door):
    token = identity.sign_in(door, " Anna ", PASSWORD)
    actor = who(door, token)
    assert (actor.name, actor.groups) == ("anna", frozenset({"manager"}))


def test_the_database_keeps_no_token_and_no_password(door):
    token = identity.sign_in(door, "anna", PASSWORD)
    with door.sessions() as session:
        kept = session.scalars(select(LoginSession)).one()
        lines = session.scalars(select(AuditEvent)).all()
        assert token not in str(vars(kept))
        assert not [line for line in lines if PASSWORD in str(line.data) or token in str(line.data)]
        assert "user.signed_in" in {line.type for line in lines}


@pytest.mark.parametrize(
    ("login", "password"), [("anna", "x"), ("nobody", PASSWORD), ("", ""), ("boris", PASSWORD), ("anna", "x" * 10_000)]
)
def test_every_failure_is_answered_alike(door, login, password):
    with pytest.raises(Forbidden) as refused:
        identity.sign_in(door, login, password)
    assert str(refused.value) == identity.REFUSED


def test_after_five_wrong_passwords_even_the_right_one_waits(door, clock):
    for _ in range(5):
        with pytest.raises(Forbidden):
            identity.sign_in(door, "anna", "wrong-password")
    with pytest.raises(Forbidden):
        identity.sign_in(door, "anna", PASSWORD)
    clock.move(minutes=5, seconds=1)
    assert identity.sign_in(door, "anna", PASSWORD)
    assert user(door).failed_logins == 0


def test_the_rest_grows_with_each_further_attempt_but_has_an_end(door, clock):
    rests = []
    for _ in range(14):
        with pytest.raises(Forbidden):
            identity.sign_in(door, "anna", "wrong-password")
        until = user(door).locked_until
        if until:
            rests.append(until - clock.now)
            clock.now = until + timedelta(seconds=1)
    assert rests[:3] == [timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20)]
    assert rests[-1] == timedelta(hours=4)


def test_a_resting_account_counts_no_attempts(door):
    for _ in range(9):
        with pytest.raises(Forbidden):
            identity.sign_in(door, "anna", "wrong-password")
    assert user(door).failed_logins == 5


def test_one_persons_rest_is_not_anothers(door):
    with door.sessions() as session:
        session.scalars(select(User).where(User.login == "boris")).one().password_hash = user(door).password_hash
        session.commit()
    for _ in range(6):
        with pytest.raises(Forbidden):
            identity.sign_in(door, "anna", "wrong-password")
    assert identity.sign_in(door, "boris", PASSWORD)


def test_signing_out_ends_the_session_for_real(door):
    token = identity.sign_in(door, "anna", PASSWORD)
    other = identity.sign_in(door, "anna", PASSWORD)
    run(door, who(door, token), identity.sign_out, token)
    assert who(door, token) is None
    assert who(door, other) is not None
    run(door, actor(door, "anna"), identity.sign_out, "unknown")


def test_a_session_ends_by_itself_after_twelve_hours(door, clock):
    token = identity.sign_in(door, "anna", PASSWORD)
    clock.move(hours=11, minutes=59)
    assert who(door, token)
    clock.move(minutes=1)
    assert who(door, token) is None
    with pytest.raises(Forbidden):
        run(door, actor(door, "anna"), identity.rotate, token)


def test_ended_sessions_are_swept_at_the_next_sign_in(door, clock):
    identity.sign_in(door, "anna", PASSWORD)
    clock.move(hours=13)
    identity.sign_in(door, "anna", PASSWORD)
    with door.sessions() as session:
        assert len(session.scalars(select(LoginSession)).all()) == 1


def test_a_rotated_token_replaces_the_old_one_and_ends_no_later(door, clock):
    token = identity.sign_in(door, "anna", PASSWORD)
    clock.move(hours=6)
    fresh = run(door, actor(door, "anna"), identity.rotate, token)
    assert who(door, token) is None
    assert who(door, fresh).name == "anna"
    clock.move(hours=6)
    assert who(door, fresh) is None


def test_who_has_left_the_company_is_out_at_once(door):
    token = identity.sign_in(door, "anna", PASSWORD)
    with door.sessions() as session:
        session.scalars(select(User).where(User.login == "anna")).one().active = False
        session.commit()
    assert who(door, token) is None
    with pytest.raises(Forbidden):
        identity.sign_in(door, "anna", PASSWORD)


@pytest.mark.parametrize("token", ["", "x", "ы" * 50, "\ud800", "a" * 10_000])
def test_a_strange_token_is_nobodys(door, token):
    assert who(door, token) is None


def test_changing_the_password_ends_every_session(door):
    token = identity.sign_in(door, "anna", PASSWORD)
    with pytest.raises(Forbidden):
        run(door, actor(door, "anna"), identity.change_password, "wrong-password", "новый-пароль-Анны")
    run(door, actor(door, "anna"), identity.change_password, PASSWORD, "новый-пароль-Анны")
    assert who(door, token) is None
    assert identity.sign_in(door, "anna", "новый-пароль-Анны")


def test_an_administrator_gives_a_new_password_and_wakes_the_account(door):
    for _ in range(5):
        with pytest.raises(Forbidden):
            identity.sign_in(door, "anna", "wrong-password")
    run(door, actor(door, "maria"), identity.set_password, user(door).id, "новый-пароль-Анны")
    assert identity.sign_in(door, "anna", "новый-пароль-Анны")
    with pytest.raises(Forbidden):
        run(door, actor(door, "boris"), identity.set_password, user(door).id, "новый-пароль-Анны")


def test_the_language_is_ones_own_choice(door):
    run(door, actor(door, "anna"), identity.set_locale, "en")
    assert user(door).locale == "en"
    with pytest.raises(Invalid):
        run(door, actor(door, "anna"), identity.set_locale, "xx")
