"""The two tables, and the two ways to read them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, String, Table, create_engine, select
from sqlalchemy.engine import URL, Engine
from sqlalchemy.orm import joinedload, registry, relationship

mapping = registry()

DISCOUNT_TYPES = Table(
    "discount_type",
    mapping.metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(128), nullable=False),
    Column("discount_query", String(128), nullable=False),
)
DISCOUNTS = Table(
    "discount",
    mapping.metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(128), nullable=False),
    Column("code", String(64), nullable=False),
    Column("value", Integer, nullable=False),
    Column("discount_type_id", ForeignKey("discount_type.id"), nullable=False),
)


@dataclass(eq=False)
class DiscountType:
    """How a discount changes a price."""

    name: str
    discount_query: str
    id: int | None = None


@dataclass(eq=False)
class Discount:
    """One code that a customer can enter; `value` is in dollars."""

    name: str
    code: str
    value: int
    discount_type: DiscountType
    id: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The shape that the frontend reads."""
        kind = self.discount_type
        return {
            "id": self.id,
            "name": self.name,
            "code": self.code,
            "value": self.value,
            "discount_type": {
                "id": kind.id,
                "name": kind.name,
                "discount_query": kind.discount_query,
            },
        }


mapping.map_imperatively(DiscountType, DISCOUNT_TYPES)
mapping.map_imperatively(
    Discount, DISCOUNTS, properties={"discount_type": relationship(DiscountType)}
)

# One query for the list and one more for the type of each discount, as the real service does.
ONE_BY_ONE = select(Discount).order_by(DISCOUNTS.c.id)
JOINED = ONE_BY_ONE.options(joinedload(Discount.discount_type))  # type: ignore[arg-type,misc]


def connect() -> Engine:
    """The database that the environment names; a lost connection is noticed and replaced."""
    missing = [
        name
        for name in ("POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB")
        if not os.environ.get(name)
    ]
    if missing:
        raise RuntimeError(f"discounts: set the environment variables {', '.join(missing)}")
    address = URL.create(
        "postgresql+psycopg2",
        username=os.environ["POSTGRES_USER"],
        password=os.environ["POSTGRES_PASSWORD"],
        host=os.environ["POSTGRES_HOST"],
        database=os.environ["POSTGRES_DB"],
    )
    return create_engine(address, pool_pre_ping=True, connect_args={"connect_timeout": 2})
