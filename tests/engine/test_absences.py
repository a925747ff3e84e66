"""Planning an absence: who may, what is refused, what is advised, where nobody stands in."""
from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from engine import absences
from engine.absences import Named, Planned
from engine.errors import Forbidden, Invalid, WrongState
from engine.models import Absence, Notice, User
from engine.queries import absences as query
from tests.case import Case

TUESDAY, FRIDAY = date(2026, 11, 17), date(2026, 11, 20)


def plan(case: Case, who: str, by: str | None = None, first: date = TUESDAY, last: date = FRIDAY,
         named: tuple[Named, ...] = ()) -> Planned:  # fmt: skip
    planned: Planned = case.act(by or who, absences.plan, case.user(who).id, first, last, named)
    return planned


def to(case: Case, *logins: str) -> tuple[Named, ...]:
    return tuple(Named(case.user(login).id) for login in logins)


def test_days_are_the_offices_and_both_are_included(case: Case) -> None:
    absence = plan(case, "anna", named=to(case, "boris")).absence
    assert absence.starts_at == datetime(2026, 11, 16, 21, tzinfo=UTC)
    assert absence.ends_at == datetime(2026, 11, 20, 21, tzinfo=UTC)


def test_the_substitute_is_told_and_the_log_names_both(case: Case) -> None:
    plan(case, "anna", named=to(case, "boris"))
    line = case.log(0)[-1]
    assert (line.type, line.data["user"]) == ("absence.planned", case.user("anna").id)
    assert line.data["substitutes"] == [[case.user("boris").id, None, None]]
    with case.env.sessions() as session:
        assert [(one.user_id, one.kind) for one in session.query(Notice)] == [
            (case.user("boris").id, "substitute_named")
        ]


@pytest.mark.parametrize(("by", "may"), [("elena", True), ("maria", True), ("dmitry", True), ("boris", False)])
def test_heads_plan_for_others_and_colleagues_do_not(case: Case, by: str, may: bool) -> None:
    if may:
        plan(case, "anna", by)
        return
    with pytest.raises(Forbidden):
        plan(case, "anna", by)


def test_a_superior_plans_for_his_people(case: Case) -> None:
    with case.env.sessions.begin() as session:
        session.query(User).filter_by(login="anna").one().superior_id = case.user("lidia").id
    plan(case, "anna", "lidia")
    with pytest.raises(Forbidden):
        plan(case, "boris", "lidia")


def test_a_second_absence_in_the_same_days_is_refused_with_the_days_of_the_first(case: Case) -> None:
    plan(case, "anna")
    with pytest.raises(Invalid, match=r"away from 17\.11\.2026 to 20\.11\.2026 already"):
        plan(case, "anna", first=FRIDAY, last=FRIDAY + timedelta(days=7))
    plan(case, "anna", first=FRIDAY + timedelta(days=1), last=FRIDAY + timedelta(days=7))


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2026, 11, 15), FRIDAY, "over already"),
        (FRIDAY, TUESDAY, "before the first"),
        (TUESDAY, date(2029, 1, 1), "two years"),
    ],
)
def test_impossible_days_are_refused(case: Case, first: date, last: date, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        plan(case, "anna", first=first, last=last)


def test_a_circle_is_refused_by_name_however_long(case: Case) -> None:
    plan(case, "anna", named=to(case, "boris"))
    plan(case, "boris", "elena", named=to(case, "lidia"))
    with pytest.raises(Invalid, match="Юрьева Лидия → Иванова Анна → Петров Борис → Юрьева Лидия"):
        plan(case, "lidia", named=to(case, "anna"))
    plan(case, "lidia", first=FRIDAY + timedelta(days=1), last=FRIDAY + timedelta(days=3), named=to(case, "anna"))


def test_nobody_stands_in_for_himself_nor_with_a_group_that_the_person_is_not_in(case: Case) -> None:
    with pytest.raises(Invalid, match="for himself"):
        plan(case, "anna", named=to(case, "anna"))
    with pytest.raises(Invalid, match="not in that group"):
        plan(case, "anna", named=(Named(case.user("boris").id, group="lawyer"),))
    with pytest.raises(Invalid, match="no procedure"):
        plan(case, "anna", named=(Named(case.user("boris").id, procedure="nothing"),))


def test_what_is_allowed_but_not_good_is_said(case: Case) -> None:
    assert "Nobody stands in" in str(plan(case, "anna").advice[0])
    (partly, away) = plan(case, "boris", named=(Named(case.user("anna").id, group="manager"),)).advice
    assert "outside these groups" in str(partly)
    assert "nobody stands in for him" in str(away)


def test_the_timeline_shows_who_stands_in_when_and_where_nobody_does(case: Case) -> None:
    plan(case, "anna", named=to(case, "boris"))
    plan(case, "boris", "elena", first=date(2026, 11, 19), last=date(2026, 11, 24))
    with case.env.sessions() as session:
        lines = query.timeline(session, case.clock(), case.clock() + timedelta(days=28))
        kinds = {line.person.login: [(one.starts_at.day, one.kind) for one in line.stretches] for line in lines}
    assert kinds == {"anna": [(16, "covered"), (18, "nobody")], "boris": [(18, "nobody")]}


def test_an_absence_is_ended_early_or_called_off_and_never_changed_afterwards(case: Case) -> None:
    absence = plan(case, "anna", named=to(case, "boris")).absence
    later = plan(case, "boris").absence
    case.act("boris", absences.end, later.id)
    case.clock.move(days=1)
    case.act("anna", absences.end, absence.id)
    with case.env.sessions() as session:
        assert [(one.user_id, one.ends_at) for one in session.query(Absence)] == [
            (case.user("anna").id, case.clock())
        ]
    with pytest.raises(WrongState):
        case.act("anna", absences.change, absence.id, TUESDAY, FRIDAY, ())
    assert case.logged(0)[-2:] == ["absence.called_off", "absence.ended"]


def test_a_running_absence_is_prolonged_and_passed_to_somebody_else(case: Case) -> None:
    absence = plan(case, "anna", named=to(case, "boris")).absence
    case.clock.move(days=1)
    case.act("anna", absences.change, absence.id, FRIDAY, FRIDAY + timedelta(days=3), to(case, "oleg"))
    with case.env.sessions() as session:
        changed = session.get_one(Absence, absence.id)
        assert changed.starts_at == absence.starts_at
        assert [one.substitute_id for one in changed.substitutes] == [case.user("oleg").id]
    assert set(case.log(0)[-1].data) == {"user", "ends", "substitutes"}
