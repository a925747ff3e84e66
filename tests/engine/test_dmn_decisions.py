"""Decision tables and decisions that build on each other."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine.errors import NotFound, Refused
from engine.feel import Context, dmn
from engine.feel.dmn import DecisionError
from engine.feel.errors import FeelError, FeelLimit
from tests.engine.dmn_files import box, decision, definitions, knowledge, table

CONTEXT = Context(now=datetime(2026, 11, 21, 9, 0, tzinfo=UTC))
STRICT = Context(now=CONTEXT.now, strict=True)


def decide(logic: str, variables: Mapping[str, Any] | None = None, context: Context = CONTEXT) -> Any:
    return dmn.read(definitions(decision("it", logic)), "it.dmn").evaluate("it", variables or {}, context)


def refusal(*parts: str) -> set[str]:
    with pytest.raises(Refused) as refused:
        dmn.read(definitions(*parts), "it.dmn")
    assert all(fault.file == "it.dmn" and str(fault.reason) and str(fault.remedy) for fault in refused.value.faults)
    return {fault.code for fault in refused.value.faults}


DISCOUNT = table("segment; amount", "discount",
                 '"VIP"; - => 15', '"SMB"; >= 1000000 => 10', '"SMB"; < 1000000 => 5')  # fmt: skip


def test_a_unique_table_gives_the_output_of_the_rule_that_matches():
    assert decide(DISCOUNT, {"segment": "VIP", "amount": 1}) == 15
    assert decide(DISCOUNT, {"segment": "SMB", "amount": 1_000_000}) == 10
    assert decide(DISCOUNT, {"segment": "SMB", "amount": Decimal("999999.99")}) == 5


def test_a_table_without_a_matching_rule_gives_null_or_its_default():
    assert decide(DISCOUNT, {"segment": "other", "amount": 1}) is None
    assert decide(table("x", "y", "1 => 2", default="0"), {"x": 9}) == 0


def test_two_matching_rules_of_a_unique_table_are_an_error_that_names_them():
    with pytest.raises(DecisionError, match="Rules 1, 3"):
        decide(table("x", "y", "> 1 => 1", "< 0 => 2", "> 5 => 3"), {"x": 6})


def test_the_first_rule_wins_under_first():
    assert decide(table("x", "y", "> 1 => 1", "> 5 => 3", policy="FIRST"), {"x": 6}) == 1


def test_any_allows_several_rules_as_long_as_they_agree():
    agree = table("x", "y", "> 1 => 7", "> 5 => 7", policy="ANY")
    assert decide(agree, {"x": 6}) == 7
    with pytest.raises(DecisionError, match="ANY"):
        decide(table("x", "y", "> 1 => 7", "> 5 => 8", policy="ANY"), {"x": 6})


def test_priority_takes_the_output_that_stands_first_among_the_allowed_values():
    rows = ("> 1 => \"low\"", "> 5 => \"high\"", "> 3 => \"middle\"")
    order = {"y": '"high","middle","low"'}
    assert decide(table("x", "y", *rows, policy="PRIORITY", allowed=order), {"x": 6}) == "high"
    assert decide(table("x", "y", *rows, policy="OUTPUT ORDER", allowed=order), {"x": 6}) == ["high", "middle", "low"]
    assert decide(table("x", "y", *rows, policy="OUTPUT ORDER", allowed=order), {"x": 2}) == ["low"]


def test_rule_order_and_collect_give_lists():
    rows = ("> 1 => 1", "> 5 => 3", "> 3 => 2")
    assert decide(table("x", "y", *rows, policy="RULE ORDER"), {"x": 6}) == [1, 3, 2]
    assert decide(table("x", "y", *rows, policy="COLLECT"), {"x": 6}) == [1, 3, 2]
    assert decide(table("x", "y", *rows, policy="COLLECT"), {"x": 0}) == []


@pytest.mark.parametrize(("aggregation", "result", "nothing"),
                         [("SUM", 6, None), ("MIN", 1, None), ("MAX", 3, None), ("COUNT", 3, 0)])  # fmt: skip
def test_collect_aggregates(aggregation: str, result: int, nothing: int | None):
    logic = table("x", "y", "> 1 => 1", "> 5 => 3", "> 3 => 2", policy="COLLECT", aggregation=aggregation)
    assert decide(logic, {"x": 6}) == result
    assert decide(logic, {"x": 0}) == nothing


def test_several_outputs_make_a_context():
    logic = table("x", "rate; reason", '> 1 => 5; "big"', '<= 1 => 0; ')
    assert decide(logic, {"x": 6}) == {"rate": 5, "reason": "big"}
    assert decide(logic, {"x": 1}) == {"rate": 0, "reason": None}


def test_cells_may_use_variables_and_the_value_itself():
    logic = table("x", "y", "> limit => x * 2", "? <= limit and even(?) => 0", "- => -1", policy="FIRST")
    assert decide(logic, {"x": 6, "limit": 5}) == 12
    assert decide(logic, {"x": 4, "limit": 5}) == 0
    assert decide(logic, {"x": 3, "limit": 5}) == -1


def test_an_input_outside_its_allowed_values_is_an_error_but_null_is_left_to_the_rules():
    logic = table("segment", "y", '"VIP" => 1', "null => 2", allowed={"segment": '"VIP","SMB"'})
    with pytest.raises(DecisionError, match="no allowed value of segment"):
        decide(logic, {"segment": "gold"})
    assert decide(logic, {"segment": None}) == 2


def test_an_output_outside_its_allowed_values_is_an_error():
    with pytest.raises(DecisionError, match="Rule 1"):
        decide(table("x", "y", "- => x", allowed={"y": "[0..10]"}), {"x": 11})


def test_allowed_values_of_a_type_of_the_file_are_enforced():
    item = ('<itemDefinition name="tSegment"><typeRef>string</typeRef><allowedValues><text>"VIP"</text>'
            "</allowedValues></itemDefinition>")  # fmt: skip
    logic = table("segment", "y", "- => 1", types={"segment": "tSegment"})
    file = dmn.read(definitions(item, decision("it", logic)), "it.dmn")
    assert file.evaluate("it", {"segment": "VIP"}, CONTEXT) == 1
    with pytest.raises(DecisionError):
        file.evaluate("it", {"segment": "x"}, CONTEXT)


def test_decisions_build_on_each_other_by_name_and_by_id():
    file = dmn.read(definitions(
        decision("rate", table("segment", "r", '"VIP" => 10', "- => 0", policy="FIRST"), name="discount rate"),
        decision("price", box("amount * (1 - discount rate / 100) + rate - rate"), needs=["rate"]),
    ), "price.dmn")  # fmt: skip
    assert file.decisions == ("rate", "price")
    assert file.required == {"segment", "amount"}
    assert file.needs("rate") == {"segment"}
    assert file.evaluate("price", {"segment": "VIP", "amount": 200}, STRICT) == 180


def test_names_with_signs_are_understood_when_a_requirement_declares_them():
    file = dmn.read(definitions(
        decision("a", box("2"), name="first-rate"),
        decision("b", box("first-rate * 3"), needs=["a"]),
    ), "b.dmn")  # fmt: skip
    assert file.evaluate("b", {}, STRICT) == 6


def test_a_knowledge_model_is_called_as_a_function_and_sees_only_its_parameters():
    file = dmn.read(definitions(
        knowledge("net", ["price", "vat"], box("price / (1 + vat)")),
        knowledge("leaky", ["a"], box("a + amount")),
        decision("it", box("net(amount, 0.25) + net(vat: 1, price: amount)"), calls=["net"]),
        decision("leak", box("leaky(1)"), calls=["leaky"]),
    ), "it.dmn")  # fmt: skip
    assert file.evaluate("it", {"amount": 100}, STRICT) == 130
    with pytest.raises(FeelError, match="amount"):
        file.evaluate("leak", {"amount": 100}, STRICT)
    assert file.functions == frozenset()


def test_knowledge_models_call_each_other_and_themselves_within_limits():
    factorial = knowledge("factorial", ["n"], box("if n <= 1 then 1 else n * factorial(n - 1)"))
    twice = knowledge("twice", ["n"], box("2 * factorial(n)"), calls=["factorial"])
    file = dmn.read(definitions(factorial, twice, decision("it", box("twice(n)"), calls=["twice"])), "it.dmn")
    assert file.evaluate("it", {"n": 5}, CONTEXT) == 240
    with pytest.raises(FeelLimit):
        file.evaluate("it", {"n": 100000}, CONTEXT)


def test_boxed_contexts_lists_relations_invocations_and_conditionals_are_evaluated():
    def entry(name: str, logic: str) -> str:
        variable = f'<variable name="{name}"/>' if name else ""
        return f"<contextEntry>{variable}{logic}</contextEntry>"

    context = f'<context>{entry("a", box("x + 1"))}{entry("b", box("a * 2"))}</context>'
    assert decide(context, {"x": 2}, STRICT) == {"a": 3, "b": 6}
    assert decide(f'<context>{entry("a", box("x + 1"))}{entry("", box("a * 10"))}</context>', {"x": 2}) == 30
    assert decide(f'<list>{box("1")}{box("x")}</list>', {"x": 2}) == [1, 2]
    relation = ('<relation><column name="k"/><column name="v"/>'
                f'<row>{box("1")}{box("x")}</row><row>{box("2")}{box("x * 2")}</row></relation>')  # fmt: skip
    assert decide(relation, {"x": 2}) == [{"k": 1, "v": 2}, {"k": 2, "v": 4}]
    conditional = f'<conditional><if>{box("x > 1")}</if><then>{box("1")}</then><else>{box("0")}</else></conditional>'
    assert decide(conditional, {"x": 2}) == 1
    invocation = (f'<invocation>{box("net")}<binding><parameter name="p"/>{box("x")}</binding></invocation>')
    file = dmn.read(definitions(knowledge("net", ["p"], box("p * 2")), decision("it", invocation, calls=["net"])), "f")
    assert file.evaluate("it", {"x": 4}, STRICT) == 8
    function = f'<functionDefinition><formalParameter name="p"/>{box("p + 1")}</functionDefinition>'
    assert decide(f'<context>{entry("f", function)}{entry("", box("f(x)"))}</context>', {"x": 4}) == 5


def test_names_bound_within_a_box_are_not_required_from_outside():
    logic = ('<context><contextEntry><variable name="a"/>' + box("x") + "</contextEntry>"
             "<contextEntry>" + box("a + y") + "</contextEntry></context>")  # fmt: skip
    assert dmn.read(definitions(decision("it", logic)), "f").required == {"x", "y"}


def test_every_fault_of_a_file_is_said_at_once():
    codes = refusal(
        decision("a", box("1 +")),
        decision("b", table("x", "y", "> => 1", "1; 2 => 3")),
        decision("c", box("1"), needs=["nowhere"]),
        decision("d", ""),
    )
    assert codes >= {"dmn-feel", "dmn-rule", "dmn-reference", "dmn-empty"}


@pytest.mark.parametrize(("logic", "code"), [
    ('<literalExpression expressionLanguage="javascript"><text>1</text></literalExpression>', "dmn-language"),
    ('<functionDefinition kind="Java"><literalExpression><text>1</text></literalExpression></functionDefinition>',
     "dmn-language"),
    ("<for><in/></for>", "dmn-construct"),
    (table("x", "y", "1 => 2", policy="BEST"), "dmn-hit-policy"),
    (table("x", "y", "1 => 2", aggregation="SUM"), "dmn-aggregation"),
    (table("x", "y; z", "1 => 2; 3", policy="COLLECT", aggregation="SUM"), "dmn-aggregation"),
    (table("x", "y", "1 => 2", policy="PRIORITY"), "dmn-priority"),
    (table("x", "y; y", "1 => 2; 2"), "dmn-output-name"),
    (table("x", "", "1 => "), "dmn-no-output"),
])  # fmt: skip
def test_what_is_not_understood_is_refused(logic: str, code: str):
    assert code in refusal(decision("it", logic))


def test_circles_imports_and_forgotten_requirements_are_refused():
    assert "dmn-circle" in refusal(decision("a", box("b"), needs=["b"]), decision("b", box("a"), needs=["a"]))
    foreign = decision("a", box("1")).replace("<literal", '<informationRequirement><requiredDecision '
                                              'href="other.dmn#x"/></informationRequirement><literal')  # fmt: skip
    assert "dmn-import" in refusal(foreign)
    assert "dmn-requirement" in refusal(decision("a", box("1")), decision("b", box("a + 1")))
    assert "dmn-construct" in refusal(decision("a", box("1")), '<decisionService id="s"/>')
    assert "dmn-id" in refusal(decision("a", box("1")), decision("a", box("2")))


def test_a_deep_lattice_of_requirements_is_read_and_evaluated_in_no_time():
    layers = [decision("d0", box("1"))]
    layers += [decision(f"d{level}", box(f"d{level - 1} + 0"), needs=[f"d{level - 1}"] * 2) for level in range(1, 50)]
    file = dmn.read(definitions(*layers), "f")
    assert file.evaluate("d49", {}, CONTEXT) == 1
    tower = [decision("d0", box("1"))]
    tower += [decision(f"d{level}", box("1"), needs=[f"d{level - 1}"]) for level in range(1, 2000)]
    assert "dmn-depth" in refusal(*tower)


def test_a_decision_that_is_not_there_is_not_found():
    with pytest.raises(NotFound):
        dmn.read(definitions(decision("a", box("1"))), "f").evaluate("b", {}, CONTEXT)


def test_a_failure_within_a_decision_names_the_decision():
    with pytest.raises(DecisionError, match=r"In the decision Скидка: There is no function magic"):
        dmn.read(definitions(decision("a", box("magic(1)"), name="Скидка")), "f").evaluate("a", {}, CONTEXT)


def test_one_budget_covers_a_decision_and_all_below_it():
    heavy = "count(for i in 1..60000 return i)"
    file = dmn.read(definitions(decision("a", box(heavy)), decision("b", box(f"a + {heavy}"), needs=["a"])), "f")
    assert file.evaluate("b", {}, CONTEXT) == 120000
    with pytest.raises(FeelLimit):
        file.evaluate("b", {}, Context(now=CONTEXT.now, max_steps=250_000))


LAUGHS = b'<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize("content", [
    LAUGHS + definitions(decision("a", box("1"))).split(b"\n", 1)[1],
    b'<!DOCTYPE d SYSTEM "file:///etc/passwd">' + definitions(decision("a", box("1"))).split(b"\n", 1)[1],
    definitions(decision("a", box("1")))[:-5],
    b"", b"\x00\xff", b"<html/>", b"<definitions/>", b" " * 3_000_000,
])  # fmt: skip
def test_unsafe_or_broken_xml_is_refused(content: bytes):
    with pytest.raises(Refused):
        dmn.read(content, "bad.dmn")
