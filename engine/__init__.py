"""Reglament's engine: a library. Works without Flask; see docs/glossary.md for the words used here."""
