"""Long lists in pages, and numbers from the address."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request, url_for


@dataclass(frozen=True)
class Pages:
    """Which page of how many; ``size`` lines each. ``more``: there are more lines than were counted."""

    page: int
    count: int
    size: int
    more: bool = False

    @property
    def last(self) -> int:
        """The number of the last page, at least 1."""
        return max(1, -(-self.count // self.size))

    def href(self, page: int) -> str:
        """The address of another page with the same filters."""
        arguments = {**request.args.to_dict(), **(request.view_args or {}), "page": page}
        return url_for(request.endpoint or "", **arguments)


def number(name: str, default: int) -> int:
    """A positive whole number from the address, or the default."""
    given = request.args.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and int(given[:9]) > 0 else default
