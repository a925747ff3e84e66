"""Functions of strings. Lengths and positions count characters, not bytes or surrogates."""
from __future__ import annotations

from decimal import Decimal

from engine.feel.patterns import guarded, pattern, replacement
from engine.feel.registry import builtin
from engine.feel.runtime import Run


@builtin("string length(string: string)")
def string_length(string: str) -> Decimal:
    return Decimal(len(string))


@builtin("substring(string: string, start position: number, length?: number)")
def substring(string: str, start: Decimal, length: Decimal | None = None) -> str | None:
    """Counted from 1, or backwards from -1; null when the start is outside the string."""
    first = int(start) - 1 if start > 0 else len(string) + int(start)
    if start == 0 or not 0 <= first < max(len(string), 1) or (length is not None and length < 1):
        return None if start == 0 or (length is not None and length < 1) else ""
    return string[first:] if length is None else string[first : first + int(length)]


@builtin("upper case(string: string)")
def upper_case(string: str) -> str:
    return string.upper()


@builtin("lower case(string: string)")
def lower_case(string: str) -> str:
    return string.lower()


@builtin("substring before(string: string, match: string)")
def substring_before(string: str, match: str) -> str:
    return string.partition(match)[0] if match and match in string else ""


@builtin("substring after(string: string, match: string)")
def substring_after(string: str, match: str) -> str:
    return string.partition(match)[2] if match else string


@builtin("contains(string: string, match: string)")
def contains(string: str, match: str) -> bool:
    return match in string


@builtin("starts with(string: string, match: string)")
def starts_with(string: str, match: str) -> bool:
    return string.startswith(match)


@builtin("ends with(string: string, match: string)")
def ends_with(string: str, match: str) -> bool:
    return string.endswith(match)


@builtin("matches(input: string, pattern: string, flags?: string)")
def matches(run: Run, text: str, expression: str, flags: str | None = None) -> bool:
    return guarded(pattern(expression, flags), text, run).search(text) is not None


@builtin("replace(input: string, pattern: string, replacement: string, flags?: string)")
def replace(run: Run, text: str, expression: str, by: str, flags: str | None = None) -> str:
    compiled = pattern(expression, flags)
    put = replacement(by, compiled, literal="q" in (flags or ""))
    made: list[str] = []
    end = length = 0
    for match in guarded(compiled, text, run).finditer(text):
        made += (text[end : match.start()], put(match))
        length += len(made[-1]) + len(made[-2])
        run.charge_text(length)
        end = match.end()
    return "".join([*made, text[end:]])


@builtin("split(string: string, delimiter: string)")
def split(run: Run, string: str, delimiter: str) -> list[str]:
    parts: list[str] = []
    end = 0
    for match in guarded(pattern(delimiter, None), string, run).finditer(string):
        if match.end() > match.start():
            parts.append(string[end : match.start()])
            end = match.end()
    return [*parts, string[end:]]


@builtin("extract(string: string, pattern: string)")
def extract(run: Run, string: str, expression: str) -> list[str]:
    found = guarded(pattern(expression, None), string, run).finditer(string)
    return [match[0] for match in found]


@builtin("string join(list: list, delimiter?: string)")
@builtin("string join(list: list, delimiter: string, prefix: string, suffix: string)")
def string_join(run: Run, items: list[object], delimiter: str | None = None, prefix: str = "",
                suffix: str = "") -> str | None:  # fmt: skip
    """Null items are left out; null when another item is no string."""
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) != sum(item is not None for item in items):
        return None
    between = delimiter or ""
    run.charge_text(sum(map(len, texts)) + len(between) * len(texts))
    return prefix + between.join(texts) + suffix


@builtin("trim(string: string)")
def trim(string: str) -> str:
    return string.strip()


@builtin("is blank(string: string)")
def is_blank(string: str) -> bool:
    return not string.strip()


@builtin("pad left(string: string, length: number, character?: string)")
def pad_left(string: str, length: Decimal, character: str | None = None) -> str | None:
    """``pad left("7", 3, "0")`` is ``007``."""
    fill = character or " "
    if len(fill) != 1 or not 0 <= length <= 1000:
        return None
    return string.rjust(int(length), fill)
