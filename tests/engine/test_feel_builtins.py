"""The built-in functions, with the examples of DMN 1.5 (10.3.4) where it gives any."""
from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.feel import Context, FeelError, Range, YearMonthDuration, compile
from engine.feel.builtins import BUILTINS

CONTEXT = Context(now=datetime(2026, 11, 21, 9, 0, tzinfo=UTC))


def feel(text: str) -> Any:
    return compile(text).evaluate({}, CONTEXT)


def check(text: str, result: Any) -> None:
    found = feel(text)
    assert found == result
    assert isinstance(found, bool) is isinstance(result, bool)


@pytest.mark.parametrize(("text", "result"), [
    ('substring("foobar", 3)', "obar"), ('substring("foobar", 3, 3)', "oba"), ('substring("foobar", -2, 1)', "a"),
    ('substring("\U0001F40Eab", 2)', "ab"), ('substring("abc", 0)', None), ('string length("foo")', 3),
    ('string length("\U0001F40Eab")', 3), ('upper case("aBc4")', "ABC4"), ('lower case("aBc4")', "abc4"),
    ('substring before("foobar", "bar")', "foo"), ('substring before("foobar", "xyz")', ""),
    ('substring after("foobar", "ob")', "ar"), ('substring after("", "a")', ""), ('contains("foobar", "of")', False),
    ('starts with("foobar", "fo")', True), ('ends with("foobar", "r")', True), ('matches("foobar", "^fo*b")', True),
    ('replace("abcd", "(ab)|(a)", "[1=$1][2=$2]")', "[1=ab][2=]cd"), ('replace("a.b", ".", "x", "q")', "axb"),
    ('replace("aBc", "b", "x", "i")', "axc"), ('replace("a1", "\\d", "\\$")', "a$"),
    ('split("John Doe", "\\s")', ["John", "Doe"]), ('split("a;b;c;;", ";")', ["a", "b", "c", "", ""]),
    ('string join(["a", "b", "c"], "_and_")', "a_and_b_and_c"), ('string join(["a", null, "c"])', "ac"),
    ('string join(["a", 1])', None), ('string join([], "x")', ""), ('extract("2 of 10", "\\d+")', ["2", "10"]),
    ('trim("  a ")', "a"), ('is blank("  ")', True), ('pad left("7", 3, "0")', "007"), ("upper case(1)", None),
    ("string length(null)", None), ('contains(["foobar"], "foo")', True), ('matches("МСК-1", "^[А-Я]{3}-\\d$")', True),
])  # fmt: skip
def test_strings(text: str, result: Any):
    check(text, result)


@pytest.mark.parametrize(("text", "result"), [
    ("decimal(1/3, 2)", Decimal("0.33")), ("decimal(1.5, 0)", 2), ("decimal(2.5, 0)", 2),
    ("floor(1.56, 1)", Decimal("1.5")),
    ("floor(-1.5)", -2), ("ceiling(1.5)", 2), ("ceiling(-1.56, 1)", Decimal("-1.5")), ("round up(5.5, 0)", 6),
    ("round up(-5.5, 0)", -6), ("round up(1.121, 2)", Decimal("1.13")), ("round down(-5.5, 0)", -5),
    ("round half up(5.5, 0)", 6), ("round half up(-2.5, 0)", -3), ("round half down(5.5, 0)", 5),
    ("round half up(1234, -2)", 1200), ("round half up(2.345, 2)", Decimal("2.35")), ("abs(-10)", 10),
    ('abs(@"-PT5H")', timedelta(hours=5)), ('abs(@"-P1Y")', YearMonthDuration(12)), ("modulo(12, 5)", 2),
    ("modulo(-12, 5)", 3), ("modulo(12, -5)", -3), ("modulo(10.1, -4.5)", Decimal("-3.4")), ("modulo(1, 0)", None),
    ("sqrt(16)", 4), ("sqrt(-3)", None), ("decimal(log(10), 8)", Decimal("2.30258509")), ("log(0)", None),
    ("decimal(exp(5), 5)", Decimal("148.41316")), ("odd(5)", True), ("odd(2)", False), ("even(2.5)", False),
    ("floor(n: 1.9)", 1), ("abs(null)", None), ('floor("1")', None),
])  # fmt: skip
def test_numbers(text: str, result: Any):
    check(text, result)


@pytest.mark.parametrize(("text", "result"), [
    ("list contains([1, 2, 3], 2)", True), ("list contains([1, null], null)", True), ("count([1, 2, 3])", 3),
    ("count([])", 0), ("count(null)", None), ("count(1, 2)", 2), ("min([1, 2, 3])", 1), ("max(1, 2, 3)", 3),
    ("min([])", None), ('max(["a", "c", "b"])', "c"), ('min([1, "a"])', None), ("sum([1, 2, 3])", 6), ("sum(1, 2)", 3),
    ("sum([])", None), ('sum([@"P1D", @"PT12H"])', timedelta(hours=36)), ('sum(["a", "b"])', None),
    ("mean([1, 2, 3])", 2),
    ("all([true, false])", False), ("all([])", True), ("all([true, null])", None), ("any([false, true])", True),
    ("any([])", False), ("any([false, null])", None), ("sublist([4, 5, 6], 1, 2)", [4, 5]),
    ("sublist([4, 5, 6], -2)", [5, 6]),
    ("append([1], 2, 3)", [1, 2, 3]), ("concatenate([1, 2], [3])", [1, 2, 3]),
    ("insert before([1, 3], 1, 2)", [2, 1, 3]),
    ("remove([1, 2, 3], 2)", [1, 3]), ("reverse([1, 2, 3])", [3, 2, 1]), ("index of([1, 2, 3, 2], 2)", [2, 4]),
    ("union([1, 2], [2, 3])", [1, 2, 3]), ("distinct values([1, 2, 1.0, null, null])", [1, 2, None]),
    ("flatten([[1, 2], [[3]], 4])", [1, 2, 3, 4]), ("product([2, 3, 4])", 24), ("median([8, 2, 5, 3, 4])", 4),
    ("median([6, 1, 2, 3])", Decimal("2.5")), ("median([])", None),
    ("stddev([2, 4, 7, 5])", Decimal("2.081665999466132735282297706979931")),
    ("mode([6, 3, 9, 6, 6])", [6]), ("mode([6, 1, 9, 6, 1])", [1, 6]), ("mode([])", []),
    ("list replace([2, 4, 7, 8], 3, 6)", [2, 4, 6, 8]),
    ("list replace([2, 4, 7, 8], function(item, newItem) item < newItem, 5)", [5, 5, 7, 8]),
    ("duplicate values([1, 2, 1])", [1]), ("partition([1, 2, 3, 4, 5], 2)", [[1, 2], [3, 4], [5]]),
    ("is empty([])", True),
    ('sort(["c", "a"])', ["a", "c"]), ("sort([1, \"a\"])", None), ("append(null, 1)", None), ("count(5)", 1),
    ("sort(list: [3, 1, 4], precedes: function(x, y) x < y)", [1, 3, 4]), ("list replace([1], 5, 2)", None),
])  # fmt: skip
def test_lists(text: str, result: Any):
    check(text, result)


@pytest.mark.parametrize(("text", "result"), [
    ('get value({key1: "value1"}, "key1")', "value1"), ('get value({}, "x")', None),
    ('get value({a: {b: 1}}, ["a", "b"])', 1),
    ('get entries({a: 1, b: 2})', [{"key": "a", "value": 1}, {"key": "b", "value": 2}]),
    ('context([{key: "a", value: 1}])', {"a": 1}), ('context([{key: "a", value: 1}, {key: "a", value: 2}])', None),
    ('context put({x: 1}, "y", 2)', {"x": 1, "y": 2}), ('context put({x: {y: 0}}, ["x", "y"], 2)', {"x": {"y": 2}}),
    ("context merge([{x: 1}, {x: 2, y: 3}])", {"x": 2, "y": 3}), ("get or else(null, 5)", 5), ("get or else(1, 5)", 1),
    ("is defined(null)", False), ("is defined(1)", True), ("assert(1, true)", 1),
])  # fmt: skip
def test_contexts_and_helps_against_null(text: str, result: Any):
    check(text, result)


@pytest.mark.parametrize(("text", "result"), [
    ('date("2012-12-25")', date(2012, 12, 25)), ("date(2012, 12, 25)", date(2012, 12, 25)), ("date(2012, 13, 1)", None),
    ('date(date and time("2012-12-25T11:00:00Z"))', date(2012, 12, 25)), ('time("23:59:00")', time(23, 59)),
    ('time(23, 59, 0, duration("PT2H"))', time.fromisoformat("23:59:00+02:00")), ("time(24, 0, 0)", None),
    ('date and time(date("2012-12-24"), time("23:59:00"))', datetime.fromisoformat("2012-12-24T23:59:00")),
    ('date and time("2012-12-24T23:59:00+03:00") = date and time("2012-12-24T20:59:00Z")', True),
    ('duration("P1Y2M")', YearMonthDuration(14)), ('duration("P1DT2H20M")', timedelta(days=1, hours=2, minutes=20)),
    ('duration("P")', None), ('duration("P1YT1H")', None), ('duration("2 days")', None),
    ('years and months duration(date("2011-12-22"), date("2013-08-24"))', YearMonthDuration(20)),
    ('years and months duration(date("2013-08-24"), date("2011-12-22"))', YearMonthDuration(-20)),
    ('day of year(date("2019-09-17"))', 260), ('day of week(date("2019-09-17"))', "Tuesday"),
    ('month of year(date("2019-09-17"))', "September"), ('week of year(date("2005-01-01"))', 53),
    ('last day of month(date("2024-02-03"))', date(2024, 2, 29)), ("today()", date(2026, 11, 21)),
    ('is(date("2012-12-25"), time("23:00:50"))', False), ('is(@"23:00:50Z", @"23:00:50+00:00")', True),
    ('is(@"2026-01-01T10:00:00Z", @"2026-01-01T13:00:00+03:00")', False),
    ('date and time(@"2026-01-01T10:00:00Z", "Europe/Moscow").hour', 13),
    ('date and time(@"2026-01-01T10:00:00Z", "../../etc/passwd")', None), ('time("10:00:00@../../etc/passwd")', None),
])  # fmt: skip
def test_dates_and_times(text: str, result: Any):
    check(text, result)


@pytest.mark.parametrize(("text", "result"), [
    ('number("1 000,0", " ", ",")', 1000), ('number("1,000.0", ",", ".")', 1000), ('number("1000.0")', 1000),
    ('number("1,000", ",", ",")', None), ('number("abc")', None), ('number("")', None), ('number("1e5")', 100000),
    ('number("NaN")', None), ('number("Infinity")', None), ('number("1e999999")', None), ('number("0x10")', None),
    ("string(1.10)", "1.1"), ("string(1e10)", "10000000000"), ("string(null)", None), ("string(true)", "true"),
    ('string("a")', "a"), ('string([1, "a", null])', '[1, "a", null]'),
    ('string({a: 1, "b-c": "x\\"y"})', '{a: 1, "b-c": "x\\"y"}'),
    ('string(@"2026-01-01")', "2026-01-01"), ('string(@"2026-01-01T10:00:00+03:00")', "2026-01-01T10:00:00+03:00"),
    ('string(@"2026-01-01T10:00:00@Europe/Moscow")', "2026-01-01T10:00:00@Europe/Moscow"),
    ('string(@"PT36H")', "P1DT12H"),
    ('string(@"-P14M")', "-P1Y2M"), ('string(@"PT0S")', "PT0S"), ("string([1..5))", "[1..5)"),
    ("string((> 5))", "(> 5)"),
    ('range("[18..21)")', Range(Decimal(18), Decimal(21), True, False)), ('range("1 + 1")', None),
    ('range("[1..\\"a\\"]")', None),
    ('range("[date(\\"2026-01-01\\")..now()]")', None), ('range("[..")', None),
])  # fmt: skip
def test_conversion(text: str, result: Any):
    check(text, result)


@pytest.mark.parametrize("text", [
    "before(1, 10)", "before(1, [2..10])", "before([1..5], 6)", "before([1..5), 5)", "before([1..5], (5..10])",
    "after(10, 1)", "after(10, [1..10))", "meets([1..5], [5..10])", "not(meets([1..5), [5..10]))",
    "met by([5..10], [1..5])", "overlaps([1..5], [3..8])", "overlaps([1..5], [5..8])", "not(overlaps([1..5), [5..8]))",
    "overlaps before([1..5], [3..8])", "not(overlaps before([3..8], [1..5]))", "overlaps before([1..5], [5..8])",
    "overlaps after([3..8], [1..5])", "not(overlaps after([1..5], [3..8]))", "finishes(10, [1..10])",
    "finishes([5..10], [1..10])", "not(finishes([5..10), [1..10]))", "finished by([1..10], 10)", "includes([1..10], 5)",
    "includes([1..10], [4..6])", "not(includes([1..10), 10))", "during(5, [1..10])", "during([4..6], [1..10])",
    "starts(1, [1..10])", "starts([1..5], [1..10])", "not(starts((1..5], [1..10]))", "started by([1..10], [1..5])",
    "coincides([1..5], [1..5])", "not(coincides([1..5), [1..5]))", "coincides(3, 3)", "includes((> 5), 6)",
    'during(@"2026-05-05", [@"2026-01-01"..@"2026-12-31"])', "before(point: 1, range: [2..3])",
    "before(range1: [1..2], range2: [3..4])",
])  # fmt: skip
def test_relations_of_points_and_intervals(text: str):
    assert feel(text) is True


def test_relations_with_null_or_of_different_kinds_are_null():
    assert feel("before(null, 1)") is None
    assert feel('includes([1..5], "a")') is None


def test_assert_says_its_cause():
    with pytest.raises(FeelError, match="the price is missing"):
        feel('assert(null, false, "the price is missing")')


def test_every_function_takes_nulls_and_strangers_with_a_value_or_a_sentence():
    strangers = ("null", "[]", '""', "0", "-1", "true", "{}", '@"P1D"', '@"2026-01-01"', "[1..2]", "function(x) x",
    "[null]")
    for name, function in BUILTINS.items():
        for form in function.forms:
            for stranger in strangers:
                count = len(form.parameters)
                with contextlib.suppress(FeelError):
                    compile(f"{name}({', '.join([stranger] * count)})").evaluate({}, CONTEXT)
