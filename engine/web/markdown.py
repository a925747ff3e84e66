"""Markdown of colleagues as HTML that can do no harm: no HTML of their own, no pictures from elsewhere, plain links."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from flask import Flask
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from engine.comments import MENTION

ALLOWED = re.compile(r"(https?://|mailto:|/(?![/\\])|#)", re.IGNORECASE)


@cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False})
    reader.enable("table").disable(["image", "html_block", "html_inline"])
    # the documented way to allow links
    reader.validateLink = lambda url: ALLOWED.match(url.strip()) is not None  # type: ignore[method-assign]
    reader.add_render_rule("link_open", _link)
    reader.add_render_rule("table_open", _table)
    return reader


def _link(renderer: Any, tokens: Sequence[Any], place: int, options: Any, _env: Any) -> str:
    """A link that leads away tells the other site nothing."""
    if not str(tokens[place].attrGet("href") or "").startswith(("/", "#")):
        tokens[place].attrSet("rel", "noopener noreferrer nofollow")
        tokens[place].attrSet("target", "_blank")
    return str(renderer.renderToken(tokens, place, options, _env))


def _table(renderer: Any, tokens: Sequence[Any], place: int, options: Any, _env: Any) -> str:
    tokens[place].attrSet("class", "table")
    return str(renderer.renderToken(tokens, place, options, _env))


@cache
def _light_reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False, "breaks": True})
    reader.disable(["image", "html_block", "html_inline", "heading", "lheading", "hr", "reference"])
    # the documented way to allow links
    reader.validateLink = lambda url: ALLOWED.match(url.strip()) is not None  # type: ignore[method-assign]
    reader.add_render_rule("link_open", _link)
    return reader


def light(body: str, people: Mapping[str, str]) -> Markup:
    """A comment as HTML: emphasis, lists, links, code, quotes; no heads, no tables. ``people``: login -> name of those
    whom it mentions."""
    tokens = _light_reader().parse(body)
    for token in (child for block in tokens for child in block.children or ()):
        if token.type == "text":
            token.content = MENTION.sub(lambda found: _named(found, people), token.content)
    made = _light_reader().renderer.render(tokens, _light_reader().options, {})
    return Markup(made)  # safe: the reader escapes whatever it did not make itself


def _named(found: re.Match[str], people: Mapping[str, str]) -> str:
    login = found[1].rstrip(".-")
    name = people.get(login.casefold())
    return f"@{name}{found[1][len(login):]}" if name else found[0]


def html(body: str) -> Markup:
    """The text as HTML; heads begin below the page's own."""
    made = _reader().render(body)
    lowered = re.sub(r"<(/?)h([1-6])>", lambda found: f"<{found[1]}h{min(6, int(found[2]) + 1)}>", made)
    return Markup(lowered)  # safe: the reader escapes whatever it did not make itself


def marked(snippet: str, marks: Sequence[tuple[int, int]]) -> Markup:
    """A piece of text with what was looked for marked in it."""
    made, at = Markup(""), 0
    for start, end in marks:
        made += escape(snippet[at:start]) + Markup("<mark>{}</mark>").format(snippet[start:end])
        at = end
    return made + escape(snippet[at:])


def install(app: Flask) -> None:
    """Give templates ``markdown`` and ``marked``."""
    app.jinja_env.filters["markdown"] = html
    app.jinja_env.globals["marked"] = marked
