"""A record as expressions see it, whose dear parts are read when somebody touches them.

An expression mostly asks a client for its name. Counting its target products, consents and complaints each time would
cost more than the step that asked.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

MISSING: Any = object()
Made = TypeVar("Made")


class Record(Mapping[str, Any]):
    """A mapping of what is known and what can be found out; equal to the plain dict of the same entries.

    ``later``: by name, what makes the entry. It is asked once.
    """

    __slots__ = ("_known", "_later")

    def __init__(self, known: dict[str, Any], later: Mapping[str, Callable[[], Any]]) -> None:
        self._known, self._later = known, later

    def __getitem__(self, name: str) -> Any:
        if name in self._known:
            return self._known[name]
        found = self._known[name] = self._later[name]()
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._known or name in self._later

    def __iter__(self) -> Iterator[str]:
        yield from self._later
        yield from (name for name in list(self._known) if name not in self._later)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        """A plain dict of everything, with other entries over it."""
        return {**self, **other}

    def __repr__(self) -> str:
        return f"Record({self._known!r})"


def once(make: Callable[[], Made]) -> Callable[[], Made]:
    """The same function, called at most once: several entries may be parts of one finding."""
    known: Any = MISSING

    def found() -> Made:
        nonlocal known
        if known is MISSING:
            known = make()
        return known  # type: ignore[no-any-return]  # a value of the record is of any type

    return found
