"""Safe HTML out of what a designer wrote: a Markdown subset and an allowlist. What is not allowed does not pass."""
from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser

LONGEST = 100_000  # characters, markup included
ALLOWED = frozenset({
    "p", "br", "b", "strong", "i", "em", "u", "s", "ul", "ol", "li", "h2", "h3", "h4", "table", "thead", "tbody",
    "tr", "th", "td", "a", "code", "pre", "blockquote", "hr", "small", "sub", "sup", "dl", "dt", "dd", "div", "span",
})  # fmt: skip
VOID = frozenset({"br", "hr"})
DROPPED = frozenset({
    "script", "style", "iframe", "object", "embed", "svg", "math", "template", "textarea", "select", "title",
    "noscript",
})  # fmt: skip
HEADINGS = {"h1": "h2", "h3": "h2", "h4": "h3", "h5": "h4", "h6": "h4"}  # the page itself has the h1
ATTRIBUTES = {"a": {"href", "title"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan", "scope"}}
_SAFE_LINK = re.compile(r"(https?://[^\s\ue000]|mailto:|tel:|/(?![/\\])|#)", re.IGNORECASE)
_NOT_LINK = re.compile(r"[\x00-\x20\x7f]")


def sanitise(source: str) -> str:
    """The allowed part of an HTML text, well formed. Scripts, styles, handlers and strange links are gone."""
    cleaner = _Cleaner()
    cleaner.feed(source[:LONGEST])
    cleaner.close()
    return cleaner.result()


def markdown(source: str) -> str:
    """Markdown as people use it in forms: headings, lists, quotes, rules, bold, italics, code, links, HTML inside.

    What stands beyond LONGEST characters is left out; the gate refuses such a text.
    """
    return sanitise("\n".join(_blocks(source[:LONGEST].replace("\r\n", "\n").split("\n"))))


class _Cleaner(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.output: list[str] = []
        self.open: list[str] = []
        self.muted: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in DROPPED:
            self.muted.append(tag)
        tag = HEADINGS.get(tag, tag)
        if self.muted or tag not in ALLOWED:
            return
        self.output.append(f"<{tag}{self._attributes(tag, attrs)}>")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in DROPPED:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self.muted:
            if tag == self.muted[-1]:
                self.muted.pop()
            return
        tag = HEADINGS.get(tag, tag)
        if tag not in self.open:
            return
        while True:
            closed = self.open.pop()
            self.output.append(f"</{closed}>")
            if closed == tag:
                return

    def handle_data(self, data: str) -> None:
        if not self.muted:
            self.output.append(escape(data, quote=False))

    def result(self) -> str:
        self.output.extend(f"</{tag}>" for tag in reversed(self.open))
        return "".join(self.output)

    def _attributes(self, tag: str, attrs: list[tuple[str, str | None]]) -> str:
        kept = []
        for name, value in attrs:
            if name not in ATTRIBUTES.get(tag, ()) or value is None:
                continue
            if name == "href" and not _SAFE_LINK.match(_NOT_LINK.sub("", value)):
                continue
            kept.append(f' {name}="{escape(value)}"')
        if tag == "a":
            kept.append(' rel="noopener noreferrer"')
        return "".join(kept)


def _blocks(lines: list[str]) -> Iterator[str]:
    paragraph: list[str] = []
    items: tuple[str, list[str]] | None = None
    for line in [*lines, ""]:
        bullet = re.match(r"\s*(?:([-*+])|(\d+)[.)])\s+(.*)", line)
        if bullet and not re.fullmatch(r"\s*([-*_]\s*){3,}", line):
            kind = "ul" if bullet[1] else "ol"
            yield from _flush(paragraph, items if items and items[0] != kind else None)
            items = items if items and items[0] == kind else (kind, [])
            items[1].append(_inline(bullet[3]))
            continue
        special = _special(line)
        if special is not None or not line.strip():
            yield from _flush(paragraph, items)
            items = None
            if special:
                yield special
        elif items:
            items[1][-1] += f" {_inline(line.strip())}"
        else:
            paragraph.append(_inline(line))


def _flush(paragraph: list[str], items: tuple[str, list[str]] | None) -> Iterator[str]:
    if paragraph:
        whole = "<br>".join(paragraph)
        is_block = re.match(r"\s*</?(p|div|ul|ol|table|t[rdh]|h\d|blockquote|pre|dl)\b", whole)
        yield whole if is_block else f"<p>{whole}</p>"
        paragraph.clear()
    if items:
        yield f"<{items[0]}>{''.join(f'<li>{item}</li>' for item in items[1])}</{items[0]}>"


def _special(line: str) -> str | None:
    heading = re.match(r"(#{1,6})\s+(.*?)\s*#*$", line)
    if heading:
        level = len(heading[1])
        return f"<h{level}>{_inline(heading[2])}</h{level}>"
    if re.fullmatch(r"\s*([-*_]\s*){3,}", line):
        return "<hr>"
    quote = re.match(r">\s?(.*)", line)
    return f"<blockquote>{_inline(quote[1])}</blockquote>" if quote else None


def _inline(line: str) -> str:
    line = re.sub(r"`([^`]{1,400})`", lambda found: f"<code>{escape(found[1])}</code>", line)
    line = re.sub(r"\[([^\]\[]{1,400})\]\(([^()\s]{1,2000})\)", lambda f: f'<a href="{escape(f[2])}">{f[1]}</a>', line)
    line = re.sub(r"(\*\*|__)(?=\S)(.{1,400}?)(?<=\S)\1", r"<strong>\2</strong>", line)
    return re.sub(r"(?<![\w*])([*_])(?=[^\s*_])(.{1,400}?)(?<=[^\s*_])\1(?![\w*])", r"<em>\2</em>", line)
