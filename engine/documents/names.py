"""People's names and positions in the genitive («в лице …») and the dative (addressees), participles by gender.

A machine declines most names rightly, never all: every person may carry ``genitive``, ``dative``,
``position_genitive``, ``position_dative``, and then those words are printed as they are.
"""
from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

import pymorphy3
from pytrovich.detector import PetrovichGenderDetector
from pytrovich.enums import Case, Gender, NamePart
from pytrovich.maker import PetrovichDeclinationMaker

KEPT = 2000  # answers that are remembered: declining one position costs as much as reading ten rows
NBSP = "\u00a0"
CASES = {"genitive": (Case.GENITIVE, "gent"), "dative": (Case.DATIVE, "datv")}
NOUN_SURNAMES = frozenset({"щербина", "калина", "малина", "рябина", "былина", "година", "долина", "вершина"})
IRREGULAR = {("заяц", "genitive"): "зайца", ("заяц", "dative"): "зайцу"}
GENDERS = {"m": Gender.MALE, "f": Gender.FEMALE}


@cache
def _morphology() -> pymorphy3.MorphAnalyzer:
    return pymorphy3.MorphAnalyzer()


@cache
def _maker() -> PetrovichDeclinationMaker:
    return PetrovichDeclinationMaker()


@cache
def _detector() -> Any:
    return PetrovichGenderDetector()


@lru_cache(KEPT)
def gender_of(last: str, first: str = "", middle: str = "") -> str | None:
    """``m``, ``f``, or None when the name does not tell («Саша», a bare «Черных»): then a person must say."""
    parts = {"lastname": last.title(), "firstname": first.title(), "middlename": middle.title()}
    if not any(parts.values()):
        return None
    detected: Gender | None = _detector().detect(**{key: value for key, value in parts.items() if value})
    return "m" if detected is Gender.MALE else "f" if detected is Gender.FEMALE else None


@lru_cache(KEPT)
def name_in(case: str, last: str, first: str = "", middle: str = "", gender: str | None = None) -> str:
    """«Щербины Анны Петровны»: the full name in ``genitive`` or ``dative``, capitals as they were given."""
    known = gender or gender_of(last, first, middle)
    pieces = zip((NamePart.LASTNAME, NamePart.FIRSTNAME, NamePart.MIDDLENAME), (last, first, middle), strict=True)
    return " ".join(_decline(kind, word.strip(), case, known) for kind, word in pieces if word and word.strip())


def _decline(kind: NamePart, word: str, case: str, gender: str | None) -> str:
    if gender is None or len(word.rstrip(".")) < 2:
        return word
    low = word.lower()
    if gender == "m" and (low, case) in IRREGULAR:
        return _like(word, IRREGULAR[low, case])
    # a woman Калина is declined as the berry, not as the wife of a Калин
    rules = GENDERS["m"] if kind is NamePart.LASTNAME and low in NOUN_SURNAMES else GENDERS[gender]
    return _like(word, str(_maker().make(kind, rules, CASES[case][0], low)))


@lru_cache(KEPT)
def position_in(case: str, position: str) -> str:
    """«генерального директора», «исполняющего обязанности директора»: the head word and what agrees with it.

    What depends on the head («отдела закупок», «по развитию») stays; after «и» a second head is declined too.
    """
    words = position.split()
    done: list[str] = []
    agreeing = True
    for place, word in enumerate(words):
        if word.lower() in {"и", "/", "-", "–"}:
            agreeing = True
            done.append(word)
            continue
        if not agreeing:
            done.append(word)
            continue
        declined, agreeing = _decline_position(word, words[place + 1] if place + 1 < len(words) else "", case)
        done.append(declined)
    return " ".join(done)


def _decline_position(word: str, following: str, case: str) -> tuple[str, bool]:
    """The declined word, and whether the next one agrees with it."""
    bare = word.rstrip(",;")
    readings = _nominative(bare)
    modifier = next((reading for reading in readings if reading.tag.POS in {"ADJF", "PRTF"}), None)
    noun = next((reading for reading in readings if reading.tag.POS == "NOUN"), None)
    if modifier is not None and _agrees(modifier, following):
        return _inflect(word, bare, modifier, case), True
    head = noun or modifier
    if head is None:
        return word, False
    return _inflect(word, bare, head, case), word.endswith(",")


def _nominative(word: str) -> list[Any]:
    return [r for r in _morphology().parse(word) if "nomn" in r.tag and "plur" not in r.tag]


def _agrees(modifier: Any, following: str) -> bool:
    return any(
        reading.tag.POS in {"NOUN", "ADJF", "PRTF"} and reading.tag.gender == modifier.tag.gender
        for reading in _nominative(following.rstrip(",;"))
    )


def _inflect(word: str, bare: str, reading: Any, case: str) -> str:
    found = reading.inflect({CASES[case][1], "sing"}) if "Fixd" not in reading.tag else None
    return word if found is None else _like(bare, found.word) + word[len(bare) :]


def _like(pattern: str, word: str) -> str:
    """``word`` with the capitals of ``pattern``: all, each part of a double name, or only the common beginning."""
    if len(pattern) > 1 and pattern.isupper():
        return word.upper()
    same = 0
    while same < min(len(pattern), len(word)) and pattern[same].lower() == word[same].lower():
        same += 1
    tail = word[same:]
    return pattern[:same] + ("-".join(p.capitalize() if i else p for i, p in enumerate(tail.split("-"))))


def person(facts: Mapping[str, Any] | None) -> dict[str, Any]:
    """Everything a template may print of a person; empty words for what is not known.

    ``facts``: last, first, middle, gender, position, email, phone, basis and the overrides named above.
    """
    given = {key: str(value).strip() for key, value in (facts or {}).items() if isinstance(value, str)}
    last, first, middle = given.get("last", ""), given.get("first", ""), given.get("middle", "")
    gender = given.get("gender") or (gender_of(last, first, middle) if last else None) or ""
    position = given.get("position", "")
    female = gender == "f"
    initials = NBSP.join(f"{word[0].upper()}." for word in (first, middle) if word)
    return {
        "last": last,
        "first": first,
        "middle": middle,
        "gender": gender,
        "position": position,
        "email": given.get("email", ""),
        "phone": given.get("phone", ""),
        "basis": given.get("basis", ""),
        "full": " ".join(word for word in (last, first, middle) if word),
        "short": NBSP.join(word for word in (last, initials) if word),
        "initials": NBSP.join(word for word in (initials, last) if word),
        "genitive": given.get("genitive") or name_in("genitive", last, first, middle, gender or None),
        "dative": given.get("dative") or name_in("dative", last, first, middle, gender or None),
        "dative_short": _dative_short(given, last, initials, gender or None),
        "position_genitive": given.get("position_genitive") or position_in("genitive", position),
        "position_dative": given.get("position_dative") or position_in("dative", position),
        "acting": _by_gender(gender, "действующего", "действующей"),
        "dear": _by_gender(gender, "Уважаемый", "Уважаемая"),
        "salutation": " ".join(word for word in (first, middle) if word),
        "named": _by_gender(gender, "именуемый", "именуемая"),
        "is_female": female,
    }


def _dative_short(given: Mapping[str, str], last: str, initials: str, gender: str | None) -> str:
    surname = given["dative"].split()[0] if given.get("dative") else name_in("dative", last, gender=gender)
    return NBSP.join(word for word in (surname, initials) if word)


def _by_gender(gender: str, male: str, female: str) -> str:
    if gender == "f":
        return female
    if gender == "m":
        return male
    short = {"действующего": "действующего(ей)", "Уважаемый": "Уважаемый(ая)", "именуемый": "именуемый(ая)"}
    return short[male]
