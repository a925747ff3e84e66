"""What the composition root hands to every verb: sessions, the clock, settings, calendars, actions, and the parts that
the engine does not know itself (facts about deals, files, mail)."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import yaml
from sqlalchemy import Connection
from sqlalchemy.orm import Session, sessionmaker

from engine import authority, feel, overlay, values
from engine.actions import Registry
from engine.bpmn.types import Host, Procedure, Variables
from engine.calendar import Calendar
from engine.definitions import Library
from engine.errors import Fault, NotFound
from engine.forms.expressions import shown
from engine.models import ProcessInstance
from engine.overlay import Overlay
from engine.work import Work, system_clock

MISSING: Any = object()


class Facts(Protocol):
    """What expressions, forms and templates see beside the variables: deal, client, company … Loaded when touched."""

    def __call__(
        self, session: Session, env: Any, variables: Variables, deal_id: int | None, client_id: int | None
    ) -> Mapping[str, Any]: ...


TemplateCheck = Callable[[bytes, str], Sequence[Fault]]


def no_facts(
    # what has no facts is asked like what has them
    session: Session, env: Any, variables: Variables, deal_id: int | None, client_id: int | None  # noqa: ARG001
) -> Mapping[str, Any]:
    """A company without deals."""
    return {}


def untranslated(_locale: str, sentence: str) -> str:
    """English as it stands, where nobody brings translations."""
    return sentence


@dataclass
class Environment:
    """Built once by the composition root. ``check_template``: how a document template is judged at publication;
    ``files``: engine.storage; ``pdf``: a converter; ``mail``: a transport of engine.letters; ``replies``: the address
    at which replies to mails are read (engine.replies), empty where nobody reads them; ``wake``: called after a commit
    that left work due at once, so that nobody waits for the next tick;
    ``translate``: (locale, English sentence) -> the sentence as the reader knows it, for mails to people."""

    sessions: sessionmaker[Session]
    calendars: Mapping[str, Calendar]
    library: Library = field(default_factory=Library)
    actions: Registry = field(default_factory=Registry)
    settings: Mapping[str, Any] = field(default_factory=dict)
    clock: Callable[[], datetime] = system_clock
    facts: Facts = no_facts
    check_template: TemplateCheck | None = None
    files: Any = None
    pdf: Any = None
    mail: Any = None
    replies: str = ""
    wake: Callable[[], None] | None = None
    translate: Callable[[str, str], str] = untranslated
    _files: tuple[Mapping[str, Any], Mapping[str, Calendar]] | None = field(default=None, init=False, repr=False)
    _overlay: Overlay | None = field(default=None, init=False, repr=False)

    def refresh(self, connection: Connection, now: datetime) -> None:
        """See what was changed in pages since the last look: rules laid over those of the settings files."""
        number, seen = overlay.newest(connection), self._overlay
        if (number == 0 and seen is None) or (seen is not None and seen.holds(number, now)):
            return
        if self._files is None:
            self._files = (self.settings, self.calendars)
        self._overlay = overlay.in_force(connection, now, number)
        self.settings, self.calendars = overlay.laid_over(self._overlay, *self._files)

    def from_files(self) -> tuple[Mapping[str, Any], Mapping[str, Calendar]]:
        """Settings and calendars as the files hold them, whatever was changed in pages."""
        return self._files or (self.settings, self.calendars)

    def setting(self, path: str, default: Any = MISSING) -> Any:
        """``deadlines.CP-01``: file, then keys. Raises NotFound unless there is a ``default``."""
        found: Any = self.settings
        for part in path.split("."):
            if not isinstance(found, Mapping) or part not in found:
                if default is not MISSING:
                    return default
                raise NotFound("There is no setting «{path}»", path=path)
            found = found[part]
        return found

    def calendar(self, office: str) -> Calendar:
        """The working time of an office. Raises NotFound."""
        if office not in self.calendars:
            raise NotFound("There is no calendar for office «{office}»", office=office)
        return self.calendars[office]

    def context(self, office: str, now: datetime) -> feel.Context:
        """What an expression outside a drawing's run is evaluated in: the moment and this product's functions."""
        return feel.Context(now=now, functions=self.functions(office), zone=self.calendar(office).zone)

    def functions(self, office: str) -> Mapping[str, Callable[..., Any]]:
        """FEEL functions of this product: settings and working time by the office's calendar."""
        return {
            "setting": self.setting,
            "add working time": lambda at, spec: self.calendar(office).due(at, spec).at,
            "working time before": lambda at, spec: self.calendar(office).before(at, spec),
            "shown": lambda value: self.shown(office, value),
            "money": lambda value: shown(value, money=True),
            "working days between": lambda a, b: self.calendar(office).working_days_between(a, b),
            "is working day": lambda day: self.calendar(office).is_working(day),
            **authority.functions(self),
        }

    def shown(self, office: str, value: Any) -> str:
        """A value as a Russian reader expects it: ``21.11.2026 14:30`` by the office's clock, ``1 234,50``."""
        return shown(value, zone=self.calendar(office).zone)

    def seen(self, session: Session, instance: ProcessInstance, variables: Variables) -> Mapping[str, Any]:
        """The facts of an instance."""
        return self.facts(session, self, variables, instance.deal_id, instance.client_id)

    def evaluator(self, work: Work, instance: ProcessInstance, variables: Variables) -> Callable[[str | None], Any]:
        """Evaluates what a designer wrote on an element (``=`` FEEL, else literal) for one token's variables.

        Raises feel.FeelError for an unknown name: a misspelt assignee must not become "nobody".
        """
        context = replace(self.context(instance.office, work.now), strict=True)
        scope = Layers(variables, self.seen(work.session, instance, variables))
        return lambda raw: feel.value(raw, scope, context)

    def host(self, session: Session, instance: ProcessInstance, now: datetime) -> Host:
        """What one step of this instance may ask: its own versions of procedures and decisions, its calendar, facts."""
        library, versions = self.library, instance.versions

        def procedure(key: str) -> Procedure:
            if key not in versions:
                raise NotFound("This instance is not bound to a version of procedure «{key}»", key=key)
            return library.bound(session, key, versions[key]).procedure

        def decide(decision_id: str, variables: Variables) -> Any:
            for key, version in versions.items():
                place = library.bound(session, key, version).decisions.get(decision_id)
                if place is not None:
                    scope = Layers(variables, facts)
                    return library.decision(session, *place).evaluate(decision_id, scope, context)
            raise NotFound("There is no decision «{decision}»", decision=decision_id)

        def due(spec: Any, start: datetime) -> datetime:
            return calendar.due(start, spec).at

        facts = self.seen(session, instance, Late(lambda: values.decode(instance.variables or {})))
        context, calendar = self.context(instance.office, now), self.calendar(instance.office)
        return Host(now, procedure, decide, due, facts, context.functions)


class Late(Mapping[str, Any]):
    """A mapping that is made when somebody looks into it."""

    __slots__ = ("_known", "_make")

    def __init__(self, make: Callable[[], Mapping[str, Any]]) -> None:
        self._make = make
        self._known: Mapping[str, Any] | None = None

    @property
    def known(self) -> Mapping[str, Any]:
        """What was made."""
        if self._known is None:
            self._known = self._make()
        return self._known

    def __getitem__(self, name: str) -> Any:
        return self.known[name]

    def __contains__(self, name: object) -> bool:
        return name in self.known

    def __iter__(self) -> Iterator[str]:
        return iter(self.known)

    def __len__(self) -> int:
        return len(self.known)


class Layers(Mapping[str, Any]):
    """Variables over facts, without touching a fact that nobody asks for."""

    __slots__ = ("_far", "_near")

    def __init__(self, near: Mapping[str, Any], far: Mapping[str, Any]) -> None:
        self._near, self._far = near, far

    def __getitem__(self, name: str) -> Any:
        return self._near[name] if name in self._near else self._far[name]

    def __contains__(self, name: object) -> bool:
        return name in self._near or name in self._far

    def __iter__(self) -> Any:
        yield from self._near
        yield from (name for name in self._far if name not in self._near)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def settings_of(folder: Path) -> dict[str, Any]:
    """All settings/*.yaml by the file's stem."""
    return {path.stem: yaml.safe_load(path.read_text("utf-8")) or {} for path in sorted(folder.glob("*.yaml"))}
