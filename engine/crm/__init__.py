"""Business records: clients, contacts, products, deals, money. Verbs on them, and the facts that procedures see."""
from __future__ import annotations
