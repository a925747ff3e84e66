"""What the list of tasks does to many of them at once, or to one without opening it; and the filters kept for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from engine import bulk, filters, tasks
from engine.errors import Invalid, ReglamentError, text
from engine.web import formats, inbox, reading
from engine.web.i18n import ngettext, say
from engine.web.rules import allow, here

blueprint = Blueprint("bulk", __name__)
SHOWN = 8  # refusals named one by one
UNDO = 50  # tasks whose change can be taken back with one button


@dataclass(frozen=True)
class Order:
    """What is to be done to which tasks."""

    act: str
    ids: tuple[int, ...]
    verb: Callable[..., Any]
    rest: tuple[Any, ...] = ()


@blueprint.post("/tasks/bulk")
@allow("employee")
def act() -> Response:
    """Each chosen task by its own verb; the list then says which were done, which not, and why."""
    back = here(request.form.get("back"))
    try:
        order = _order()
        outcome = bulk.each(reading.environment(), reading.actor(), order.verb, order.ids, *order.rest)
    except ReglamentError as error:
        flash(say(error.text), "late")
        return redirect(back)
    if outcome.done:
        _tell(_done(order, outcome.done, back), "good")
    if outcome.refused:
        _tell(_refused(outcome.refused), "late")
    return redirect(back)


@blueprint.post("/tasks/filters")
@allow("employee")
def keep() -> Response:
    """Keep what the list is narrowed to, under a name."""
    wanted = inbox.asked(request.form)
    group, name = request.form.get("share_with") or None, request.form.get("name", "")
    back = url_for("inbox.show", **wanted.address)
    return reading.act(back, text("The filter is saved."), filters.save, name, wanted.query.set, group)


@blueprint.post("/tasks/filters/<int:filter_id>/remove")
@allow("employee")
def forget(filter_id: int) -> Response:
    """Forget a kept filter; the list stays as it is."""
    return reading.act(here(request.form.get("back")), text("The filter is removed."), filters.remove, filter_id)


def _tell(message: Any, kind: str) -> None:
    flash(message, kind)


def _order() -> Order:
    given = request.form
    if given.get("claim"):
        return Order("claim", _numbers([given["claim"]]), tasks.claim)
    if given.get("snooze"):
        return _rest(given)
    act, ids = given.get("act", ""), _chosen()
    if act == "reassign":
        return Order(act, ids, tasks.reassign, (_person(given), given.get("reason", "")))
    if act == "due":
        return Order(act, ids, tasks.set_due, (_moment(given.get("due_at")), given.get("due_reason", "")))
    if act == "comment":
        return Order(act, ids, bulk.comment, (_said(given.get("comment", "")),))
    if act == "wake":
        return Order(act, ids, tasks.set_follow_up, (None,))
    plain = {"claim": tasks.claim, "unclaim": tasks.unclaim}
    if act not in plain:
        raise Invalid("Choose what to do with the chosen tasks.")
    return Order(act, ids, plain[act])


def _rest(given: Mapping[str, str]) -> Order:
    """``17.monday``: one task; ``monday``: the chosen ones; ``now`` brings back."""
    one, _, span = given["snooze"].rpartition(".")
    ids = _numbers([one]) if one else _chosen()
    if span == "now":
        return Order("wake", ids, tasks.set_follow_up, (None,))
    return Order("snooze", ids, tasks.set_follow_up, (_until(span, given.get(f"rest_at_{one}" if one else "rest_at")),))


def _chosen() -> tuple[int, ...]:
    ids = _numbers(request.form.getlist("task"))
    if not ids:
        raise Invalid("Choose tasks first: tick the boxes before them.")
    return ids


def _numbers(given: Sequence[str]) -> tuple[int, ...]:
    return tuple(int(one) for one in given if one.isascii() and one.isdigit())


def _until(span: str, at: str | None) -> datetime:
    if span == "at":
        return _moment(at)
    known = inbox.rests()
    if span not in known:
        raise Invalid("Choose until when.")
    return known[span]


def _moment(given: str | None) -> datetime:
    try:
        return formats.utc(given or "")
    except ValueError:
        raise Invalid("Give a date and a time.") from None


def _person(given: Mapping[str, str]) -> int:
    user = given.get("user", "")
    if not user.isdigit():
        raise Invalid("Choose who is to do it.")
    return int(user)


def _said(comment: str) -> str:
    if not comment.strip():
        raise Invalid("Write something")
    return comment


def _done(order: Order, done: Sequence[int], back: str) -> dict[str, Any]:
    """What is said of the tasks it was done to, with the way back where there is one."""
    count = len(done)
    said = {
        "claim": ngettext("%(num)d task is yours now.", "%(num)d tasks are yours now.", count),
        "unclaim": ngettext("%(num)d task is free again.", "%(num)d tasks are free again.", count),
        "snooze": ngettext("%(num)d task rests until %(when)s.", "%(num)d tasks rest until %(when)s.", count),
        "wake": ngettext("%(num)d task is back in the list.", "%(num)d tasks are back in the list.", count),
        "reassign": ngettext("%(num)d task is reassigned.", "%(num)d tasks are reassigned.", count),
        "due": ngettext("%(num)d task has a new due date.", "%(num)d tasks have a new due date.", count),
        "comment": ngettext("%(num)d task has your comment.", "%(num)d tasks have your comment.", count),
    }[order.act]
    when = formats.near(order.rest[0]) if order.act == "snooze" else ""
    undo = {"claim": "unclaim", "snooze": "wake"}.get(order.act)
    fields = [("act", undo), *(("task", str(one)) for one in done), ("back", back)]
    way = {"action": url_for("bulk.act"), "fields": fields} if undo and count <= UNDO else None
    return {"text": said % {"num": count, "when": when}, "undo": way}


def _refused(refused: Sequence[bulk.Refusal]) -> dict[str, Any]:
    lines = [f"«{one.name}» — {say(one.reason)}" for one in refused[:SHOWN]]
    if len(refused) > SHOWN:
        more = len(refused) - SHOWN
        lines.append(ngettext("and %(num)s more", "and %(num)s more", more) % {"num": more})
    count = len(refused)
    head = ngettext("%(num)d task was not changed:", "%(num)d tasks were not changed:", count) % {"num": count}
    return {"text": head, "lines": lines}
