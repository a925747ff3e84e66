"""The form of one task: what it knows, what was sent, how it is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g, request

from engine import forms, tasks, values
from engine.environment import Layers
from engine.errors import NotFound, Text
from engine.models import UserTask
from engine.web import reading, upload
from engine.web.i18n import locale

NOTHING = forms.FormView((), (), False, False)
PROPERTY = "help"


class Filled:
    """A task's form over the variables it is filled from. A task without a form has nothing to fill in; one that has
    ended shows what it brought."""

    def __init__(self, task: UserTask) -> None:
        self.task = task
        env = reading.environment()
        self.context = env.context(task.instance.office, g.now)
        self.form: forms.Form | None = None
        if task.form_key is not None and task.form_version is not None:
            self.form = env.library.form(reading.session(), task.form_key, task.form_version)
        self.scope: Mapping[str, Any] = tasks.seen(reading.look(), task)
        if task.outcome is not None:
            self.scope = Layers(values.decode(task.outcome), self.scope)

    @property
    def help_text(self) -> str:
        """What the designer wrote for the employee: the property ``help``, else the element's documentation."""
        written = (self.task.settings or {}).get(PROPERTY)
        if written:
            return str(written)
        library, instance = reading.environment().library, self.task.instance
        version = instance.versions.get(self.task.process_key)
        try:
            procedure = library.bound(reading.session(), self.task.process_key, version).procedure
        except NotFound:
            return ""
        element = procedure.elements.get(self.task.element_id)
        return (element.documentation or "") if element else ""

    def view(self, raw: Mapping[str, Any] | None, errors: Mapping[str, Text] | None = None) -> forms.FormView:
        """The form as the template draws it."""
        if self.form is None:
            return NOTHING
        return forms.view(
            self.form, raw, self.scope, self.context, errors, locale=locale(), files=upload.known_in(self.task)
        )

    def remaining(self, raw: Mapping[str, Any]) -> dict[str, Text]:
        """Which of the errors shown before still hold."""
        if self.form is None:
            return {}
        shown = request.form.getlist("_fault")
        return forms.remaining_faults(self.form, raw, self.scope, self.context, shown, files=upload.known_in(self.task))

    def sent(self, *, store: bool = True) -> dict[str, Any]:
        """What this request brings. ``store``: whether files that came with it are kept. Raises Invalid."""
        if self.form is None:
            return {}
        files = upload.keep(request.files, self.task.instance_id) if store else {}
        return forms.parse(self.form, request.form, files)

    def asks_refresh(self) -> bool:
        """A button of the form that only changes the form."""
        return forms.asks_refresh(request.form)
