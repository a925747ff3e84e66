"""The two sides of a document as a template prints them: company and client with requisites, heads and signers."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.documents import names, requisites

PERSON = {
    "last": "фамилия", "first": "имя", "middle": "отчество", "gender": "m, f или пусто", "position": "должность",
    "email": "почта", "phone": "телефон", "basis": "на основании чего действует (устава, доверенности № …)",
    "full": "Иванова Анна Петровна", "short": "Иванова А. П.", "initials": "А. П. Иванова",
    "genitive": "Ивановой Анны Петровны", "dative": "Ивановой Анне Петровне", "dative_short": "Ивановой А. П.",
    "position_genitive": "генерального директора", "position_dative": "генеральному директору",
    "acting": "действующего / действующей", "dear": "Уважаемый / Уважаемая", "salutation": "Анна Петровна",
    "named": "именуемый / именуемая", "is_female": "женщина (да/нет)",
}
PARTY = {
    "name": "краткое наименование", "full_name": "полное наименование", "inn": "ИНН", "kpp": "КПП или пусто",
    "ogrn": "ОГРН или ОГРНИП", "ogrn_label": "«ОГРН», «ОГРНИП», у иностранной «Рег. №»",
    "address": "адрес", "city": "город", "bik_label": "«БИК» или «SWIFT»",
    "phone": "телефон", "email": "почта", "site": "сайт", "bank": "банк", "bik": "БИК", "account": "расчетный счет",
    "corr_account": "корреспондентский счет", "inn_kpp": "ИНН … / КПП …", "head": PERSON,
    "introduction": "«ООО …, именуемое» для преамбулы", "represented": "«, в лице …, действующего на основании …»",
    "signs_as": "должность или статус под подписью", "details": "ИНН, КПП, адрес одной строкой",
    "is_legal": "организация", "is_foreign": "иностранная организация", "is_ip": "предприниматель",
    "is_person": "физическое лицо",
}
COMPANY = PARTY | {"accountant": PERSON}
CLIENT = PARTY | {"kind": "legal, ip, person, foreign", "passport": "паспортные данные (физическое лицо)"}
person = names.person


def company(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The issuing company: settings/company.yaml with ``head`` and ``accountant``."""
    head = names.person(facts.get("head") or facts.get("director"))
    return _party(facts, head) | {"accountant": names.person(facts.get("accountant"))}


def client(facts: Mapping[str, Any], contact: Mapping[str, Any]) -> dict[str, Any]:
    """The client: the signer is ``signer`` or ``head``, else the contact who may sign, else the contact in hand."""
    signer = facts.get("signer") or facts.get("head") or _signing(facts.get("contacts")) or contact
    party = _party(facts, names.person(signer))
    values = requisites.flat(facts)
    return party | {"kind": values.get("kind", "legal"), "passport": values.get("passport", "")}


def _signing(contacts: Any) -> Mapping[str, Any] | None:
    rows = contacts if isinstance(contacts, (list, tuple)) else ()
    return next((row for row in rows if isinstance(row, Mapping) and row.get("signs")), None)


def _party(facts: Mapping[str, Any], head: dict[str, Any]) -> dict[str, Any]:
    values = requisites.flat(facts)
    kind = values.get("kind", "legal")
    is_ip, is_person = kind == "ip", kind == "person"
    name = values.get("name", "")
    full_name = values.get("full_name") or name
    if (is_ip or is_person) and not head["last"]:
        head = names.person(_split(full_name))
    if is_ip and not full_name.lower().startswith("индивидуальный предприниматель"):
        full_name = f"Индивидуальный предприниматель {head['full'] or full_name}"
    kept = ("inn", "kpp", "ogrn", "address", "city", "phone", "email", "site", "bank", "bik", "account", "corr_account")
    party: dict[str, Any] = {key: values.get(key, "") for key in kept}
    party |= {
        "name": name or full_name,
        "full_name": full_name,
        "head": head,
        "ogrn_label": {"ip": "ОГРНИП", "foreign": "Рег.\u00a0№"}.get(kind, "ОГРН"),
        "bik_label": "SWIFT" if kind == "foreign" else "БИК",
        "is_foreign": kind == "foreign",
        "is_legal": not is_ip and not is_person,
        "is_ip": is_ip,
        "is_person": is_person,
    }
    party["inn_kpp"] = _listed(" / ", f"ИНН\u00a0{party['inn']}" if party["inn"] else "",
                               f"КПП\u00a0{party['kpp']}" if party["kpp"] else "")
    party["details"] = _listed(", ", party["name"], _listed(", ", *party["inn_kpp"].split(" / ")), party["address"])
    party["signs_as"] = "Индивидуальный предприниматель" if is_ip else "" if is_person else head["position"]
    party["introduction"], party["represented"] = _preamble(party, values)
    return party


def _preamble(party: Mapping[str, Any], values: Mapping[str, str]) -> tuple[str, str]:
    """Both halves of a party's place in a contract's first sentence, around its role."""
    head = party["head"]
    if party["is_person"]:
        passport = values.get("passport", "")
        return f"{head['full'] or party['full_name']}{', паспорт ' + passport if passport else ''}, {head['named']}", ""
    if party["is_ip"]:
        record = f" на основании записи в ЕГРИП, ОГРНИП {party['ogrn']}" if party["ogrn"] else ""
        acting = {"m": "действующий", "f": "действующая"}.get(head["gender"], "действующий(ая)")
        return f"{party['full_name']}, {head['named']}", f", {acting}{record}" if record else ""
    named = values.get("named") or "именуемое"
    if not head["last"]:
        return f"{party['full_name']}, {named}", ""
    basis = head["basis"] or "устава"
    who = " ".join(word for word in (head["position_genitive"], head["genitive"]) if word)
    who = _lower(who) if head["position"] else who
    return f"{party['full_name']}, {named}", f", в лице {who}, {head['acting']} на основании {_lower(basis)}"


def _lower(words: str) -> str:
    """«Генерального директора», «Устава» inside a sentence; an abbreviation (HR-директора) stays as it is."""
    return words[0].lower() + words[1:] if len(words) > 1 and words[1].islower() else words


def _split(full_name: str) -> dict[str, str]:
    words = [word for word in full_name.split() if word.lower() not in {"индивидуальный", "предприниматель", "ип"}]
    if len(words) not in {2, 3}:
        return {}
    return dict(zip(("last", "first", "middle"), words, strict=False))


def _listed(by: str, *words: str) -> str:
    return by.join(word for word in words if word)
