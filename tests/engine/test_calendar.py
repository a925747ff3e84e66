"""Working time: the spot values of the production calendars and the explanation of every due date."""
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.calendar import Calendar, calendars
from engine.errors import Invalid

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.fixture(scope="module")
def office() -> Calendar:
    return calendars(Path("settings/calendars.yaml"))["main"]


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%d.%m.%Y %H:%M").replace(tzinfo=MOSCOW)


def local(at: datetime) -> str:
    return at.astimezone(MOSCOW).strftime("%d.%m.%Y %H:%M")


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("31.10.2025", 1, "01.11.2025"),  # a working Saturday
        ("30.12.2025", 1, "12.01.2026"),
        ("30.04.2026", 1, "04.05.2026"),
        ("11.06.2026", 1, "15.06.2026"),
        ("03.11.2026", 1, "05.11.2026"),
        ("06.03.2026", 3, "12.03.2026"),
        ("30.12.2026", 1, "11.01.2027"),
    ],
)
def test_working_days_follow_the_production_calendar(office: Calendar, start: str, days: int, due: str) -> None:
    assert local(office.due(moment(f"{start} 10:00"), f"P{days}BD").at) == f"{due} 10:00"


@pytest.mark.parametrize(("year", "count"), [(2025, 247), (2026, 247)])
def test_a_year_has_as_many_working_days_as_the_decree_says(office: Calendar, year: int, count: int) -> None:
    days = (date.fromordinal(n) for n in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()))
    assert sum(office.is_working(day) for day in days) == count


def test_a_due_date_says_which_days_were_counted_and_why_others_were_not(office: Calendar) -> None:
    due = office.due(moment("03.11.2026 18:00"), "P1BD")
    assert due.why["days"] == [
        ["2026-11-04", "off", "День народного единства"],
        ["2026-11-05", "working", "1"],
    ]
    assert due.why["at"] == "2026-11-05T18:00+03:00"


def test_eight_working_hours_pass_lunch_and_night(office: Calendar) -> None:
    due = office.due(moment("16.11.2026 11:00"), "PT8BH")
    assert local(due.at) == "17.11.2026 11:00"
    assert [day[2] for day in due.why["days"]] == ["6:00", "2:00"]


def test_working_hours_stop_earlier_on_the_day_before_a_holiday(office: Calendar) -> None:
    assert local(office.due(moment("03.11.2026 15:00"), "PT3BH").at) == "05.11.2026 10:00"


def test_work_that_comes_at_night_is_counted_from_the_morning(office: Calendar) -> None:
    assert local(office.due(moment("16.11.2026 23:00"), "PT4BH").at) == "17.11.2026 13:00"


def test_a_task_of_sunday_evening_is_due_at_closing_time_of_monday(office: Calendar) -> None:
    assert local(office.due(moment("15.11.2026 22:00"), "P1BD").at) == "16.11.2026 18:00"


def test_a_reminder_goes_back_over_a_weekend(office: Calendar) -> None:
    assert local(office.before(moment("16.11.2026 10:00"), "P1BD")) == "13.11.2026 10:00"
    assert local(office.before(moment("16.11.2026 10:00"), "PT2BH")) == "13.11.2026 17:00"


def test_months_end_on_the_last_day_of_a_shorter_month(office: Calendar) -> None:
    assert local(office.due(moment("31.01.2030 10:00"), "P1M").at) == "28.02.2030 10:00"
    assert local(office.due(moment("15.11.2030 10:00"), "P2M").at) == "15.01.2031 10:00"


def test_a_date_means_the_end_of_that_working_day(office: Calendar) -> None:
    assert local(office.due(moment("01.11.2026 10:00"), "2026-11-20").at) == "20.11.2026 18:00"


def test_deviation_is_counted_in_working_days_with_its_sign(office: Calendar) -> None:
    friday, monday = moment("13.11.2026 10:00"), moment("16.11.2026 14:00")
    assert office.working_days_between(friday, monday) == 1.38  # 3 + 4 hours on Friday, 4 on Monday, of 8
    assert office.working_days_between(monday, friday) == -1.38


def test_a_year_without_a_decree_moves_a_holiday_off_the_weekend_and_says_it_is_uncertain(office: Calendar) -> None:
    due = office.due(moment("03.11.2028 10:00"), "P1BD")  # 4 November 2028 is a Saturday
    assert local(due.at) == "07.11.2028 10:00"
    assert due.why["uncertain"] is True


def test_the_override_table_wins_over_the_country_calendar(office: Calendar) -> None:
    own = replace(office, days_off={date(2026, 11, 17): "Инвентаризация"}, days_on={date(2026, 11, 21): "Аврал"})
    assert local(own.due(moment("16.11.2026 10:00"), "P1BD").at) == "18.11.2026 10:00"
    assert own.is_working(date(2026, 11, 21))


@pytest.mark.parametrize("text", ["P1", "2BD", "PT", "P1M5D", "завтра", "P-1D", "0 0 9 * * ?"])
def test_what_is_no_time_is_refused_with_examples(office: Calendar, text: str) -> None:
    with pytest.raises(Invalid, match=r"P2BD|one or the other"):
        office.due(datetime(2026, 11, 16, tzinfo=UTC), text)


def test_a_calendar_without_working_days_is_refused_instead_of_searched_for_ever(office: Calendar) -> None:
    closed = replace(office, days_off={date.fromordinal(n): "закрыто" for n in range(739000, 745000)})
    with pytest.raises(Invalid, match="no working days"):
        closed.due(moment("16.11.2026 10:00"), "P1BD")
