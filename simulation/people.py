"""The staff: who takes a task, when he gets to it, and what he does when something stands in his way."""
from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine import access, notices, returns, tasks
from engine.access import actor_of
from engine.environment import Environment
from engine.errors import Forbidden, ReglamentError
from engine.models import Candidate, Membership, User, UserTask
from engine.rows import Prepared
from engine.vocabulary import OPEN_TASK
from engine.work import Actor, Work, run
from simulation.filling import fill, habits

CALENDAR = "main"
LATER = timedelta(days=10)
CANDIDATES = Prepared(select(Candidate.user_id, Candidate.group_key).where(Candidate.task_id == bindparam("task")))


class Expected(NamedTuple):
    """What somebody sees of a task before he opens it."""

    id: int
    instance_id: int
    form_key: str | None
    due_at: datetime | None
    follow_up_at: datetime | None


@dataclass
class Staff:
    """Everybody of the company. ``trouble``: what they met, by kind, for the account at the end."""

    env: Environment
    dice: random.Random
    actors: dict[int, Actor] = field(default_factory=dict)
    groups: dict[str, list[int]] = field(default_factory=dict)
    trouble: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)

    def meet(self) -> None:
        """Learn who works here."""
        with self.env.sessions() as session:
            for user in session.scalars(select(User).where(User.active)):
                self.actors[user.id] = actor_of(user)
            for row in session.scalars(select(Membership)):
                if row.user_id in self.actors:
                    self.groups.setdefault(row.group_key, []).append(row.user_id)

    def anyone(self, group: str) -> Actor:
        """Somebody of a group."""
        return self.actors[self.dice.choice(self.groups[group])]

    def act(self, person: Actor, verb: Any, *arguments: Any, **named: Any) -> Any:
        """One verb as this person."""
        return run(self.env, person, verb, *arguments, **named)

    def read(self) -> None:
        """Everybody looks through what he was told."""
        for person in self.actors.values():
            self.act(person, notices.read_all)

    def when(self, task: Expected, now: datetime) -> datetime:
        """The moment at which somebody gets to the task: mostly the same or the next day, sometimes far too late."""
        calendar = self.env.calendar(CALENDAR)
        base = now
        if task.follow_up_at is not None and task.follow_up_at > now:
            base = task.follow_up_at
        elif task.due_at is not None and task.due_at - now > LATER:
            base = task.due_at - timedelta(days=self.dice.choice((1, 2, 2, 3)))
        slow = habits()["slow"].get(task.form_key or "", 1)
        if self.dice.random() < habits()["forgotten"] and task.due_at is not None:
            base = max(base, task.due_at)
            slow = max(slow, 3) * 6
        minutes = int(min(self.dice.lognormvariate(4.4, 0.9) * slow, 60 * 8 * 25))
        moment: datetime = calendar.due(base, f"PT{minutes // 60}BH").at + timedelta(minutes=minutes % 60)
        return moment

    def do(self, task_id: int, given: Mapping[str, Any]) -> bool:
        """Complete an open task. False when nobody could."""
        with self.env.sessions() as session:
            task = session.get(UserTask, task_id)
            if task is None or task.status not in OPEN_TASK:
                return True
            people = self._performers(session, task)
        for person in people:
            try:
                self.act(person, self._complete, task_id, given)
            except Forbidden:
                continue
            except ReglamentError as error:
                fields = ", ".join(getattr(error, "fields", {}) or {})
                self.trouble[f"{task.form_key or task.element_id}: {type(error).__name__} {error} [{fields}]"] += 1
                return False
            self.done[task.form_key or task.element_id] += 1
            return True
        self.trouble[f"{task.form_key or task.element_id}: nobody may"] += 1
        return False

    def _complete(self, work: Work, task_id: int, given: Mapping[str, Any]) -> None:
        """Look at the form, fill it in, send it; or find that a step before was done badly and give the work back."""
        task = tasks.find(work, task_id)
        if not (self.dice.random() < habits()["returned"] and self._gives_back(work, task)):
            tasks.complete(work, task_id, self._filled(work, task, given))

    def _gives_back(self, work: Work, task: UserTask) -> bool:
        if access.may(work.session, work.actor, work.now, "task.return", task) is None:
            return False
        earlier = next((one for one in returns.targets(work, task) if one.refused is None), None)
        if earlier is None:
            return False
        returns.return_to(work, task.id, earlier.task.id, self.dice.choice(habits()["texts"]["remark"]))
        return True

    def _filled(self, work: Work, task: UserTask, given: Mapping[str, Any]) -> dict[str, Any]:
        if task.form_key is None or task.form_version is None:
            return {}
        form = self.env.library.form(work.session, task.form_key, task.form_version)
        return fill(form, tasks.seen(work, task), self.env.context(task.instance.office, work.now), self.dice, given)

    def _performers(self, session: Session, task: UserTask) -> list[Actor]:
        """Who could do it, the likeliest first."""
        if task.assignee_id is not None:
            return [self.actors[task.assignee_id]] if task.assignee_id in self.actors else []
        rows = CANDIDATES.see(session, task=task.id)
        found = {user_id for user_id, _ in rows if user_id}
        for _, group_key in rows:
            found |= set(self.groups.get(group_key or "", ()))
        people = [self.actors[user] for user in sorted(found) if user in self.actors]
        self.dice.shuffle(people)
        return people
