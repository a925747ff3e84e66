"""Interventions: the page where one is made, the ledger, and the decision of the second person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import access, bpmn, forms, interventions, values
from engine.errors import Forbidden, Invalid, NotFound, ReglamentError, Text, text
from engine.forms.expressions import shown
from engine.models import Intervention, ProcessInstance, UserTask
from engine.queries import interventions as ledger
from engine.vocabulary import InstanceStatus, InterventionKind
from engine.web import instances, labels, reading, typed
from engine.web.filled import Filled
from engine.web.i18n import locale, say
from engine.web.pages import Pages, number
from engine.web.rules import OVERSEERS, allow

blueprint = Blueprint("interventions", __name__)
TABS = ("waiting", "done")
INTERVENTION: labels.Named = {
    "skip": (text("Left out"), ""),
    "move": (text("Moved"), ""),
    "edit": (text("Data put right"), ""),
    "reassign": (text("Reassigned"), ""),
    "extend": (text("Deadline moved"), ""),
    "suspend": (text("Instance suspended"), ""),
    "cancel": (text("Called off"), ""),
    "waive": (text("Control point waived"), ""),
}
DECIDED: labels.Named = {
    "requested": (text("waits for a second person"), "soon"),
    "done": (text("done"), "good"),
    "refused": (text("not confirmed"), "late"),
    "withdrawn": (text("request taken back"), ""),
}
WAITING: labels.Named = {
    "task": (text("waits for a person"), ""),
    "action": (text("waits for the system"), ""),
    "timer": (text("waits for a moment"), ""),
    "event": (text("waits for a message"), ""),
    "failed": (text("stopped by an incident"), ""),
}
NEW = 3  # lines for variables that a step would have given


@dataclass(frozen=True)
class Standing:
    """A live token one may act upon. ``places``: where it may be moved; ``has_form``: what it would have given is
    filled in on a form."""

    token: bpmn.Token
    name: str
    what: str
    places: list[tuple[str, str, str]]
    has_form: bool = False


@blueprint.get("/interventions")
@allow("employee")
def listing() -> str:
    """What waits for a second person, and what was done; for overseers, auditors and whoever may be asked."""
    if not reading.actor().groups & interventions.readers(reading.environment()):
        raise Forbidden("This page is not for your role. Ask the administrator if you need it.")
    tab, page, kind = request.args.get("tab", "waiting"), number("page", 1), request.args.get("kind", "")
    tab, kind = tab if tab in TABS else "waiting", kind if kind in set(InterventionKind) else ""
    session, waiting = reading.session(), ledger.waiting(reading.session())
    found = waiting if tab == "waiting" else ledger.done(session, page, kind)
    return render_template(
        "interventions_list.html", tab=tab, kind=kind, page=found, waiting=waiting.count, kinds=list(InterventionKind),
        pages=Pages(page, found.count, ledger.PAGE), mine=_mine,
    )  # fmt: skip


@blueprint.post("/interventions/<int:row_id>/<any(confirm, refuse, withdraw):act>")
@allow("employee")
def decide(row_id: int, act: str) -> Response:
    """The second person decides, or who asked takes it back."""
    back, answer = url_for("interventions.listing"), request.form.get("answer", "")
    if act == "confirm":
        return reading.act(back, text("It is confirmed and done."), interventions.confirm, row_id, answer)
    if act == "refuse":
        return reading.act(back, text("It is refused; who asked is told why."), interventions.refuse, row_id, answer)
    return reading.act(back, text("The request is taken back."), interventions.withdraw, row_id)


@blueprint.get("/instances/<int:instance_id>/intervene")
@allow(*OVERSEERS)
def choose(instance_id: int) -> str:
    """What stands open in an instance, and what can be done to it."""
    return _page(_seen(instance_id))


@blueprint.post("/instances/<int:instance_id>/intervene/<any(skip, move, edit):act>")
@allow(*OVERSEERS)
def make(instance_id: int, act: str) -> Any:
    """Do it, or ask a second person."""
    _seen(instance_id)
    form = request.form
    reason = form.get("reason", "")
    try:
        given = typed.variables(form, reading.environment().calendar(_seen(instance_id).office).zone)
        if act == "skip":
            row = reading.do(interventions.skip, instance_id, form.get("token", ""), given, reason)
        elif act == "move":
            path, _, element = form.get("to", "").rpartition("|")
            row = reading.do(
                interventions.move, instance_id, form.get("token", ""), path, element, given, reason
            )  # fmt: skip
        else:
            row = reading.do(interventions.edit, instance_id, given, reason)
    except ReglamentError as error:
        status = 422 if isinstance(error, Invalid) else 409
        return _page(_seen(instance_id), problem=say(error.text), act=act), status
    return _done(instance_id, row)


@blueprint.get("/instances/<int:instance_id>/skip/<token_id>")
@allow(*OVERSEERS)
def skip_form(instance_id: int, token_id: str) -> str:
    """The form of the step to be left out, as the employee would fill it in."""
    task = _task(instance_id, token_id)
    return _form(task, Filled(task).view(None))


@blueprint.post("/instances/<int:instance_id>/skip/<token_id>/form")
@allow(*OVERSEERS)
def skip_refresh(instance_id: int, token_id: str) -> str:
    """The same form after a field changed."""
    task = _task(instance_id, token_id)
    filled = Filled(task)
    raw = filled.sent(store=False)
    return render_template("skip_body.html", task=task, view=filled.view(raw, filled.remaining(raw)))


@blueprint.post("/instances/<int:instance_id>/skip/<token_id>")
@allow(*OVERSEERS)
def skip_filled(instance_id: int, token_id: str) -> Any:
    """Leave the step out with what was filled in, or with nothing at all."""
    task, reason, raw = _task(instance_id, token_id), request.form.get("_reason", ""), None
    filled = Filled(task)
    try:
        if "_nothing" in request.form:
            row = reading.do(interventions.skip, instance_id, token_id, {}, reason)
        else:
            raw = filled.sent()
            if filled.asks_refresh():
                return _form(task, filled.view(raw, filled.remaining(raw)))
            row = reading.do(interventions.skip_filled, instance_id, token_id, raw, reason)
    except Invalid as error:
        task = _task(instance_id, token_id)
        faults = {name: fault for name, fault in error.fields.items() if name != "reason"}
        problem = "" if faults else say(error.text)
        return _form(task, Filled(task).view(raw, faults), problem, "reason" in error.fields), 422
    except ReglamentError as error:
        return _page(_seen(instance_id), problem=say(error.text), act="skip"), 409
    return _done(instance_id, row)


def _done(instance_id: int, row: Intervention) -> Response:
    asked = text("A second person is asked. It is done when it is confirmed.")
    flash(say(text("It is done; the reason stands in the ledger.") if row.status == "done" else asked), "good")
    return redirect(url_for("instances.show", instance_id=instance_id))


def _task(instance_id: int, token_id: str) -> UserTask:
    task = interventions.open_task(reading.session(), _seen(instance_id).id, token_id)
    if task is None or task.form_key is None:
        raise NotFound("This step is not open any more: it has been completed or cancelled")
    return task


def _form(task: UserTask, view: forms.FormView, problem: str = "", unreasoned: bool = False) -> str:
    return render_template(
        "skip.html", task=task, instance=task.instance, view=view, problem=problem, unreasoned=unreasoned,
        second=bool(interventions.seconds(reading.environment(), "skip")), reason=request.form.get("_reason", ""),
        help_text=Filled(task).help_text,
    )  # fmt: skip


def said(row: Intervention) -> list[tuple[str, str]]:
    """What a row of the ledger says beside its reason."""
    what = values.decode(row.what)
    pairs: list[tuple[str, str]] = []
    if row.kind == InterventionKind.EDIT:
        after = values.decode(what.get("after") or {})
        before = what.get("before") or {}
        return [(name, f"{_shown(before.get(name)) or '—'} → {_shown(value) or '—'}") for name, value in after.items()]
    for name in ("assignee", "due_at"):
        if isinstance(what.get(name), list):
            pairs.append((say(FACTS[name]), " → ".join(_person_or(name, part) or "—" for part in what[name])))
    if what.get("code"):
        pairs.append((say(FACTS["code"]), str(what["code"])))
    given = values.decode(what.get("variables") or {})
    names = _labels(row) if what.get("filled") else {}
    pairs += [(names.get(name) or name, _shown(value)) for name, value in given.items()]
    return pairs


def _labels(row: Intervention) -> dict[str, str]:
    """What the form calls its fields, in the reader's language."""
    task = reading.session().get(UserTask, row.task_id) if row.task_id is not None else None
    if task is None or task.form_key is None or task.form_version is None:
        return {}
    form = reading.environment().library.form(reading.session(), task.form_key, task.form_version)
    found = {name: forms.find(form, (name,)) for name in row.what.get("variables") or {}}
    return {name: one.label_in(locale()) for name, one in found.items() if one is not None}


FACTS: dict[str, Text] = {"assignee": text("assignee"), "due_at": text("due"), "code": text("control point")}


def box(instance: ProcessInstance) -> dict[str, Any] | None:
    """For the page of an instance: its ledger, and whether the reader may intervene."""
    session, actor = reading.session(), reading.actor()
    may = access.may(session, actor, g.now, "instance.intervene", instance) is not None
    may = may and instance.status == InstanceStatus.ACTIVE
    found = ledger.of_instance(session, instance.id)
    return {"page": found, "may": may} if may or found.entries else None


def step(row: Intervention) -> tuple[str, str]:
    """The names of the step it was done to and of the step it went to."""
    return row.what.get("name") or row.element_id or "", row.what.get("to_name") or row.target or ""


def _mine(row: Intervention) -> str:
    """What the reader may do with a request: decide, withdraw, or nothing."""
    if interventions.may_confirm(reading.environment(), reading.actor(), row):
        return "decide"
    return "withdraw" if row.requested_by == reading.actor().user_id else ""


def _seen(instance_id: int) -> ProcessInstance:
    instance = instances.seen(instance_id)
    if instance.status != InstanceStatus.ACTIVE:
        raise NotFound("It is over or stands still: nothing can be moved in it")
    return instance


def _page(instance: ProcessInstance, problem: str = "", act: str = "") -> str:
    env, session = reading.environment(), reading.session()
    procedure = env.library.definition(session, instance.definition_id).procedure
    host = env.host(session, instance, g.now)
    found = bpmn.look(procedure, instance.state, host)
    standing = []
    for what, tokens in (
        ("task", found.tasks), ("action", found.services), ("timer", found.timers), ("event", found.subscriptions),
        ("failed", found.failed),
    ):  # fmt: skip
        for token in tokens:
            if token.element.kind in ("boundaryEvent", "startEvent"):
                continue
            places = [
                (path, element.id, labels.called(element))
                for path, element in bpmn.destinations(procedure, instance.state, token.token_id, host)
            ]
            task = interventions.open_task(session, instance.id, token.token_id) if what == "task" else None
            has_form = task is not None and task.form_key is not None
            standing.append(Standing(token, labels.called(token.element), what, places, has_form))
    variables = [(name, _shown(value)) for name, value in sorted(found.result.items())]
    return render_template(
        "intervene.html", instance=instance, standing=standing, variables=variables, problem=problem, act=act,
        kinds=typed.KINDS, lines=range(NEW), form=request.form,
        seconds={kind: interventions.seconds(env, kind) for kind in ("skip", "move", "edit")},
    )  # fmt: skip


def _shown(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return values.dumps(values.encode(value)).decode()
    return shown(value, locale())


def _person_or(name: str, value: Any) -> str:
    if name != "assignee" or value is None:
        return _shown(value)
    person = access.person(reading.session(), int(value))
    return person.name if person is not None else ""


@blueprint.record_once
def _install(state: Any) -> None:
    app: Flask = state.app
    app.jinja_env.globals.update(
        interventions_box=box, intervention_step=step, intervention_said=said, INTERVENTION=INTERVENTION,
        DECIDED=DECIDED, WAITING=WAITING,
    )  # fmt: skip
