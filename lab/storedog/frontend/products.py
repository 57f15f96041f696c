"""What the shop sells."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """One article; `price` is in cents, and `shelves` are the lists that show it."""

    slug: str
    name: str
    price: int
    picture: str
    description: str
    variants: tuple[str, ...]
    shelves: frozenset[str]

    @property
    def dollars(self) -> str:
        """The price as it is shown."""
        return f"${self.price / 100:.2f}"


SIZES = ("S", "M", "L")
COLOURS = ("Purple", "White", "Black")

PRODUCTS = (
    Product(
        "bits-t-shirt",
        "Bits T-Shirt",
        2499,
        "👕",
        "Soft cotton, with Bits the dog in front.",
        SIZES,
        frozenset({"bestsellers"}),
    ),
    Product(
        "good-dog-hoodie",
        "Good Dog Hoodie",
        5499,
        "🧥",
        "Warm enough for a night on call.",
        SIZES,
        frozenset({"bestsellers", "new"}),
    ),
    Product(
        "walkies-cap",
        "Walkies Cap",
        1999,
        "🧢",
        "Keeps the sun out of your dashboards.",
        COLOURS,
        frozenset({"new"}),
    ),
    Product(
        "rollback-mug",
        "Rollback Mug",
        1299,
        "☕",
        "Falls off the table and is back where it was.",
        COLOURS,
        frozenset({"bestsellers"}),
    ),
    Product(
        "fetch-tote-bag",
        "Fetch Tote Bag",
        1799,
        "👜",
        "Carries anything, in order, exactly once.",
        COLOURS,
        frozenset(),
    ),
    Product(
        "canary-stickers",
        "Canary Stickers",
        599,
        "🐤",
        "Stick one on five per cent of your laptops first.",
        ("Pack of 5", "Pack of 20"),
        frozenset({"new"}),
    ),
)

BY_SLUG = {product.slug: product for product in PRODUCTS}
SHELVES = {"bestsellers": "Best sellers", "new": "New items"}
