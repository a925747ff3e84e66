"""A letter as it travels: long Russian subjects arrive whole, nobody smuggles a header in."""
from __future__ import annotations

from email import message_from_bytes, policy

import pytest

from engine.letters import Letter, as_message

LONG = "Приглашение на встречу: Презентация: Конференция для партнёров и коллег из разных городов страны, 25 ноября"


def letter(subject: str, body: str = "Здравствуйте!") -> Letter:
    return Letter("<1@reglament.test>", "crm@example.test", "client@example.test", subject, body,
                  "Mon, 16 Nov 2026 09:00:00 +0000")  # fmt: skip


def test_a_long_russian_subject_arrives_with_all_its_spaces() -> None:
    travelled = message_from_bytes(as_message(letter(LONG)).as_bytes(), policy=policy.default)
    assert travelled["Subject"] == LONG


def test_a_long_line_of_the_body_arrives_whole() -> None:
    body = "слово " * 400
    travelled = message_from_bytes(as_message(letter("Тема", body)).as_bytes(), policy=policy.default)
    assert travelled.get_content().strip() == body.strip()


def test_a_line_break_in_a_subject_is_no_second_header() -> None:
    with pytest.raises(ValueError, match="linefeed"):
        as_message(letter("Тема\nBcc: all@example.test"))
