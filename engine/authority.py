"""Limits of authority: up to which value the members of a group may decide (settings ``authority``, changed in pages).

A user task names the kind and the value by its properties ``limitKind`` and ``limitSum``; who may decide is kept with
the task when it opens, so that a limit changed later moves nothing that is open.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Invalid, NotFound, Text, text
from engine.models import Group, UserTask

ANY = "any"
KIND, SUM = "limitKind", "limitSum"


def deciders(env: Any, kind: str, value: Any) -> list[str]:
    """The groups whose limit covers the value, from the least. Raises NotFound (no such kind), Invalid (no number)."""
    return covering(_limits(env, kind), value)


def covering(limits: Mapping[str, Any], value: Any) -> list[str]:
    """The groups of these limits that cover the value, from the least. Raises Invalid (no number)."""
    number = _number(value)
    return [group for group, limit in ordered(limits).items() if limit == ANY or number <= _number(limit)]


def ordered(limits: Mapping[str, Any]) -> dict[str, Any]:
    """Limits from the least to the most, ``any`` last."""
    return dict(sorted(limits.items(), key=lambda one: (one[1] == ANY, _number(one[1]) if one[1] != ANY else 0)))


def limit_of(env: Any, kind: str, group: str) -> Any:
    """A group's limit: a number, ``any``, or None if it may not decide at all. Raises NotFound."""
    return _limits(env, kind).get(group)


def steps(env: Any, kind: str) -> list[Decimal]:
    """The numbers of a kind from the least to the most, without those who decide on everything."""
    found = env.setting(f"authority.{kind}.limits", None) or {}
    return sorted(_number(limit) for limit in found.values() if limit != ANY)


def functions(env: Any) -> Mapping[str, Callable[..., Any]]:
    """FEEL functions for drawings: who may decide, and how far a group's authority goes."""
    return {
        "authority groups": lambda kind, value: deciders(env, kind, value),
        "authority group": lambda kind, value: next(iter(deciders(env, kind, value)), None),
        "authority limit": lambda kind, group: limit_of(env, kind, group),
    }


def kept(env: Any, properties: Mapping[str, str], evaluate: Callable[[str | None], Any]) -> dict[str, Any]:
    """What a task keeps of its limit when it opens: the groups that may decide. Nothing where none is drawn, or where
    an expression says that this one needs none (null); raises NotFound, Invalid, FeelError."""
    kind = evaluate(properties.get(KIND))
    if not kind:
        return {}
    value = evaluate(properties.get(SUM))
    return {"limit_kind": kind, "limit_groups": deciders(env, kind, value), "limit_value": str(_number(value))}


def beyond(task: UserTask, groups: Iterable[str]) -> bool:
    """Does the task carry a limit (engine.authority) that none of these groups covers?"""
    able = (task.settings or {}).get("limit_groups")
    return able is not None and not set(groups) & set(able)


def titles(session: Session, task: UserTask) -> str:
    """The titles of the groups whose authority covers the task."""
    keys = (task.settings or {}).get("limit_groups") or []
    return ", ".join(session.scalars(select(Group.title).where(Group.key.in_(keys)).order_by(Group.title)))


def refusal(session: Session, task: UserTask) -> Text:
    """Why somebody may not decide, and who may."""
    value, who = (task.settings or {}).get("limit_value") or "?", titles(session, task)
    if not who:
        return text("«{task}»: nobody has the authority to decide on {value}. Ask the administrator to set the limits.",
                    task=task.name, value=value)  # fmt: skip
    return text("«{task}»: deciding on {value} is beyond your authority. These may: {groups}", task=task.name,
                value=value, groups=who)  # fmt: skip


def _limits(env: Any, kind: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None = env.setting(f"authority.{kind}.limits", None)
    if found is None:
        raise NotFound("There is no kind of authority «{kind}»", kind=kind)
    return found


def _number(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise Invalid("The value of a limit must be a number, not «{value}»", value=value) from None
