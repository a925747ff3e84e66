"""Two languages by gettext: Russian by default, and English.

English sentences are the message ids. ``translations/ru/LC_MESSAGES/messages.po`` is read as it is when first
asked for, so that there is nothing to compile and nothing stale.
New sentences are collected by ``python -m engine.web.collect``.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from flask import Flask, g, has_request_context, request
from markupsafe import Markup

from engine.errors import Text

LOCALES = {"ru": "Русский", "en": "English"}
DEFAULT = "ru"
COOKIE = "locale"
FOLDER = Path(__file__).parent / "translations"


def locale() -> str:
    """The language of this request: the signed-in person's, else the cookie's, else Russian."""
    if not has_request_context():
        return DEFAULT
    person = getattr(g, "actor", None)
    chosen = person.locale if person else request.cookies.get(COOKIE, DEFAULT)
    return chosen if chosen in LOCALES else DEFAULT


def babel_locale(name: str = "") -> Locale:
    """The same, or another language, as babel knows it."""
    return _parsed(name or locale())


@cache
def _parsed(name: str) -> Locale:
    return Locale.parse(name)


def translate(locale_: str, message: str) -> str:
    """One sentence in a given language, outside a request (mails)."""
    return _translations(locale_).ugettext(message)


def gettext(message: str) -> str:
    """Translate one sentence."""
    return _translations(locale()).ugettext(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    """Translate a sentence that counts something."""
    return _translations(locale()).ungettext(singular, plural, number)


def say(sentence: Text | str) -> str:
    """A sentence of the engine in the reader's language, with its values put in. Values that are sentences themselves
    are translated first."""
    if isinstance(sentence, str):
        return gettext(sentence)
    values = {name: _put(value) for name, value in sentence.values.items()}
    try:
        return gettext(sentence.template).format(**values)
    except (KeyError, IndexError, ValueError):
        return str(sentence)  # a translation with a wrong place must not hide the sentence


def _put(value: Any) -> Any:
    """A value as it stands in a sentence: sentences translated, fractions with the reader's decimal mark."""
    if isinstance(value, Text):
        return say(value)
    return format_decimal(value, locale=babel_locale()) if isinstance(value, Decimal) else value


def install(app: Flask) -> None:
    """Give templates ``_``, ``ngettext`` and ``say``."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    environment: Any = app.jinja_env
    environment.install_gettext_callables(gettext, ngettext, newstyle=True)
    app.jinja_env.globals["_"] = _in_page  # a page has a thousand sentences: the short way to each of them
    app.jinja_env.filters["say"] = say
    app.jinja_env.globals.update(locale=locale, locales=LOCALES)


def _in_page(sentence: str, **values: Any) -> Markup:
    """A sentence in a template, as jinja's own ``_`` says it: markup is what is written here, values are escaped."""
    return _pattern(locale(), sentence) % values if values else _said(locale(), sentence)


@lru_cache(maxsize=8192)
def _pattern(name: str, sentence: str) -> Markup:
    return Markup(_translations(name).ugettext(sentence))


@lru_cache(maxsize=8192)
def _said(name: str, sentence: str) -> Markup:
    return _pattern(name, sentence) % {}


@cache
def _translations(name: str) -> NullTranslations:
    if name not in LOCALES or name == "en":
        return NullTranslations()
    compiled = BytesIO()
    with (FOLDER / name / "LC_MESSAGES" / "messages.po").open("rb") as source:
        write_mo(compiled, read_po(source, locale=name))
    compiled.seek(0)
    return Translations(compiled)
