"""The sections a procedure fills: meeting, offer, service, terms, survey, refund, complaint, debt … Defaults, shapes,
leniency.

The schema is built from the same table as the values, so that a name cannot be in one and not in the other.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from engine.documents import balances, dates, names
from engine.documents.money import kopecks, words
from engine.documents.parties import PERSON

Shape = Callable[[Any], Any]
CHANNELS = {
    "phone": "по телефону", "mail": "по электронной почте", "email": "по электронной почте", "letter": "письмом",
    "post": "почтой", "meeting": "на встрече", "visit": "в офисе", "site": "через сайт", "web": "через сайт",
    "messenger": "в мессенджере", "survey": "в анкете", "social": "в социальной сети",
}
VERDICTS = {
    "granted": "Ваше требование удовлетворено", "partly": "Ваше требование удовлетворено частично",
    "refused": "В удовлетворении Вашего требования отказано", "justified": "Жалоба признана обоснованной",
    "partly_justified": "Жалоба признана частично обоснованной", "unjustified": "Жалоба признана необоснованной",
    "not_justified": "Жалоба признана необоснованной",
    "not_ours": "Вопрос не относится к услугам нашей компании",
}


def as_date(value: Any) -> date | None:
    """A day out of a date, a moment or ISO text; None for anything else."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) and value else None
    except ValueError:
        return None


def _text(value: Any) -> str:
    if isinstance(value, (time, datetime)):
        return f"{value:%H:%M}"
    return "" if value is None else str(value).strip()


def _texts(value: Any) -> list[str]:
    """A list of texts; of one text, its lines."""
    rows = value.splitlines() if isinstance(value, str) else value if isinstance(value, (list, tuple)) else ()
    plain = [row.get("text") or row.get("name") if isinstance(row, Mapping) else row for row in rows]
    found = [_text(row) for row in plain]
    return [row.lstrip("-–—• ").strip() for row in found if row]


def _people(value: Any) -> list[dict[str, Any]]:
    """Persons with positions; a plain text is kept as the name."""
    rows = value.splitlines() if isinstance(value, str) else value if isinstance(value, (list, tuple)) else ()
    people = []
    for row in rows:
        one = names.person(row if isinstance(row, Mapping) else {})
        plain = _text(row.get("name")) if isinstance(row, Mapping) else _text(row)
        if plain and not one["full"]:
            one |= {"full": plain, "short": plain, "initials": plain}
        if one["full"]:
            people.append(one)
    return people


def _one(value: Any) -> dict[str, Any]:
    """One person; a plain text is the name."""
    people = _people([value] if value else ())
    return people[0] if people else names.person({})


def _when(value: Any) -> str:
    """A term as people write it: a date in figures, else the words themselves («10 рабочих дней»)."""
    day = as_date(value) if not isinstance(value, str) or len(value) == len("2026-11-21") else None
    return dates.date_short(day) if day is not None else _text(value)


def _said(words_of: Mapping[str, str]) -> Shape:
    """A code of a procedure in the words of a document; words stay as they are."""
    return lambda value: words_of.get(_text(value), _text(value))


def _integer(value: Any) -> int:
    try:
        return int(Decimal(str(value)))
    except ArithmeticError:
        return 0


def _money(value: Any) -> Decimal:
    try:
        return kopecks(Decimal(str(value)))
    except (ArithmeticError, TypeError):
        return kopecks(0)


def _rows(**columns: Shape) -> Shape:
    """A table: each row a dict with these columns; a plain text fills the first one."""
    first = next(iter(columns))

    def read(value: Any) -> list[dict[str, Any]]:
        rows = value.splitlines() if isinstance(value, str) else value if isinstance(value, (list, tuple)) else ()
        found = [row if isinstance(row, Mapping) else {first: row} for row in rows]
        return [{name: shape(row.get(name)) for name, shape in columns.items()} for row in found if row.get(first)]

    read.__dict__["columns"] = columns
    return read


SECTIONS: dict[str, dict[str, tuple[Shape, str]]] = {
    "meeting": {
        "date": (as_date, "дата встречи"), "starts": (_text, "начало"), "ends": (_text, "окончание"),
        "place": (_text, "место или ссылка"), "subject": (_text, "тема"), "agenda": (_texts, "пункт повестки"),
        "ours": (_people, ""), "theirs": (_people, ""), "needs": (_texts, "потребность клиента"),
        "plans": (_texts, "план клиента"), "event": (_texts, "параметр мероприятия"),
        "decisions": (_texts, "решение"),
        "tasks": (_rows(what=_text, who=_text, due=as_date), ""),
        "next_step": (_text, "следующий шаг"), "next_date": (as_date, "дата следующего шага"),
        "remarks_until": (as_date, "замечания принимаются до"), "attachments": (_texts, "приложение"),
    },
    "offer": {
        "need": (_texts, "абзац: задача клиента, как мы ее поняли"), "solution": (_texts, "абзац: что предлагаем"),
        "options": (_rows(name=_text, price=_money), ""), "delivery": (_texts, "условие оказания"),
        "excluded": (_texts, "что не входит"), "guarantees": (_texts, "гарантия"),
        "team": (_people, ""), "plan": (_rows(step=_text, due=_text, who=_text), ""),
        "public": (bool, "публичная оферта (да/нет)"), "note": (_text, "примечание"),
    },
    "service": {
        "subject": (_text, "какие услуги"), "starts": (as_date, "начало оказания"), "ends": (as_date, "окончание"),
        "place": (_text, "место оказания"), "note": (_text, "примечание к принятым услугам"),
    },
    "terms": {
        "payment_days": (_integer, "дней на оплату"), "acceptance_days": (_integer, "дней на приемку"),
        "claim_days": (_integer, "дней на ответ на претензию"), "penalty": (_text, "пеня, % в день"),
        "penalty_limit": (_text, "предел пени, %"), "notice_days": (_integer, "дней на уведомление об отказе"),
        "ends": (as_date, "договор действует до"), "court": (_text, "суд"), "edo": (_text, "оператор ЭДО"),
        "special": (_texts, "особое условие"),
    },
    "survey": {
        "product": (_text, "что оценивается"), "questions": (_texts, "вопрос со шкалой 1-5"),
        "open_question": (_text, "открытый вопрос"), "until": (as_date, "вернуть до"), "link": (_text, "ссылка"),
        "anonymous": (bool, "без имени (да/нет)"),
    },
    "refund": {
        "ground": (_text, "основание"), "ends": (as_date, "дата прекращения"),
        "payments": (_rows(name=_text, sum=_money), ""), "expenses": (_rows(name=_text, proof=_text, sum=_money), ""),
        "days": (_integer, "дней на возврат"), "request": (_text, "обращение заказчика: номер и дата"),
        "reduction": (bool, "принятые услуги стоят меньше, договор не расторгается (да/нет)"),
        "accepted": (_text, "документ о приемке услуг"),
    },
    "complaint": {
        "number": (_text, "номер регистрации жалобы"), "received_on": (as_date, "дата поступления"),
        "channel": (_said(CHANNELS), "«по телефону», «на встрече»"), "essence": (_texts, "абзац: суть обращения"),
        "demand": (_texts, "требование клиента"), "responsible": (_one, ""),
        "answer_until": (as_date, "ответ будет дан до"), "incoming": (_text, "номер и дата письма самого клиента"),
    },
    "reply": {
        "facts": (_texts, "абзац: что установлено"), "decision": (_said(VERDICTS), "решение по требованию"),
        "grounds": (_texts, "основание решения"), "remedy": (_texts, "что делаем для клиента"),
        "term": (_when, "срок, дата или слова"), "process_change": (_texts, "что меняем в работе"),
        "appeal": (_text, "куда обратиться при несогласии"),
    },
    "debt": {
        "items": (_rows(name=_text, due=as_date, sum=_money, paid=_money), ""), "until": (as_date, "погасить до"),
        "penalty": (_text, "пеня, % в день"), "penalty_limit": (_text, "предел пени, %"),
        "earlier": (_texts, "прежнее напоминание: когда и как"), "court": (_text, "суд"),
    },
    "reconciliation": {
        "starts": (as_date, "начало периода"), "ends": (as_date, "конец периода"),
        "opening": (_money, "сальдо на начало: больше нуля — долг клиента"),
        "rows": (_rows(date=as_date, name=_text, debit=_money, credit=_money), ""),
    },
    "consent": {
        "purposes": (_texts, "цель"), "data": (_texts, "какие данные"), "actions": (_texts, "действие с данными"),
        "channels": (_texts, "способ связи"), "term": (_text, "срок действия"), "text_version": (_text, "редакция"),
        "withdraw": (_text, "как отозвать"),
    },
    "annex": {
        "steps": (_rows(step=_text, due=_when, who=_text, result=_text), ""), "note": (_text, "примечание"),
    },
    "disagreement": {
        "items": (_rows(clause=_text, client=_text, company=_text, agreed=_text), ""),
    },
}
COMPUTED: dict[str, dict[str, str]] = {
    "refund": {
        "paid": "оплачено всего", "paid_words": "прописью", "spent": "расходы всего", "spent_words": "прописью",
        "sum": "к возврату", "words": "к возврату прописью",
        "vat": "налог в сумме возврата", "vat_line": "строка о налоге",
    },
    "debt": balances.DEBT,
    "reconciliation": balances.RECONCILIATION,
}
SPECIAL = {"debt": {"items": [balances.ITEM]}}


def _described(shape: Shape, says: str) -> Any:
    if shape is _texts:
        return [says]
    if shape is _people:
        return [PERSON]
    if shape is _one:
        return PERSON
    columns = getattr(shape, "columns", None)
    return [dict.fromkeys(columns, "столбец")] if columns else says


SCHEMA: dict[str, Any] = {
    section: {name: _described(*field) for name, field in fields.items()}
    | COMPUTED.get(section, {}) | SPECIAL.get(section, {})
    for section, fields in SECTIONS.items()
}


def build(settings: Mapping[str, Any], data: Mapping[str, Any], dated: date) -> dict[str, Any]:
    """All sections; empty where nobody says anything.

    A field ``meeting.place`` is taken from ``data["meeting"]["place"]``, else from ``data["meeting_place"]``, else from
    the variable that the kind's ``from`` names for it, else from the kind's ``defaults`` (settings/documents.yaml).
    """
    defaults, sources = settings.get("defaults") or {}, settings.get("from") or {}
    built: dict[str, Any] = {}
    for section, fields in SECTIONS.items():
        supplied = data.get(section)
        given = supplied if isinstance(supplied, Mapping) else {}
        kept = defaults.get(section) or {}
        built[section] = {
            name: shape(
                _first(
                    given.get(name), data.get(f"{section}_{name}"),
                    data.get(sources.get(f"{section}.{name}", "")), kept.get(name),
                )
            )
            for name, (shape, _) in fields.items()
        }
    built["meeting"]["date"] = built["meeting"]["date"] or dated
    return built


def _first(*values: Any) -> Any:
    return next((value for value in values if value not in (None, "", [], ())), None)


def settle(refund: dict[str, Any], agreed: Any = None) -> None:
    """Add up a refund: what was paid less what was spent, or the sum that was ``agreed``."""
    paid = sum((row["sum"] for row in refund["payments"]), kopecks(0))
    spent = sum((row["sum"] for row in refund["expenses"]), kopecks(0))
    back = _money(agreed) if agreed is not None else max(paid - spent, kopecks(0))
    refund |= {
        "paid": paid, "paid_words": words(paid), "spent": spent, "spent_words": words(spent),
        "sum": back, "words": words(back),
    }
