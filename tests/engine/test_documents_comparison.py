"""The words of a document and what changed in them between two versions."""
from __future__ import annotations

from pathlib import Path

import pytest

from engine.documents.comparison import Line, compare
from engine.documents.wording import Block, blocks
from engine.errors import Invalid
from tests.engine.docx_files import docx

CONTRACT = (Path(__file__).resolve().parents[2] / "documents" / "sale" / "contract.docx").read_bytes()


def paragraphs(*texts: str) -> tuple[Block, ...]:
    return tuple(Block((text,)) for text in texts)


def told(line: Line) -> str:
    """«Цена [-100-]{+200+} руб.»"""
    marks = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return " | ".join("".join(marks[piece.kind].format(piece.text) for piece in cell) for cell in line.cells)


def changes(old: tuple[Block, ...], new: tuple[Block, ...]) -> list[str]:
    return [told(line) for line in compare(old, new).lines if line.kind != "same"]


def test_paragraphs_and_rows_of_tables_come_in_reading_order() -> None:
    found = blocks(docx("Первый", "Второй", cell="В таблице"))
    assert [block.cells for block in found] == [("Первый",), ("Второй",), ("", "В таблице")]
    assert [block.table for block in found] == [0, 0, 1]


def test_the_numbers_word_gives_to_clauses_are_counted() -> None:
    numbers = {block.cells[0]: block.number for block in blocks(CONTRACT)}
    assert numbers["ПРЕДМЕТ ДОГОВОРА"] == "1."
    assert numbers["Исполнитель обязан:"] == "4.1."
    assert numbers["сохранять в тайне сведения, полученные от Заказчика."] == "4.1.3."


def test_what_is_no_docx_is_refused() -> None:
    with pytest.raises(Invalid):
        blocks(b"%PDF-1.4")


def test_a_changed_sum_is_one_word_and_the_rest_of_the_sentence_stays() -> None:
    old, new = paragraphs("Цена составляет 366 000,00 руб."), paragraphs("Цена составляет 311 100,00 руб.")
    assert changes(old, new) == ["Цена составляет [-366 000,00-]{+311 100,00+} руб."]


def test_neighbouring_changed_words_are_one_change() -> None:
    old, new = paragraphs("Оплата до начала работ, полностью"), paragraphs("Оплата после сдачи акта, полностью")
    assert changes(old, new) == ["Оплата [-до начала работ-]{+после сдачи акта+}, полностью"]


def test_a_new_clause_and_a_removed_one_are_whole() -> None:
    old = paragraphs("Предмет", "Исполнитель хранит тайну", "Подписи")
    new = paragraphs("Предмет", "Неустойка за перенос даты 5 %", "Подписи")
    assert changes(old, new) == ["[-Исполнитель хранит тайну-]", "{+Неустойка за перенос даты 5 %+}"]


def test_a_row_of_a_table_is_compared_cell_by_cell() -> None:
    old = (Block(("1", "Тренинг", "146 400,00"), 1),)
    new = (Block(("1", "Тренинг", "122 000,00"), 1),)
    assert changes(old, new) == ["1 | Тренинг | [-146 400,00-]{+122 000,00+}"]


def test_a_clause_inserted_before_others_changes_only_itself() -> None:
    old = tuple(Block((f"Пункт о деле {place}",), number=f"{place}.") for place in range(1, 6))
    new = (old[0], Block(("Вставка",), number="2."), *old[1:])
    assert changes(old, new) == ["{+Вставка+}"]


def test_spaces_alone_are_no_change() -> None:
    assert changes(paragraphs("Договор №  7"), paragraphs("Договор № 7")) == []


def test_long_stretches_that_stayed_are_folded_around_the_change() -> None:
    old = paragraphs(*(f"Пункт номер {place}" for place in range(40)))
    new = (*old[:20], Block(("Совсем другое условие",)), *old[21:])
    passages = compare(old, new).passages
    assert [passage.folded for passage in passages] == [True, False, True]
    assert sum(len(passage.lines) for passage in passages) == 41
    assert [line.kind for line in passages[1].lines] == ["same", "removed", "added", "same"]


def test_nothing_to_compare_is_no_difference() -> None:
    assert compare((), ()).passages == []
    assert compare(paragraphs("a"), paragraphs("a")).count == 0


def test_hundreds_of_rewritten_paragraphs_are_still_compared() -> None:
    old = paragraphs(*(f"старое условие {place} о поставке" for place in range(120)))
    new = paragraphs(*(f"новое правило {place} об оплате" for place in range(110)))
    assert compare(old, new).count >= 120
