"""Image references: what is one, and how engines spell it."""

from __future__ import annotations

import pytest

from pytest_storedog_gate.deploy import ImageReference
from pytest_storedog_gate.errors import ConfigurationError

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "repository", "tag", "digest"),
    [
        ("discounts", "discounts", None, None),
        ("shop/discounts:1.2-rc_3", "shop/discounts", "1.2-rc_3", None),
        ("localhost:5000/shop/discounts", "localhost:5000/shop/discounts", None, None),
        (f"r.example/a__b/c--d@{DIGEST}", "r.example/a__b/c--d", None, DIGEST),
        (f"[::1]:5000/shop:Tag@{DIGEST}", "[::1]:5000/shop", "Tag", DIGEST),
        ("docker.io/library/postgres:15", "postgres", "15", None),
        ("index.docker.io/shop/db:1", "shop/db", "1", None),
    ],
)
def test_reads(text: str, repository: str, tag: str | None, digest: str | None) -> None:
    assert ImageReference.parse(text) == ImageReference(repository, tag, digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Shop",
        "shop:",
        "shop:-x",
        "shop@sha256:12",
        f"shop@sha512:{'ab' * 64}",
        "shop/:1",
        "http://r.example/shop",
        "shop discounts",
        "shop\n",
        "shop:" + "x" * 129,
        "r.example/" + "x" * 256,
        f"shop@{DIGEST.upper()}",
    ],
)
def test_refuses_in_one_sentence(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"is no image reference; one looks like"):
        ImageReference.parse(text)


@pytest.mark.parametrize(
    "text", ["shop:1", f"localhost:5000/shop@{DIGEST}", f"r.example/a/b:1@{DIGEST}"]
)
def test_is_written_as_it_was_read(text: str) -> None:
    assert str(ImageReference.parse(text)) == text


def test_pinned_needs_a_digest() -> None:
    assert ImageReference.parse(f"shop:1@{DIGEST}").pinned == f"shop@{DIGEST}"
    with pytest.raises(ValueError, match="no digest"):
        _ = ImageReference.parse("shop:1").pinned


@pytest.mark.parametrize(
    ("text", "registry"),
    [
        ("postgres:15", "docker.io"),
        ("shop/discounts", "docker.io"),
        ("localhost/shop", "localhost"),
        ("r.example:5000/shop", "r.example:5000"),
    ],
)
def test_knows_its_registry(text: str, registry: str) -> None:
    assert ImageReference.parse(text).registry == registry


def test_version_is_the_tag_else_the_short_digest() -> None:
    assert ImageReference.parse(f"shop:1.2@{DIGEST}").version == "1.2"
    assert ImageReference.parse(f"shop@{DIGEST}").version == "abababababab"
