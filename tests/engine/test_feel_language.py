"""The expression language: what is written and what it means. Examples of DMN 1.5, chapter 10.3, and of daily use."""
from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.feel import Context, FeelError, FeelSyntaxError, Range, YearMonthDuration, compile, unary_tests, value

CONTEXT = Context(now=datetime(2026, 11, 21, 21, 30, tzinfo=UTC))
STRICT = Context(now=CONTEXT.now, strict=True)
VARIABLES: dict[str, Any] = {
    "amount": 1200, "rate": 0.1, "status": "new", "due date": date(2026, 12, 1), "flag": True, "nothing": None,
    "client": {"name": "Анна", "address": {"city": "Казань"}, "birth date": date(1990, 5, 17)},
    "items": [{"name": "pen", "qty": 2, "price": 10.5}, {"name": "ink", "qty": 5, "price": 3}],
    "pair": (1, 2), "a-b": 7, "сумма": Decimal("10.50"),
}  # fmt: skip


def feel(text: str, **more: Any) -> Any:
    return compile(text).evaluate({**VARIABLES, **more}, CONTEXT)


@pytest.mark.parametrize(("text", "result"), [
    ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("2 ** 3 ** 2", 64), ("-2 ** 2", 4), ("10 / 4", Decimal("2.5")),
    ("0.1 + 0.2 = 0.3", True), ("1 / 3 * 3 = 1", False), ("1/0", None), ("1.5e3", 1500), (".5", Decimal("0.5")),
    ("- 5", -5), ("--5", 5), ("1 - -1", 2), ("7 - 2 - 1", 4), ("amount * (1 - rate)", 1080), ("сумма * 2", 21),
    ('"a" + "b"', "ab"), ('"a" + 1', None), ("1 + null", None), ("true + 1", None),
])  # fmt: skip
def test_arithmetic_is_decimal_and_what_does_not_fit_is_null(text: str, result: Any):
    assert feel(text) == result


def test_numbers_have_34_digits():
    assert str(feel("1 / 3")) == "0." + "3" * 34
    assert feel("9999999999999999999999999999999999 + 1 = 10000000000000000000000000000000000") is True
    assert feel("10 ** 6145") is None


@pytest.mark.parametrize(("text", "result"), [
    ("true and true", True), ("true and false", False), ("false and null", False), ("null and false", False),
    ("true and null", None), ("null and null", None), ("true or null", True), ("null or true", True),
    ("false or null", None), ("false or false", False), ("not(null)", None), ("not(true)", False), ('not("a")', None),
    ('"x" and false', False), ('"x" and true', None), ("1 or true", True),
])  # fmt: skip
def test_logic_has_three_values(text: str, result: bool | None):
    assert feel(text) is result


@pytest.mark.parametrize(("text", "result"), [
    ("null = null", True), ("null != null", False), ("1 = null", False), ("1 != null", True), ('1 = "1"', None),
    ("1 < null", None), ('1 < "2"', None), ("[1, 2] = [1, 2]", True), ("[1, 2] = [2, 1]", False),
    ("{a: 1, b: 2} = {b: 2, a: 1}", True), ("[1..5] = [1..5]", True), ("[1..5] = [1..5)", False), ("1.0 = 1", True),
    ("true < false", None), ('"a" < "b"', True), ("amount >= 1200", True),
    ('date("2026-01-01") = date and time("2026-01-01T00:00:00")', None),
    ('@"P1Y" = @"P12M"', True), ('@"P1D" = @"PT24H"', True), ('@"P1Y" = @"P365D"', None),
])  # fmt: skip
def test_values_of_different_kinds_are_neither_equal_nor_ordered(text: str, result: bool | None):
    assert feel(text) is result


@pytest.mark.parametrize(("text", "result"), [
    ("5 between 1 and 5", True), ("5 in [1..5]", True), ("5 in [1..5)", False), ("5 in ]1..5[", False),
    ("2 in ]1..5[", True), ("5 in (> 1)", True), ("5 in > 1", True), ("5 in (1, 5, 7)", True),
    ("5 in (< 2, >= 5)", True),
    ("5 in [1, 5]", True), ("5 in [[1..2], [4..6]]", True), ("null in [1..5]", None), ('"b" in ["a".."c"]', True),
    ('date("2026-05-05") in [date("2026-01-01")..date("2026-12-31")]', True), ("null in (null)", True),
    ('status in ("new", "open")', True), ("5 in [1..null]", None), ("(>= 5).start", 5), ("[1..5].end included", True),
    ("5 between 6 and null", False), ("5 between 1 and null", None), ("3 in [items[1].qty..5]", True),
])  # fmt: skip
def test_intervals_and_membership(text: str, result: Any):
    assert feel(text) == result
    if result is None or isinstance(result, bool):
        assert feel(text) is result


@pytest.mark.parametrize(("text", "result"), [
    ("if amount > 1000 then 1 else 2", 1), ("if null then 1 else 2", 2), ('if "x" then 1 else 2', 2),
    ("for i in [1, 2, 3] return i * i", [1, 4, 9]), ("for i in 1..3 return i", [1, 2, 3]),
    ("for i in 3..1 return i", [3, 2, 1]), ("for x in [1, 2], y in [x, 10] return x * y", [1, 10, 4, 20]),
    ("for i in 1..4 return if i = 1 then 1 else i * partial[-1]", [1, 2, 6, 24]), ("for i in null return i", None),
    ("for i in 5 return i", [5]), ("for i in [1..3) return i", [1, 2]),
    ('for d in @"2026-01-30"..@"2026-02-01" return d.day', [30, 31, 1]),
    ("some i in items satisfies i.qty > 4", True), ("every i in items satisfies i.qty > 4", False),
    ("some x in [null, false] satisfies x", None), ("every x in [] satisfies x", True),
    ("some x in [] satisfies x", False),
    ("some x in [1, 2], y in [2, 3] satisfies x = y", True),
])  # fmt: skip
def test_choices_and_iterations(text: str, result: Any):
    assert feel(text) == result


@pytest.mark.parametrize(("text", "result"), [
    ("[1, 2, 3][1]", 1), ("[1, 2, 3][-1]", 3), ("[1, 2, 3][0]", None), ("[1, 2, 3][4]", None),
    ("[1, 2, 3][item > 1]", [2, 3]),
    ("items[qty > 2].name", ["ink"]), ("items[item.qty > 2][1].name", "ink"), ("items.price", [Decimal("10.5"), 3]),
    ("[1, 2, 3][amount - 1198]", 2), ("5[1]", 5), ("null[1]", None), ("5[item > 3]", [5]), ("pair[2]", 2),
    ("items[price > limit].name", ["pen"]), ("[{item: 1}, {item: 2}][item.item = 2]", [{"item": 2}]),
    ("count(items[qty > 100])", 0), ("[[1, 2], [3]][2]", [3]), ("[1, [2, 3]]", [1, [2, 3]]),
])  # fmt: skip
def test_lists_indexes_and_filters(text: str, result: Any):
    assert feel(text, limit=5) == result


@pytest.mark.parametrize(("text", "result"), [
    ("client.name", "Анна"), ("client.address.city", "Казань"), ("client.birth date", date(1990, 5, 17)),
    ("client.phone", None), ("client.phone.code", None), ("missing.x", None), ("{a: 1, b: a + 1}", {"a": 1, "b": 2}),
    ('{"x y": 1}.x y', 1), ("{a-b: 3, c: a-b + 1}.c", 4), ("{a: {b: 5}}.a.b", 5), ("{}", {}), ("`a-b` + 1", 8),
    ("{f: function(n) if n <= 1 then 1 else n * f(n - 1), r: f(20)}.r", 2432902008176640000),
    ("(function(a, b) a - b)(b: 1, a: 5)", 4), ("{add: function(x: number) x + 1}.add(2)", 3),
    ("(for i in 1..3 return function(x) x * i)[2](10)", 20), ("sort([3, 1, 2], function(x, y) x > y)", [3, 2, 1]),
    ("(function(x: number) x)(\"a\")", None), ("(function(f) f(4))(sqrt)", 2),
])  # fmt: skip
def test_contexts_paths_and_functions_of_ones_own(text: str, result: Any):
    assert feel(text) == result


@pytest.mark.parametrize(("text", "result"), [
    ("5 instance of number", True), ("-5 instance of number", True), ('"a" instance of string', True),
    ("null instance of number", False), ("null instance of Any", False), ("[1] instance of list<number>", True),
    ('[1, "a"] instance of list<number>', False), ("{a: 1} instance of context<a: number>", True),
    ("{a: 1} instance of context<b: number>", False), ('@"P1D" instance of days and time duration', True),
    ('@"P1Y" instance of years and months duration', True), ('@"2026-01-01" instance of date', True),
    ('@"2026-01-01T00:00:00" instance of date and time', True), ("[1..2] instance of range<number>", True),
    ("(function(x) x) instance of function<Any> -> Any", True), ("1 instance of number and true", True),
])  # fmt: skip
def test_types_are_asked_with_instance_of(text: str, result: bool):
    assert feel(text) is result


def test_dates_times_and_durations_have_literals_and_parts():
    assert feel('@"2026-11-21"') == date(2026, 11, 21)
    assert feel('@"10:30:00+03:00"').utcoffset() == timedelta(hours=3)
    assert feel('@"2026-11-21T10:30:00Z"') == datetime(2026, 11, 21, 10, 30, tzinfo=UTC)
    assert feel('@"2026-11-21T10:30:00@Europe/Moscow" = @"2026-11-21T07:30:00Z"') is True
    assert feel('@"P1DT2H"') == timedelta(days=1, hours=2)
    assert feel('@"-P1Y2M"') == YearMonthDuration(-14)
    assert feel('[@"2026-11-21".year, @"2026-11-21".weekday, @"P1DT2H".hours, @"P1Y2M".months]') == [2026, 6, 2, 2]
    assert feel('@"10:30:15".second') == 15
    assert feel('@"10:30:00+03:00".time offset') == timedelta(hours=3)
    assert feel('@"P1W"') == timedelta(days=7)


@pytest.mark.parametrize(("text", "result"), [
    ('@"2026-01-31" + @"P1M"', date(2026, 2, 28)), ('@"2024-02-29" - @"P1Y"', date(2023, 2, 28)),
    ('@"2026-11-21" + @"P2D"', date(2026, 11, 23)), ('@"2026-11-21" - @"2026-11-01"', timedelta(days=20)),
    ('@"2026-11-21T23:00:00" + @"PT2H"', datetime(2026, 11, 22, 1)), ('@"23:00:00" + @"PT2H"', time(1)),
    ('@"P1D" * 2', timedelta(days=2)), ('@"P1D" / @"PT12H"', 2), ('@"P1Y" / 2', YearMonthDuration(6)),
    ('@"P1Y" + @"P1D"', None), ('@"9999-12-31" + @"P1D"', None), ('@"0001-01-01" - @"P1M"', None),
    ('due date - @"2026-11-21"', timedelta(days=10)), ('date("2026-02-30")', None), ('date("soon")', None),
])  # fmt: skip
def test_dates_move_by_durations(text: str, result: Any):
    assert feel(text) == result


def test_an_hour_is_an_hour_when_the_clocks_change():
    text = '@"2026-03-29T00:30:00@Europe/Berlin" + @"PT2H"'
    assert feel(text).hour == 3
    assert feel(f'({text}) - @"2026-03-29T00:30:00@Europe/Berlin"') == timedelta(hours=2)


def test_now_and_today_are_the_moment_of_the_evaluation_in_its_zone():
    assert feel("now()") == CONTEXT.now
    assert feel("today()") == date(2026, 11, 22)  # in Moscow it is already tomorrow
    assert compile("today()").evaluate({}, Context(now=CONTEXT.now, zone=UTC)) == date(2026, 11, 21)


def test_a_local_date_and_time_is_taken_to_be_in_the_zone_when_it_meets_one_with_offset():
    assert feel('@"2026-11-22T00:30:00" = now()') is True
    assert feel('@"2026-11-22T00:29:59" < now()') is True
    assert feel('meeting < now()', meeting=datetime(2026, 11, 22, 0, 0)) is True


def test_comments_blanks_and_escapes():
    assert feel("1 + /* one\n more */ 2 // end") == 3
    assert feel('"a\\"b\\n\\u0041\\\\"') == 'a"b\nA\\'
    assert feel("amount\u00a0>\u00a01000") is True


def test_names_of_several_words_are_found_by_neighbourhood_and_by_declaration():
    assert feel("due date > today()") is True
    assert feel("due   date . year") == 2026
    assert compile("a-b + 1", frozenset({"a-b"})).evaluate(VARIABLES, CONTEXT) == 8
    assert compile("date and time of meeting", frozenset({"date and time of meeting"})).evaluate(
        {"date and time of meeting": 5}, CONTEXT) == 5  # fmt: skip
    assert feel("for one item in [1, 2] return one item + 1") == [2, 3]


def test_functions_of_the_product_are_called_by_their_names_with_blanks():
    functions = {"add working time": lambda at, spec: f"{at}+{spec}", "working days between": lambda a, b: 3,
                 "setting": lambda path, default=None: default}  # fmt: skip
    context = Context(now=CONTEXT.now, functions=functions)
    assert compile('add working time("x", "P2BD")').evaluate({}, context) == "x+P2BD"
    assert compile("working days between(1, 2) > 2").evaluate({}, context) is True
    assert compile('setting("a", default: 5) + 1').evaluate({}, context) == 6
    with pytest.raises(FeelError, match="does not take these arguments"):
        compile("add working time(1)").evaluate({}, context)


def test_free_names_and_foreign_functions_are_known_without_evaluating():
    expression = compile('amount > setting("x") and client.name = n and items[qty > 1][1].x = {a: 1, b: a}.b')
    assert expression.names == {"amount", "client", "n", "items"}
    assert expression.functions == {"setting"}
    assert compile("for i in xs return function(y) i + y + z").names == {"xs", "z"}
    assert compile("if is defined(maybe) then 1 else 2").names == frozenset()


def test_strict_says_unknown_names_and_lenient_gives_null():
    assert compile("nowhere").evaluate({}, CONTEXT) is None
    with pytest.raises(FeelError, match="There is no variable nowhere") as caught:
        compile("1 + nowhere").evaluate({}, STRICT)
    assert caught.value.position == 4
    assert compile("is defined(nowhere)").evaluate({}, STRICT) is False
    assert compile("items[color = 1]").evaluate(VARIABLES, STRICT) == []
    assert compile("client.nowhere").evaluate(VARIABLES, STRICT) is None


def test_an_unknown_function_is_always_an_error():
    with pytest.raises(FeelError, match="There is no function upper"):
        feel('upper("a")')


@pytest.mark.parametrize(("text", "position", "message"), [
    ("1 +", 3, "The expression ends where a value was expected"), ("", 0, "The expression is empty"),
    ("a = = b", 4, "Expected a value but found = at character 5"),
    ("(1", 2, "The expression ends where ) was expected"),
    ('"open', 0, "The string that begins at character 1 is not closed"), ("1 # 2", 2, "The sign # at character 3"),
    ("if a then b", 11, "The expression ends where else was expected"), ('@"soon"', 0, "is no date, time or duration"),
    ("substring()", 0, "substring at character 1 does not take 0 arguments"), ("1 2", 2, "Expected the end"),
    ("substring(text: 1)", 0, "has no such argument names"), ("f(a: 1, 2)", 8, "do not mix"),
    ("{a: 1, a: 2}", 0, "The key a stands twice"), ("x instance of thing", 2, "thing at character 3 is no type"),
    ('function() external {java: "x"}', 11, "external"), ("/* open", 0, "comment"), ("1 in", 4, "ends where"),
])  # fmt: skip
def test_what_is_no_feel_is_refused_with_its_place_in_plain_words(text: str, position: int, message: str):
    with pytest.raises(FeelSyntaxError) as caught:
        compile(text)
    assert caught.value.position == position
    assert message in str(caught.value.text)


@pytest.mark.parametrize(("text", "subject", "met"), [
    ("-", None, True), ("5", 5, True), ("5", "5", False), ("< 5", 4, True), ("< 5, > 10", 11, True),
    ("[1..5]", 5, True),
    ("not([1..5])", 6, True), ('not("a", "b")', "c", True), ('not("a", "b")', None, True), ("null", None, True),
    ("? > 3 and ? < 6", 4, True), ('starts with(?, "ООО")', "ООО Ромашка", True), ('"a","b"', "b", True),
    ("amount", 1200, True), ("> amount", 1201, True), ("[1, 2, 3]", 2, True), ("true", True, True),
    ("true", None, False),
    ('>= date("2026-01-01")', date(2026, 5, 1), True), ("not(true) or ?", True, True), ("< 5", None, False),
    ('contains(?, "x")', "axb", True), ("= 5", 5, True), ("!= 5", 6, True), ("(< 5)", 4, True),
    ("[1, 2]", [1, 2], True),
])  # fmt: skip
def test_unary_tests(text: str, subject: Any, met: bool):
    assert unary_tests(text).matches(subject, VARIABLES, CONTEXT) is met


def test_an_attribute_is_feel_only_when_it_begins_with_an_equals_sign():
    assert value("=amount + 1", VARIABLES, CONTEXT) == 1201
    assert value("amount + 1", VARIABLES, CONTEXT) == "amount + 1"
    assert value(None, VARIABLES, CONTEXT) is None


def test_results_are_fresh_plain_data():
    found = compile("items").evaluate(VARIABLES, CONTEXT)
    found[0]["qty"] = 99
    assert VARIABLES["items"][0]["qty"] == 2
    assert compile("pair").evaluate(VARIABLES, CONTEXT) == [1, 2]
    assert compile("[1..5]").evaluate({}, CONTEXT) == Range(1, 5)
    assert type(compile("amount").evaluate(VARIABLES, CONTEXT)) is Decimal
    with pytest.raises(FeelError, match="is no data"):
        compile("function(x) x").evaluate({}, CONTEXT)
