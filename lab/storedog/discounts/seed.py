"""The first discounts of an empty database.

A candidate and the live instance share a database for a while, so nothing is ever dropped, and only
one of them seeds: PostgreSQL's advisory lock lets the other one wait and then find the rows.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from . import model
from .model import Discount, DiscountType

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

_LOCK = 2814
# fmt: off
_WORDS = (
    "amber", "apricot", "banana", "basil", "cantaloupe", "cherry", "cobalt", "coral", "crimson",
    "fig", "ginger", "gold", "indigo", "ivory", "jade", "kiwi", "lavender", "lemon", "lilac",
    "mango", "maroon", "mint", "olive", "papaya", "peach", "periwinkle", "plum", "quince",
    "ruby", "saffron", "scarlet", "sienna", "strawberry", "tangerine", "teal", "turquoise",
    "vanilla", "violet", "walnut",
)
# fmt: on
_FIXED = (
    ("Black Friday", "BFRIDAY", 5, DiscountType("Save with Sherry", "price * .8")),
    ("SAVE $$$", "OFF", 300, DiscountType("Sunday Savings", "price * .5")),
    ("Party", "PARTY", 542, DiscountType("Monday Funday", "price * .25")),
)


def wait_for(engine: Engine, timeout: float) -> None:
    """Returns once the database takes queries; raises its own error after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            with engine.connect() as connection:
                connection.execute(select(1))
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def seed(engine: Engine) -> None:
    """Makes the tables where they are missing, and fills them when they are empty."""
    with Session(engine) as session, session.begin():
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        model.mapping.metadata.create_all(session.connection())
        if session.scalar(select(func.count()).select_from(model.DISCOUNTS)) == 0:
            # Flushed one by one: the ids say which discount is which.
            for discount in (*(random_discount() for _ in range(100)), *_fixed()):
                session.add(discount)
                session.flush()


def random_discount() -> Discount:
    """A discount nobody asked for."""
    choose = random.Random().choice  # noqa: S311 - test data, no secret
    kind = DiscountType(choose(_WORDS), f"price * 0.{choose(range(100, 999))}")
    return Discount(
        name=" ".join(choose(_WORDS) for _ in range(4)),
        code=choose(_WORDS).upper(),
        value=choose(range(10, 500)),
        discount_type=kind,
    )


def _fixed() -> list[Discount]:
    return [Discount(name, code, value, kind) for name, code, value, kind in _FIXED]
