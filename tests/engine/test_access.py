"""Who may do what: the table, read row by row."""
from __future__ import annotations

from datetime import timedelta

import pytest

from engine import access, tasks
from engine.models import Absence, ProcessInstance, UserTask
from tests.case import END, START, Case, drawing, user_task
from tests.cast import PEOPLE, actor

STARTABLE = '<zeebe:property name="starterGroups" value="manager,operator"/>'


@pytest.fixture
def running(case: Case) -> Case:
    """Oleg started it; Anna has its only task; Boris could have had it."""
    case.publish(drawing("p", START + user_task("do") + END, flows="start>do;do>end", properties=STARTABLE))
    case.start("p", "oleg")
    case.act("anna", tasks.claim, case.task("do").id)
    return case


def allowed(case: Case, act: str) -> set[str]:
    with case.env.sessions() as session:
        thing: object = {
            "task": lambda: session.query(UserTask).one(),
            "instance": lambda: session.get_one(ProcessInstance, case.instance_id),
        }.get(act.split(".")[0], lambda: session.get_one(ProcessInstance, case.instance_id))()
        if act == "instance.start":
            thing = case.env.library.latest(session, "p")
        return {
            login for login in PEOPLE
            if access.may(session, actor(case.env, login), case.clock(), act, thing) is not None
        }  # fmt: skip


OVERSEERS = {"elena", "dmitry", "maria"}
TABLE = {
    "task.see": OVERSEERS | {"artem", "anna", "boris", "oleg"},
    "task.claim": {"anna", "boris", "elena"},
    "task.unclaim": OVERSEERS | {"anna"},
    "task.complete": {"anna"},
    "task.save_draft": {"anna"},
    "task.delegate": {"anna"},
    "task.reassign": OVERSEERS,
    "task.set_due": OVERSEERS,
    "task.set_follow_up": {"anna"},
    "instance.start": {"anna", "boris", "elena", "oleg", "maria"},
    "instance.see": OVERSEERS | {"artem", "anna", "boris", "oleg"},
    "instance.comment": OVERSEERS | {"anna", "boris", "oleg"},
    "instance.suspend": OVERSEERS,
    "instance.cancel": OVERSEERS,
    "incident.retry": {"elena", "maria"},
    "incident.resolve": {"elena", "maria"},
    "control_point.waive": OVERSEERS,
    "definitions.publish": {"maria"},
    "log.read": OVERSEERS | {"artem"},
    "people.manage": {"maria"},
}


@pytest.mark.parametrize("act", TABLE)
def test_exactly_these_people_may(running: Case, act: str) -> None:
    assert allowed(running, act) == TABLE[act]


def test_every_act_of_the_table_is_known_and_the_system_may_all(running: Case) -> None:
    with running.env.sessions() as session:
        task = session.query(UserTask).one()
        for act in access.RULES:
            assert access.may(session, actor(running.env, "system"), running.clock(), act, task) is not None
        with pytest.raises(KeyError):
            access.may(session, actor(running.env, "anna"), running.clock(), "task.eat", task)


def test_a_substitute_may_do_the_work_but_does_not_rule(running: Case) -> None:
    now = running.clock()
    for login in ("anna", "elena"):
        running.put(Absence(user_id=running.user(login).id, substitute_id=running.user("lidia").id,
                            starts_at=now, ends_at=now + timedelta(days=1)))  # fmt: skip
    assert "lidia" in allowed(running, "task.complete")
    assert "lidia" in allowed(running, "task.claim")
    assert "lidia" not in allowed(running, "task.reassign")
    assert "lidia" not in allowed(running, "instance.cancel")


def test_members_of_a_group_are_its_active_people(running: Case) -> None:
    with running.env.sessions() as session:
        assert [user.login for user in access.members(session, "manager")] == ["anna", "boris", "elena"]
