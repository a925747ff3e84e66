"""The knowledge base of the demo company. Data: demo_knowledge.yaml beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from engine.crm import knowledge
from engine.models import Product
from engine.work import Work

FILE = Path(__file__).with_name("demo_knowledge.yaml")


def load_knowledge(work: Work) -> None:
    """Published items; one about a product that is not there is about any."""
    products = {row.code: row.id for row in work.session.execute(select(Product.code, Product.id))}
    entries: list[dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    for entry in entries:
        knowledge.create(
            work, entry["kind"], entry["title"], entry["body"], status=knowledge.PUBLISHED,
            product_id=products.get(entry.get("product", "")),
        )  # fmt: skip
