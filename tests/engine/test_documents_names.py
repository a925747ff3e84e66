"""Names and positions in the cases that documents need."""
from __future__ import annotations

import pytest

from engine.documents import names


@pytest.mark.parametrize(
    ("last", "first", "middle", "genitive", "dative"),
    [
        ("Громова", "Елена", "Викторовна", "Громовой Елены Викторовны", "Громовой Елене Викторовне"),
        ("Черных", "Ольга", "Ильинична", "Черных Ольги Ильиничны", "Черных Ольге Ильиничне"),
        ("Римский-Корсаков", "Николай", "Андреевич", "Римского-Корсакова Николая Андреевича",
         "Римскому-Корсакову Николаю Андреевичу"),
        ("Жук", "Ирина", "Львовна", "Жук Ирины Львовны", "Жук Ирине Львовне"),
        ("Жук", "Иван", "Львович", "Жука Ивана Львовича", "Жуку Ивану Львовичу"),
        ("Чайка", "Юрий", "Яковлевич", "Чайки Юрия Яковлевича", "Чайке Юрию Яковлевичу"),
        ("Мамедов", "Рашид", "Али оглы", "Мамедова Рашида Али оглы", "Мамедову Рашиду Али оглы"),
        ("Щербина", "Анна", "Петровна", "Щербины Анны Петровны", "Щербине Анне Петровне"),
        ("ЩЕРБИНА", "АННА", "ПЕТРОВНА", "ЩЕРБИНЫ АННЫ ПЕТРОВНЫ", "ЩЕРБИНЕ АННЕ ПЕТРОВНЕ"),
        ("Заяц", "Лев", "Игоревич", "Зайца Льва Игоревича", "Зайцу Льву Игоревичу"),
        ("Шевченко", "Вероника", "Олеговна", "Шевченко Вероники Олеговны", "Шевченко Веронике Олеговне"),
    ],
)  # fmt: skip
def test_names_are_declined_and_keep_their_capitals(
    last: str, first: str, middle: str, genitive: str, dative: str
) -> None:
    shown = names.person({"last": last, "first": first, "middle": middle})
    assert (shown["genitive"], shown["dative"]) == (genitive, dative)


@pytest.mark.parametrize(
    ("position", "genitive"),
    [
        ("генеральный директор", "генерального директора"),
        ("исполняющий обязанности директора", "исполняющего обязанности директора"),
        ("заместитель генерального директора по финансам", "заместителя генерального директора по финансам"),
        ("начальник отдела закупок", "начальника отдела закупок"),
        ("заведующая отделением", "заведующей отделением"),
        ("управляющий партнёр", "управляющего партнёра"),
        ("старший менеджер", "старшего менеджера"),
        ("HR-директор", "HR-директора"),
        ("директор и главный бухгалтер", "директора и главного бухгалтера"),
        ("врио директора", "врио директора"),
        ("", ""),
    ],
)
def test_of_a_position_the_head_and_what_agrees_with_it_are_declined(position: str, genitive: str) -> None:
    assert names.position_in("genitive", position) == genitive


def test_participles_follow_the_gender_and_an_unknown_one_leaves_both_endings() -> None:
    assert names.person({"last": "Громова", "first": "Елена"})["acting"] == "действующей"
    assert names.person({"last": "Жук", "first": "Иван"})["acting"] == "действующего"
    assert names.person({"last": "Ким", "first": "Саша"})["acting"] == "действующего(ей)"


def test_words_given_by_a_person_are_printed_as_they_are() -> None:
    shown = names.person({"last": "Ким", "first": "Ир Сен", "gender": "m", "genitive": "Ким Ир Сена",
                          "position": "глава", "position_dative": "Главе"})  # fmt: skip
    assert (shown["genitive"], shown["position_dative"]) == ("Ким Ир Сена", "Главе")


def test_initials_hold_together_and_an_empty_person_is_empty_words() -> None:
    assert names.person({"last": "Чайка", "first": "Ольга", "middle": "Ильинична"})["short"] == "Чайка\u00a0О.\u00a0И."
    assert names.person(None)["full"] == ""
