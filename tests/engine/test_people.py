"""Accounts: made, changed, let in by a link of their own, deactivated with what they had in hand."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine import absences, identity, people, tasks
from engine.absences import Named
from engine.errors import Forbidden, Invalid, NotFound, WrongState
from engine.models import Substitution, User
from engine.people import Person
from tests.case import END, START, Case, drawing, user_task

NEW = Person("zoya", "Зайцева", "Зоя", "", "f", "менеджер", "zoya@example.test", "+7 812 555-10-99", "ru", None,
             ("manager",))  # fmt: skip
EYES = drawing(
    "eyes", START + user_task("write") + user_task("approve", separateFrom="write") + END,
    flows="start>write;write>approve;approve>end",
)  # fmt: skip


def of(case: Case, login: str, **other: object) -> Person:
    with case.env.sessions() as session:
        user = session.query(User).filter_by(login=login).one()
        groups = tuple(one.group_key for one in user.memberships)
        known = Person(user.login, user.last, user.first, user.middle or "", user.gender, user.position, user.email,
                       user.phone or "", user.locale, user.superior_id, groups)  # fmt: skip
    return replace(known, **other)  # type: ignore[arg-type]


def test_an_account_is_made_and_opened_by_a_link_that_works_once(case: Case) -> None:
    user = case.act("maria", people.save, None, NEW)
    token = case.act("maria", people.invite, user.id)
    with pytest.raises(Forbidden):
        identity.sign_in(case.env, "zoya", "!")
    assert people.use_link(case.env, token, "correct horse battery") == "zoya"
    assert identity.sign_in(case.env, "zoya", "correct horse battery")
    with pytest.raises(NotFound, match="used or has grown old"):
        people.use_link(case.env, token, "another horse battery")
    lines = [kind for kind in case.logged(0) if not kind.startswith("user.sign")]
    assert lines[-5:] == ["user.created", "user.groups_set", "user.invited", "user.password_changed",
                          "user.sessions_ended"]  # fmt: skip


def test_a_link_grows_old_and_a_new_one_ends_it(case: Case) -> None:
    anna = case.user("anna").id
    first, second = (case.act("maria", people.invite, anna) for _ in range(2))
    with pytest.raises(NotFound):
        people.use_link(case.env, first, "correct horse battery")
    case.clock.move(days=4)
    with pytest.raises(NotFound):
        people.use_link(case.env, second, "correct horse battery")


def test_only_an_administrator_makes_accounts(case: Case) -> None:
    with pytest.raises(Forbidden):
        case.act("elena", people.save, None, NEW)


@pytest.mark.parametrize(
    ("other", "field"),
    [({"login": "anna"}, "login"), ({"login": "Иванова"}, "login"), ({"email": "nowhere"}, "email"),
     ({"phone": "позвони"}, "phone"), ({"last": " "}, "last"), ({"groups": ("kings",)}, "groups"),
     ({"gender": "x"}, "gender")],
)  # fmt: skip
def test_what_is_wrong_is_said_field_by_field(case: Case, other: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        case.act("maria", people.save, None, replace(NEW, **other))  # type: ignore[arg-type]
    assert field in refused.value.fields


@pytest.mark.parametrize(
    "other", [{"email": "ANNA@example.test"}, {"last": "иванова", "first": "Анна", "middle": "Сергеевна"}]
)
def test_a_second_account_of_one_person_is_noticed_and_made_only_on_purpose(
    case: Case, other: dict[str, object]
) -> None:
    twin = replace(NEW, **other)  # type: ignore[arg-type]
    with pytest.raises(Invalid) as refused:
        case.act("maria", people.save, None, twin)
    assert "Иванова Анна (anna)" in str(refused.value.fields["twin"])
    case.act("maria", people.save, None, twin, resembles_nobody=True)


def test_the_log_says_which_fields_changed_and_keeps_no_addresses(case: Case) -> None:
    changed = of(case, "anna", email="new@example.test", position="старший менеджер", groups=("manager", "operator"))
    case.act("maria", people.save, case.user("anna").id, changed)
    fields, groups = case.log(0)[-2:]
    assert fields.data == {"fields": ["position", "email"], "position": ["менеджер", "старший менеджер"]}
    assert groups.data == {"groups": [["manager"], ["manager", "operator"]]}


def test_the_last_administrator_stays_one(case: Case) -> None:
    maria = case.user("maria").id
    with pytest.raises(WrongState, match="last administrator"):
        case.act("maria", people.save, maria, of(case, "maria", groups=("manager",)))
    with pytest.raises(WrongState, match="last administrator"):
        case.act("maria", people.deactivate, maria, None, "leaves")
    case.act("maria", people.save, case.user("anna").id, of(case, "anna", groups=("manager", "admin")))
    case.act("maria", people.save, maria, of(case, "maria", groups=()))


def test_nobody_becomes_his_own_superior(case: Case) -> None:
    anna, boris = case.user("anna").id, case.user("boris").id
    case.act("maria", people.save, anna, of(case, "anna", superior_id=boris))
    with pytest.raises(Invalid) as refused:
        case.act("maria", people.save, boris, of(case, "boris", superior_id=anna))
    assert "superior_id" in refused.value.fields


def test_who_leaves_hands_over_and_what_cannot_be_passed_on_is_named(case: Case) -> None:
    case.publish(EYES)
    case.start("eyes")
    first = case.instance_id
    case.act("anna", tasks.claim, case.task("write").id)
    case.start("eyes")
    case.complete("write", "boris")
    case.act("anna", tasks.claim, case.task("approve").id)
    token = identity_token(case, "anna")
    handed = case.act("maria", people.deactivate, case.user("anna").id, case.user("boris").id, "leaves us")
    assert handed.passed == 1
    assert "must be kept apart" in str(handed.left[0][1])
    case.instance_id = first
    assert case.task("write").assignee_id == case.user("boris").id
    with case.env.sessions() as session:
        assert identity.who(session, token, case.clock()) is None


def identity_token(case: Case, login: str) -> str:
    link = case.act("maria", people.invite, case.user(login).id)
    people.use_link(case.env, link, "correct horse battery")
    return identity.sign_in(case.env, login, "correct horse battery")


def test_without_an_heir_tasks_go_back_to_their_groups_and_absences_lose_the_substitute(case: Case) -> None:
    case.publish(EYES)
    case.start("eyes")
    case.act("anna", tasks.claim, case.task("write").id)
    today = case.clock().date() + timedelta(days=1)
    case.act("boris", absences.plan, case.user("boris").id, today, today, (Named(case.user("anna").id),))
    case.act("maria", people.deactivate, case.user("anna").id, None, "leaves us")
    assert case.task("write").assignee_id is None
    with case.env.sessions() as session:
        assert session.query(Substitution).count() == 0
    case.act("maria", people.activate, case.user("anna").id)
    assert case.user("anna").active


def test_a_resting_account_is_woken(case: Case) -> None:
    identity_token(case, "anna")
    for _ in range(6):
        with pytest.raises(Forbidden):
            identity.sign_in(case.env, "anna", "wrong")
    case.act("maria", people.unlock, case.user("anna").id)
    assert identity.sign_in(case.env, "anna", "correct horse battery")


def test_groups_are_made_and_renamed(case: Case) -> None:
    case.act("maria", people.save_group, "lead", "Ведущие", "Leads", new=True)
    case.act("maria", people.save_group, "lead", "Ведущие специалисты", "Leads", new=False)
    assert case.log(0)[-1].data == {"title": ["Ведущие", "Ведущие специалисты"]}
    with pytest.raises(Invalid):
        case.act("maria", people.save_group, "lead", "Ещё", "More", new=True)
    with pytest.raises(Invalid):
        case.act("maria", people.save_group, "Ведущие", "Ведущие", "Leads", new=True)
