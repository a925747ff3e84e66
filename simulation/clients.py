"""Companies that come to the demo company in a year: invented, with numbers whose check digits hold."""
from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from engine.documents import requisites

ADJECTIVES = (
    "Северный", "Невский", "Балтийский", "Уральский", "Волжский", "Сибирский", "Донской", "Онежский", "Полевой",
    "Городской", "Первый", "Новый", "Светлый", "Каменный", "Речной", "Озёрный", "Лесной", "Морской", "Степной", "Южный",
)  # fmt: skip
NOUNS = (
    "комбинат", "завод", "торговый дом", "центр снабжения", "проект", "склад", "формат", "стандарт", "маршрут",
    "ресурс", "альянс", "квартал", "терминал", "цех", "дом мебели", "сад", "пекарь", "мастер", "колледж",
)  # fmt: skip
CITIES = (
    ("Санкт-Петербург", "7810", "190000, г. Санкт-Петербург, наб. реки Мойки"),
    ("Москва", "7707", "127006, г. Москва, ул. Долгоруковская"),
    ("Екатеринбург", "6671", "620014, г. Екатеринбург, ул. Радищева"),
    ("Казань", "1655", "420111, г. Казань, ул. Московская"),
    ("Нижний Новгород", "5260", "603000, г. Нижний Новгород, ул. Ильинская"),
)
LAST = (
    "Иванов", "Смирнов", "Кузнецов", "Попов", "Васильев", "Новиков", "Фёдоров", "Морозов", "Волков", "Алексеев",
    "Лебедев", "Семёнов", "Егоров", "Павлов", "Козлов", "Степанов", "Николаев", "Орлов", "Андреев", "Макаров",
)  # fmt: skip
MEN = (("Алексей", "Петрович"), ("Сергей", "Иванович"), ("Дмитрий", "Олегович"), ("Михаил", "Юрьевич"),
       ("Антон", "Андреевич"), ("Роман", "Викторович"))  # fmt: skip
WOMEN = (("Ольга", "Сергеевна"), ("Елена", "Павловна"), ("Ирина", "Алексеевна"), ("Наталья", "Игоревна"),
         ("Мария", "Дмитриевна"), ("Светлана", "Андреевна"))  # fmt: skip
POSITIONS = ("генеральный директор", "коммерческий директор", "директор по развитию", "руководитель отдела закупок")
PROFILES: tuple[dict[str, Any], ...] = (
    {"activity": "Производство", "branches": True, "staff": 1400},
    {"activity": "Производство", "branches": False, "staff": 90},
    {"activity": "Торговля", "branches": True, "staff": 2100, "customers": "юр. лица"},
    {"activity": "Торговля", "branches": False, "staff": 120},
    {"activity": "Общепит", "branches": True, "staff": 700},
    {"activity": "Обучение", "branches": False, "staff": 260, "founded": 1996},
    {"activity": "Услуги", "branches": False, "staff": 40},
    {"activity": "Производство", "branches": False, "staff": 400},
)


def company(dice: random.Random, number: int, kind: str | None = None, home: str | None = None) -> dict[str, Any]:
    """One client as ``engine.crm.clients.create_client`` takes it, with a contact under ``person``.
    ``home``: its city."""
    kind = kind or dice.choices(("legal", "ip", "person"), (90, 8, 2))[0]
    if kind == "person":
        return _private(dice, number)
    is_sole = kind == "ip"
    city, tax_office, street = next((one for one in CITIES if one[0] == home), None) or dice.choice(CITIES)
    title = f"{dice.choice(ADJECTIVES)} {dice.choice(NOUNS)}"
    person = _person(dice, number)
    surname = f"{person['last']} {person['first']} {person['middle']}"
    name = f"ИП {surname}" if is_sole else f"ООО «{title} {number}»"
    long = f"Индивидуальный предприниматель {surname}" if is_sole else (
        f"Общество с ограниченной ответственностью «{title} {number}»"
    )  # fmt: skip
    return {
        "kind": "ip" if is_sole else "legal",
        "name": name,
        "full_name": long,
        "inn": _fit(dice, tax_office, 12 if is_sole else 10, requisites.inn_valid),
        "kpp": None if is_sole else f"{tax_office}01001",
        "ogrn": _fit(dice, "320" if is_sole else "118", 15 if is_sole else 13,
                     requisites.ogrnip_valid if is_sole else requisites.ogrn_valid),
        "address": f"{street}, д. {dice.randint(1, 90)}",
        "city": city,
        "territory": city,
        "bank": "Северо-Западный банк ПАО «Образцовый банк»",
        "bik": "044030998",
        "account": _fit(dice, "40702810", 20, lambda digits: requisites.account_valid(digits, "044030998")),
        "corr_account": "30101810100000000998",
        "phone": f"+7 812 {dice.randint(300, 699)}-{number // 100:02}-{number % 100:02}",
        "email": f"office{number}@client{number}.example.test",
        "profile": dict(dice.choice(PROFILES)),
        "person": person,
    }  # fmt: skip


def _private(dice: random.Random, number: int) -> dict[str, Any]:
    person = _person(dice, number)
    full = f"{person['last']} {person['first']} {person['middle']}"
    return {
        "kind": "person", "name": full, "full_name": full, "address": f"{CITIES[0][2]}, д. {dice.randint(1, 90)}",
        "city": CITIES[0][0], "territory": CITIES[0][0], "phone": person["phone"],
        "email": person["email"], "inn": None,
        "passport": f"40 {dice.randint(10, 23)} {dice.randint(100000, 999999)}", "profile": dict(PROFILES[-2]),
        "person": person,
    }  # fmt: skip


def _person(dice: random.Random, number: int) -> dict[str, Any]:
    is_woman = dice.random() < 0.45
    first, middle = dice.choice(WOMEN if is_woman else MEN)
    last = dice.choice(LAST) + ("а" if is_woman else "")
    return {
        "last": last, "first": first, "middle": middle, "gender": "f" if is_woman else "m",
        "position": dice.choice(POSITIONS), "email": f"contact{number}@client{number}.example.test",
        "phone": f"+7 921 {dice.randint(100, 999)}-{number // 100:02}-{number % 100:02}",
        "signs": True, "basis": "Устава",
    }  # fmt: skip


def _fit(dice: random.Random, beginning: str, length: int, holds: Callable[[str], bool]) -> str:
    """Random digits after a beginning, until the check digits hold."""
    while True:
        digits = beginning + "".join(str(dice.randrange(10)) for _ in range(length - len(beginning)))
        if holds(digits):
            return digits
