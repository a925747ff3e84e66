"""What a set of procedures refers to, held against what is there: forms, groups, decisions, actions, each other."""
from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from engine import feel
from engine.bpmn import dialect, names
from engine.bpmn.types import Element, Procedure
from engine.errors import Fault, Text, text

WARNING = "warning"
PROCEDURE = "procedure"  # the input of an action that names a procedure to be started


@dataclass(frozen=True)
class Known:
    """What there is. None: not known, so not checked. ``forms`` may map form keys to the names of their fields,
    ``limits`` maps the kinds of authority to the groups that have some.

    ``procedures``: other procedures that are published already and stay (those of the same key are replaced).
    ``messages``, ``signals``: names that come from outside the drawings. ``files``: procedure key -> file, for the
    findings. ``sources``: the drawings' bytes by file; with them and ``facts`` (names every expression sees) names
    that nothing sets are found.
    """

    forms: Mapping[str, Collection[str]] | Collection[str] | None = None
    groups: Collection[str] | None = None
    users: Collection[str] | None = None
    limits: Mapping[str, Collection[str]] | None = None
    decisions: Collection[str] | None = None
    actions: Collection[str] | None = None
    procedures: Collection[Procedure] = ()
    messages: Collection[str] = ()
    signals: Collection[str] = ()
    facts: Collection[str] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, bytes] = field(default_factory=dict)


def cross_check(procedures: Iterable[Procedure], known: Known) -> tuple[Fault, ...]:
    """Findings about ``procedures`` as a set, together with what is known."""
    return tuple(_Check(tuple(procedures), known).run())


class _Check:
    def __init__(self, procedures: tuple[Procedure, ...], known: Known) -> None:
        self.procedures, self.known = procedures, known
        replaced = {procedure.key for procedure in procedures}
        self.everybody = (*procedures, *(other for other in known.procedures if other.key not in replaced))
        self.keys = {procedure.key for procedure in self.everybody}

    def run(self) -> Iterator[Fault]:
        yield from self._duplicates()
        for procedure in self.procedures:
            yield from self._references(procedure)
            yield from self._signals(procedure)
            yield from self._messages(procedure)
            yield from self._requirements(procedure)
            yield from self._evidence(procedure)
            yield from self._authority(procedure)
        yield from self._circles()
        yield from self._names()

    def _fault(self, procedure: Procedure, code: str, element_id: str | None, reason: Text, remedy: Text,
               severity: str = "error") -> Fault:  # fmt: skip
        return Fault(code, self.known.files.get(procedure.key, procedure.key), element_id, reason, remedy, severity)

    def _duplicates(self) -> Iterator[Fault]:
        counts = Counter(procedure.key for procedure in self.procedures)
        for procedure in self.procedures:
            if counts[procedure.key] > 1:
                yield self._fault(
                    procedure, "process-key-duplicate", procedure.key,
                    text("{count} procedures have the same id {key}", count=counts[procedure.key], key=procedure.key),
                    text("Give one of the processes another id"),
                )  # fmt: skip

    # --- references to other things ---------------------------------------------------------------------------------

    def _references(self, procedure: Procedure) -> Iterator[Fault]:
        for element in procedure.elements.values():
            for name, there, code, reason, remedy in self._named(element):
                if there is not None and name not in there:
                    yield self._fault(procedure, code, element.id, reason, remedy)
        for group in dialect.names(procedure.properties.get("starterGroups")):
            if self.known.groups is not None and group not in self.known.groups:
                yield self._fault(procedure, "group-unknown", procedure.key,
                                  text("The group {name} that may start the procedure does not exist", name=group),
                                  text("Choose an existing group or create it"))  # fmt: skip

    def _named(self, element: Element) -> Iterator[tuple[str, Collection[str] | None, str, Text, Text]]:
        """(name, what there is, code, reason, remedy) for every name an element refers to."""
        found, known, label = element.settings, self.known, _label(element)
        for name in _literal(found.form_key):
            yield (name, known.forms, "form-unknown",
                   text("The form {name} of «{element}» does not exist", name=name, element=label),
                   text("Choose an existing form or upload it together with the drawing"))  # fmt: skip
        for name in _literal(found.decision):
            yield (name, known.decisions, "decision-unknown",
                   text("The decision {name} of «{element}» does not exist", name=name, element=label),
                   text("Choose an existing decision or upload it together with the drawing"))  # fmt: skip
        for name in _literal(found.action):
            yield (name, known.actions, "action-unknown",
                   text("The action {name} of «{element}» does not exist", name=name, element=label),
                   text("Choose one of the actions of the catalogue"))  # fmt: skip
        for name in (*_literal(found.called_element), *_literal(found.properties.get("cpEscalation"))):
            yield (name, self.keys, "called-process-unknown",
                   text("The procedure {name} that «{element}» calls does not exist", name=name, element=label),
                   text("Choose an existing procedure or upload it together with this one"))  # fmt: skip
        for name in _started(element):
            yield (name, self.keys, "started-process-unknown",
                   text("The procedure {name} that «{element}» starts does not exist", name=name, element=label),
                   text("Choose an existing procedure or upload it together with this one"))  # fmt: skip
        for name in (*dialect.names(found.candidate_groups), *dialect.names(found.properties.get("cpOwnerGroup"))):
            yield (name, known.groups, "group-unknown",
                   text("The group {name} of «{element}» does not exist", name=name, element=label),
                   text("Choose an existing group or create it"))  # fmt: skip
        people = (found.assignee, found.candidate_users, found.properties.get("cpOwner"))
        for name in (login for value in people for login in dialect.names(value)):
            yield (name, known.users, "user-unknown",
                   text("The user {name} of «{element}» does not exist", name=name, element=label),
                   text("Choose an existing user, or a group"))  # fmt: skip

    # --- signals and messages ---------------------------------------------------------------------------------------

    def _signals(self, procedure: Procedure) -> Iterator[Fault]:
        thrown = {name for other in self.everybody for name in other.throws}
        caught = {name for other in self.everybody for name in other.catches}
        for name in sorted(procedure.catches - thrown):
            kind, _, plain = name.partition(":")
            if kind == "signal" and plain not in self.known.signals:
                yield self._fault(
                    procedure, "signal-nobody-throws", None,
                    text("Nothing throws the signal «{name}» this procedure waits for", name=plain),
                    text("Draw a signal throw event with this name, or correct the name"),
                )  # fmt: skip
        for name in sorted(procedure.throws - caught):
            kind, _, plain = name.partition(":")
            if kind == "signal":
                yield self._fault(
                    procedure, "signal-nobody-catches", None,
                    text("Nothing waits for the signal «{name}» this procedure throws", name=plain),
                    text("Draw a signal catch event with this name, or correct the name"), WARNING,
                )  # fmt: skip

    def _messages(self, procedure: Procedure) -> Iterator[Fault]:
        caught = {name for other in self.everybody for name in other.catches}
        for name in sorted(procedure.throws - caught):
            kind, _, plain = name.partition(":")
            if kind == "message" and plain not in self.known.messages:
                yield self._fault(
                    procedure, "message-nobody-catches", None,
                    text("Nothing waits for the message «{name}» this procedure throws", name=plain),
                    text("Draw a message catch event with this name, or correct the name"), WARNING,
                )  # fmt: skip
        starters = [other.key for other in self.everybody if other.start_messages & procedure.start_messages]
        if len(starters) > 1:
            names = ", ".join(sorted(procedure.start_messages))
            yield self._fault(
                procedure, "message-starts-several", None,
                text("The message «{name}» starts several procedures: {keys}", name=names, keys=", ".join(starters)),
                text("A message starts one procedure; use a signal or different names"),
            )  # fmt: skip

    # --- control points ---------------------------------------------------------------------------------------------

    def _requirements(self, procedure: Procedure) -> Iterator[Fault]:
        codes = {
            element.settings.properties["controlPoint"]
            for other in self.everybody
            for element in other.elements.values()
            if "controlPoint" in element.settings.properties
        }
        for element in procedure.elements.values():
            for code in dialect.names(element.settings.properties.get("requires")):
                if code not in codes:
                    yield self._fault(
                        procedure, "requires-unknown", element.id,
                        text("«{element}» requires the control point {code}, which nobody draws",
                             element=_label(element), code=code),
                        text("Correct the code, or draw the control point"),
                    )  # fmt: skip

    def _evidence(self, procedure: Procedure) -> Iterator[Fault]:
        if not isinstance(self.known.forms, Mapping):
            return
        for element in procedure.elements.values():
            kind, _, name = element.settings.properties.get("cpEvidence", "").partition(":")
            fields = self.known.forms.get(element.settings.form_key or "")
            if kind == "field" and fields is not None and name.split(".")[0] not in fields:
                yield self._fault(
                    procedure, "evidence-field-unknown", element.id,
                    text("The evidence of «{element}» is the field {name}, which its form does not have",
                         element=_label(element), name=name),
                    text("Choose a field of the form"),
                )  # fmt: skip

    # --- limits of authority ----------------------------------------------------------------------------------------

    def _authority(self, procedure: Procedure) -> Iterator[Fault]:
        limits = self.known.limits
        for element in procedure.elements.values() if limits is not None else ():
            for kind in _literal(element.settings.properties.get("limitKind")):
                close = difflib.get_close_matches(kind, limits or (), n=1)
                groups, able = dialect.names(element.settings.candidate_groups), (limits or {}).get(kind)
                if able is None:
                    yield self._fault(
                        procedure, "limit-kind-unknown", element.id,
                        text("There is no kind of authority «{kind}», which «{element}» asks for", kind=kind,
                             element=_label(element)),
                        text("Is «{name}» meant?", name=close[0]) if close else
                        text("Add the kind in «Calendars, deadlines, limits», or choose one that is there"),
                    )  # fmt: skip
                elif not able:
                    yield self._fault(
                        procedure, "limit-kind-empty", element.id,
                        text("Nobody has authority of the kind «{kind}»: «{element}» would wait for ever", kind=kind,
                             element=_label(element)),
                        text("Give a group a limit in «Calendars, deadlines, limits»"),
                    )  # fmt: skip
                elif groups and not set(groups) & set(able):
                    yield self._fault(
                        procedure, "limit-groups-without", element.id,
                        text("None of the groups of «{element}» has authority of the kind «{kind}»", kind=kind,
                             element=_label(element)),
                        text("Add one of these groups to the step: {groups}", groups=", ".join(able)), WARNING,
                    )  # fmt: skip

    # --- calls and names --------------------------------------------------------------------------------------------

    def _circles(self) -> Iterator[Fault]:
        calls = {procedure.key: procedure.calls for procedure in self.everybody}
        for procedure in self.procedures:
            reached: set[str] = set()
            stack = list(procedure.calls)
            while stack:
                key = stack.pop()
                if key not in reached:
                    reached.add(key)
                    stack += calls.get(key, ())
            if procedure.key in reached:
                yield self._fault(
                    procedure, "calls-in-a-circle", None,
                    text("The procedure {key} calls itself, directly or through others", key=procedure.key),
                    text("Make sure that a condition ends the circle"), WARNING,
                )  # fmt: skip

    def _names(self) -> Iterator[Fault]:
        forms = self.known.forms if isinstance(self.known.forms, Mapping) else {}
        handed_over = {
            target
            for other in self.everybody
            for element in other.elements.values()
            if element.kind == "callActivity"
            for target, _ in element.settings.inputs
        }
        everywhere = {*self.known.facts, *handed_over, *(name for fields in forms.values() for name in fields)}
        for file, content in self.known.sources.items():
            for element_id, name, candidates in names.unset(file, content, everywhere):
                close = difflib.get_close_matches(name, candidates, n=1, cutoff=0.8)
                remedy = text("Is «{name}» meant?", name=close[0]) if close else text(
                    "Correct the name, or set it in a form, a mapping or a script")  # fmt: skip
                yield Fault("name-unknown", file, element_id, text("Nothing sets «{name}»", name=name), remedy, WARNING)


def _label(element: Element) -> str:
    return element.name or element.id


def _started(element: Element) -> list[str]:
    """The procedures an action is told to start, as far as the drawing alone says it."""
    if not element.settings.action:
        return []
    told = [feel.constants(source) for target, source in element.settings.inputs if target == PROCEDURE]
    return sorted(name for names_ in told for name in names_ or ())


def _literal(value: str | None) -> tuple[str, ...]:
    """The name, if it is one and no expression."""
    return (value,) if value and not dialect.is_feel(value) else ()
