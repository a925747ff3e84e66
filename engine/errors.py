"""What can go wrong, without HTTP. Every error is a sentence a person can act on, in two parts: template and values.

The template is the English sentence and at the same time the gettext message id; the web floor translates the template
and only then puts the values in, so that the engine needs no translation machinery.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Text:
    """A sentence to be shown: English template (gettext id, ``{name}`` places) and its values."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template.format(**self.values) if self.values else self.template


def text(template: str, **values: Any) -> Text:
    """Mark a sentence for translation and keep its values: ``text("No task {id}", id=7)``."""
    return Text(template, values)


class ReglamentError(Exception):
    """Root of every refusal. ``str(error)`` is the English sentence, ``error.text`` the translatable one."""

    def __init__(self, template: str | Text, **values: Any) -> None:
        self.text = template if isinstance(template, Text) else Text(template, values)
        super().__init__(str(self.text))


class NotFound(ReglamentError):
    """What was asked for does not exist, or the asker may not know that it does."""


class Forbidden(ReglamentError):
    """The actor may not do this."""


class WrongState(ReglamentError):
    """The thing is not in a state in which this can be done (completed twice, suspended, already claimed)."""


class UnderWay(WrongState):
    """What may run once at a time for a deal or a client runs already."""


class Conflict(ReglamentError):
    """Somebody else changed it first."""


class Invalid(ReglamentError):
    """Input that does not pass. ``fields`` maps a form path (``items[2].price``) to its sentence."""

    def __init__(self, template: str | Text, fields: Mapping[str, Text] | None = None, **values: Any) -> None:
        super().__init__(template, **values)
        self.fields: dict[str, Text] = dict(fields or {})


class Refused(ReglamentError):
    """Files that may not be published. ``faults`` says where, why and what to do about it."""

    def __init__(self, template: str | Text, faults: tuple[Fault, ...] = (), **values: Any) -> None:
        super().__init__(template, **values)
        self.faults = faults


@dataclass(frozen=True)
class Fault:
    """One finding of the gate.

    code: stable name of the rule, kebab-case (``signal-nobody-throws``); file: name of the file; element_id: the
    element in the drawing or the place in the file; reason: what is wrong; remedy: what to do; severity: ``error``
    stops publication, ``warning`` does not.
    """

    code: str
    file: str
    element_id: str | None
    reason: Text
    remedy: Text
    severity: str = "error"


class Failed(ReglamentError):
    """A job could not do its work this time; it is tried again, and becomes an incident in the end."""


class BusinessError(ReglamentError):
    """An action reports a BPMN error: a planned business failure with a code that a boundary event may catch."""

    def __init__(self, code: str, template: str | Text = "Business error {code}", **values: Any) -> None:
        super().__init__(template, **({"code": code} | values))
        self.code = code
