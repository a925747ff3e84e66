"""The knowledge base: items of nine kinds, their versions, and the search by stems of words (R179, R200, R262-R270).

An item is changed by making its next version; what stood before is in the log. Searching folds «ё» into «е», takes a
word in any of its forms and forgives a word that is not typed to its end.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import snowballstemmer
from sqlalchemy import ColumnElement, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from engine import access, audit
from engine.errors import Conflict, Invalid, NotFound, Text, WrongState, text
from engine.models import AuditEvent, Complaint, KnowledgeItem, KnowledgeStem, Product, table_of
from engine.work import Work

KINDS = (
    "faq", "case", "price_list", "service", "specification", "regulation", "project_template", "staff_document",
    "manual",
)  # fmt: skip
DRAFT, PUBLISHED, WITHDRAWN = "draft", "published", "withdrawn"
FIELDS = ("kind", "title", "body", "product_id", "segment", "file_id", "complaint_id")
LONGEST_TITLE, LONGEST_BODY, LONGEST_QUESTION = 200, 60_000, 4_000
IN_TITLE, MOST_WEIGHT = 6, 30
WORD = re.compile(r"[0-9a-zа-яё]+", re.IGNORECASE)
PREFIX = 3  # letters of an unfinished word that are worth looking for
MOST_WORDS = 60
SNIPPET = 110  # letters on either side of a hit
COMMON = frozenset(
    WORD.findall(
        "а без был была были было быть в вам вас весь во вот все вы где да для до его ее если есть еще же за и из или "
        "им их к как ко когда кто ли мне мы на нам нас не него нет ни но о об он она они от по под при с со так там то "
        "тот только ты у уже чего чем что чтобы эта эти это я the a an of to in is and or for on at it we you are be"
    )
)


@dataclass(frozen=True)
class Hit:
    """An item that was found. ``snippet``: its text around the words, ``marks``: where in it they stand."""

    item: KnowledgeItem
    score: float
    snippet: str = ""
    marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Version:
    """One version as the log has it."""

    number: int
    event: AuditEvent
    title: str
    body: str


def find(session: Session, item_id: int) -> KnowledgeItem:
    """Raises NotFound."""
    item = session.get(KnowledgeItem, item_id)
    if item is None:
        raise NotFound("There is no such item in the knowledge base.")
    return item


def create(work: Work, kind: str, title: str, body: str, *, status: str = DRAFT, **values: Any) -> KnowledgeItem:
    """Write a new item. ``values``: product_id, segment, file_id, complaint_id. Raises Forbidden, Invalid by field."""
    access.require(work, "knowledge.write")
    given = _given({"kind": kind, "title": title, "body": body, **values})
    _check(work.session, given)
    if status not in (DRAFT, PUBLISHED):
        raise Invalid("A new item is a draft or published.")
    item = KnowledgeItem(
        **given, status=status, version=1, created_by=work.actor.user_id, created_at=work.now, changed_at=work.now
    )
    work.session.add(item)
    work.session.flush()
    _index(work, item)
    _log(work, item, "knowledge.created", status=status)
    return item


def change(work: Work, item_id: int, version: int | None = None, **values: Any) -> KnowledgeItem:
    """Make the next version. ``version``: the one the writer began with. Raises Forbidden, NotFound, Invalid,
    Conflict when somebody else has changed it since."""
    access.require(work, "knowledge.write")
    item = find(work.session, item_id)
    if version is not None and version != item.version:
        raise Conflict("Somebody else has just changed this. Reload the page and look again.")
    stands = {key: getattr(item, key) for key in FIELDS}
    given = _given(stands | values)
    _check(work.session, given)
    if given == stands:
        return item
    for key, value in given.items():
        setattr(item, key, value)
    item.version += 1
    item.changed_at = work.now
    work.session.flush()
    _index(work, item)
    _log(work, item, "knowledge.changed")
    return item


def publish(work: Work, item_id: int) -> None:
    """Let everybody read it. Raises Forbidden, NotFound, WrongState."""
    _move(work, item_id, PUBLISHED, "knowledge.published")


def withdraw(work: Work, item_id: int) -> None:
    """Take it away from readers; it stays for its writers. Raises Forbidden, NotFound, WrongState."""
    _move(work, item_id, WITHDRAWN, "knowledge.withdrawn")


def search(
    session: Session, words: str = "", *, kind: str = "", product_id: int | None = None, segment: str = "",
    statuses: Collection[str] = (PUBLISHED,), limit: int = 100,
) -> list[Hit]:  # fmt: skip
    """Items in which every word occurs, the best first; without words the newest first."""
    where: list[ColumnElement[bool]] = [KnowledgeItem.status.in_(statuses)]
    where += [KnowledgeItem.kind == kind] if kind else []
    where += [KnowledgeItem.product_id == product_id] if product_id else []
    where += [KnowledgeItem.segment == segment] if segment else []
    wanted = _wanted(words)
    if not wanted:
        newest = select(KnowledgeItem).where(*where).order_by(KnowledgeItem.changed_at.desc(), KnowledgeItem.id.desc())
        return [Hit(item, 0.0, _beginning(item.body)) for item in session.scalars(newest.limit(limit))]
    scores = _scores(session, wanted)
    whole = {item_id: sum(found.values()) for item_id, found in scores.items() if len(found) == len(wanted)}
    if not whole:
        return []
    items = session.scalars(select(KnowledgeItem).where(KnowledgeItem.id.in_(list(whole)), *where)).all()
    ranked = sorted(items, key=lambda item: (-whole[item.id], item.id))[:limit]
    return [_hit(item, whole[item.id], wanted) for item in ranked]


def suggest(session: Session, text: str, *, product_id: int | None = None, limit: int = 5) -> list[Hit]:
    """What may help with a complaint or a deal described in free words: published items that share its rarer words,
    those about the same product before others (R179, R301)."""
    wanted = [(stem, stem) for stem in dict.fromkeys(stems(text[:LONGEST_QUESTION]))][:MOST_WORDS]
    scores = _scores(session, wanted, prefixes=False) if wanted else {}
    likely = {number: sum(found.values()) for number, found in scores.items() if len(found) >= min(2, len(wanted))}
    if not likely:
        return []
    query = select(KnowledgeItem).where(KnowledgeItem.id.in_(list(likely)), KnowledgeItem.status == PUBLISHED)
    items = session.scalars(query).all()
    bonus = {item.id: 1.5 if product_id and item.product_id == product_id else 1.0 for item in items}
    ranked = sorted(items, key=lambda item: (-likely[item.id] * bonus[item.id], item.id))[:limit]
    return [_hit(item, likely[item.id] * bonus[item.id], wanted) for item in ranked]


def versions(session: Session, item_id: int) -> list[Version]:
    """Every version, the newest first."""
    query = (
        select(AuditEvent)
        .where(
            audit.about(f"knowledge:{item_id}"),
            AuditEvent.type.in_(("knowledge.created", "knowledge.changed")),
        )
        .order_by(AuditEvent.id.desc())
    )
    return [
        Version(event.data["version"], event, event.data["title"], event.data["body"])
        for event in session.scalars(query)
    ]


def stems(words: str) -> list[str]:
    """The stems of all words that mean something."""
    found = (_stem(word) for word in _words(words))
    return [stem for stem in found if stem]


def _words(words: str) -> list[str]:
    return [word.lower().replace("ё", "е") for word in WORD.findall(words)]


@cache
def _stemmer(language: str) -> Any:
    return snowballstemmer.stemmer(language)


def _stem(word: str) -> str:
    """«договорах» -> «договор»; empty for words that stand everywhere."""
    if word in COMMON or len(word) < 2:
        return ""
    if word.isdigit():
        return word
    stem: str = _stemmer("english" if word.isascii() else "russian").stemWord(word)
    return stem.replace("ё", "е")


def _wanted(words: str) -> list[tuple[str, str]]:
    """Word and stem of what is looked for; words that stand everywhere are passed over unless there is nothing else."""
    pairs = [(word, _stem(word)) for word in dict.fromkeys(_words(words))][:MOST_WORDS]
    kept = [pair for pair in pairs if pair[1]]
    return kept or [(word, word) for word, _ in pairs]


def _scores(
    session: Session, wanted: Sequence[tuple[str, str]], *, prefixes: bool = True
) -> dict[int, dict[str, float]]:
    """By item, how much each of the words weighs in it: often there, seldom elsewhere; an unfinished word half."""
    sought: list[ColumnElement[bool]] = [KnowledgeStem.stem.in_([stem for _, stem in wanted])]
    if prefixes:
        sought += [KnowledgeStem.stem.startswith(stem, autoescape=True) for _, stem in wanted if len(stem) >= PREFIX]
    rows = session.execute(
        select(KnowledgeStem.item_id, KnowledgeStem.stem, KnowledgeStem.weight).where(or_(*sought))
    ).all()
    count = session.scalar(select(func.count()).select_from(KnowledgeItem)) or 1
    spread = Counter(stem for _, stem, _ in rows)
    found: dict[int, dict[str, float]] = {}
    for word, sought_stem in wanted:
        for item_id, stem, weight in rows:
            exact = stem == sought_stem
            if exact or (prefixes and len(sought_stem) >= PREFIX and stem.startswith(sought_stem)):
                worth = math.sqrt(weight) * math.log(1 + count / spread[stem]) * (1.0 if exact else 0.5)
                own = found.setdefault(item_id, {})
                own[word] = max(own.get(word, 0.0), worth)
    return found


def _hit(item: KnowledgeItem, score: float, wanted: Sequence[tuple[str, str]]) -> Hit:
    """The text around the first place where most of the words meet."""
    plain = _plain(item.body)
    places = [match.span() for match in WORD.finditer(plain) if _means(match[0], wanted)]
    if not places:
        return Hit(item, score, _beginning(item.body))
    best = max(places, key=lambda place: sum(abs(other[0] - place[0]) < SNIPPET for other in places))
    start, end = max(0, best[0] - SNIPPET), min(len(plain), best[1] + SNIPPET)
    start = plain.find(" ", start, best[0]) + 1 if start else 0
    end = plain.rfind(" ", best[1], end) if end < len(plain) and plain.rfind(" ", best[1], end) > 0 else end
    shift = start - (2 if start else 0)
    shown = ("… " if start else "") + plain[start:end] + (" …" if end < len(plain) else "")
    marks = tuple((a - shift, b - shift) for a, b in places if a >= start and b <= end)
    return Hit(item, score, shown, marks)


def _means(word: str, wanted: Sequence[tuple[str, str]]) -> bool:
    stem = _stem(word.lower().replace("ё", "е"))
    return any(stem == sought or (len(sought) >= PREFIX and stem.startswith(sought)) for _, sought in wanted)


def _plain(body: str) -> str:
    """Markdown without its marks, on one line."""
    bare = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", body)
    return " ".join(re.sub(r"[#*_`>|]+|^\s*[-+]\s|-{3,}", " ", bare, flags=re.MULTILINE).split())


def _beginning(body: str) -> str:
    plain = _plain(body)
    return plain if len(plain) <= 2 * SNIPPET else plain[: plain.rfind(" ", 0, 2 * SNIPPET)] + " …"


def _index(work: Work, item: KnowledgeItem) -> None:
    weights = Counter(stems(item.body))
    for stem in stems(item.title):
        weights[stem] += IN_TITLE
    work.session.execute(delete(KnowledgeStem).where(KnowledgeStem.item_id == item.id))
    rows = [{"item_id": item.id, "stem": stem[:60], "weight": min(n, MOST_WEIGHT)} for stem, n in weights.items()]
    if rows:
        work.session.execute(insert(table_of(KnowledgeStem)), list({row["stem"]: row for row in rows}.values()))


def _move(work: Work, item_id: int, status: str, event: str) -> None:
    access.require(work, "knowledge.write")
    item = find(work.session, item_id)
    if item.status == status:
        raise WrongState("«{title}» is in this state already.", title=item.title)
    before, item.status, item.changed_at = item.status, status, work.now
    audit.record(work, event, subject=f"knowledge:{item.id}", status=[before, status], version=item.version)


def _log(work: Work, item: KnowledgeItem, event: str, **more: Any) -> None:
    """The whole text goes into the log: that is where earlier versions are read."""
    audit.record(
        work, event, subject=f"knowledge:{item.id}", version=item.version, kind=item.kind, title=item.title,
        body=item.body, **more,
    )  # fmt: skip


def _given(values: dict[str, Any]) -> dict[str, Any]:
    unknown = set(values) - set(FIELDS)
    if unknown:
        raise Invalid("An item has no field {name}.", name=min(unknown))
    trimmed = {key: value.strip() if isinstance(value, str) else value for key, value in values.items()}
    return {key: (trimmed.get(key) or None) if key not in ("title", "body") else trimmed[key] for key in FIELDS}


def _check(session: Session, given: dict[str, Any]) -> None:
    faults: dict[str, Text] = {}
    if given["kind"] not in KINDS:
        faults["kind"] = text("Choose a kind.")
    if not given["title"] or len(given["title"]) > LONGEST_TITLE:
        faults["title"] = text("A title has from 1 to {limit} characters.", limit=LONGEST_TITLE)
    if not (given["body"] or given["file_id"]) or len(given["body"]) > LONGEST_BODY:
        faults["body"] = text("Write the text or attach a file; at most {limit} characters.", limit=LONGEST_BODY)
    if given["product_id"] and session.get(Product, given["product_id"]) is None:
        faults["product_id"] = text("Choose from the list")
    if given["complaint_id"] and session.get(Complaint, given["complaint_id"]) is None:
        faults["complaint_id"] = text("Choose from the list")
    if faults:
        raise Invalid("The item cannot be saved yet.", fields=faults)
