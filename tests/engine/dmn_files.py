"""DMN files for the tests, written short."""
from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

HEAD = '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="http://example">'


def definitions(*parts: str) -> bytes:
    """A whole file."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{HEAD}{"".join(parts)}</definitions>'.encode()


def box(text: str) -> str:
    """A literal expression."""
    return f"<literalExpression><text>{escape(text)}</text></literalExpression>"


def decision(id_: str, logic: str, name: str | None = None, needs: Iterable[str] = (),
             calls: Iterable[str] = ()) -> str:  # fmt: skip
    """A decision that builds on others."""
    links = "".join(f'<informationRequirement><requiredDecision href="#{need}"/></informationRequirement>'
                    for need in needs)  # fmt: skip
    links += "".join(f'<knowledgeRequirement><requiredKnowledge href="#{call}"/></knowledgeRequirement>'
                     for call in calls)  # fmt: skip
    return f"<decision id={quoteattr(id_)} name={quoteattr(name or id_)}>{links}{logic}</decision>"


def knowledge(id_: str, parameters: Iterable[str], logic: str, calls: Iterable[str] = ()) -> str:
    """A business knowledge model."""
    links = "".join(f'<knowledgeRequirement><requiredKnowledge href="#{call}"/></knowledgeRequirement>'
                    for call in calls)  # fmt: skip
    formal = "".join(f"<formalParameter name={quoteattr(name)}/>" for name in parameters)
    return (f"<businessKnowledgeModel id={quoteattr(id_)} name={quoteattr(id_)}>"
            f"<encapsulatedLogic>{formal}{logic}</encapsulatedLogic>{links}</businessKnowledgeModel>")  # fmt: skip


def table(inputs: str, outputs: str, *rules: str, policy: str = "UNIQUE", aggregation: str = "",
          allowed: dict[str, str] | None = None, default: str = "",
          types: dict[str, str] | None = None) -> str:  # fmt: skip
    """``table("amount; segment", "discount", "> 100; \\"VIP\\" => 10", …)``: cells are set apart by ``;``."""
    allowed, types = allowed or {}, types or {}
    columns = "".join(
        f"<input><inputExpression typeRef={quoteattr(types.get(name, 'Any'))}><text>{escape(name)}</text>"
        f"</inputExpression>{_values('inputValues', allowed.get(name))}</input>"
        for name in _split(inputs))  # fmt: skip
    columns += "".join(
        f"<output name={quoteattr(name)}>{_values('outputValues', allowed.get(name))}"
        f"{_values('defaultOutputEntry', default or None)}</output>"
        for name in _split(outputs))  # fmt: skip
    rows = "".join(_row(rule) for rule in rules)
    extra = f' aggregation="{aggregation}"' if aggregation else ""
    return f'<decisionTable hitPolicy="{policy}"{extra}>{columns}<annotation name="why"/>{rows}</decisionTable>'


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(";")] if text.strip() else []


def _values(tag: str, text: str | None) -> str:
    return f"<{tag}><text>{escape(text)}</text></{tag}>" if text else ""


def _row(rule: str) -> str:
    tests, results = rule.split("=>")
    cells = "".join(f"<inputEntry><text>{escape(cell)}</text></inputEntry>" for cell in _split(tests))
    cells += "".join(f"<outputEntry><text>{escape(cell)}</text></outputEntry>" for cell in _split(results))
    return f"<rule>{cells}<annotationEntry><text>because</text></annotationEntry></rule>"
