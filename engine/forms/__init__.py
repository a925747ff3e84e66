"""Forms: read a form-js file, draw it, take what people send, let only proper values pass.

``read`` a file once; ``view`` for the page; ``parse`` the HTML form; ``clean`` before anything becomes a variable;
``check`` before publication.
"""
from __future__ import annotations

from engine.forms.checking import check, expressions_of
from engine.forms.cleaning import clean, remaining_faults
from engine.forms.model import Component, Form, read
from engine.forms.parsing import action, asks_refresh, find, parse, steps_of
from engine.forms.viewing import ComponentView, FormView, view

__all__ = [
    "Component",
    "ComponentView",
    "Form",
    "FormView",
    "action",
    "asks_refresh",
    "check",
    "clean",
    "expressions_of",
    "find",
    "parse",
    "read",
    "remaining_faults",
    "steps_of",
    "view",
]
