"""Searching by words, under the name the read side knows it by."""

from __future__ import annotations

from engine.words import contain

__all__ = ["contain"]
