"""Python looks for garbage neither while ten thousand tests are collected nor among them later.

It would find none, and takes a quarter of the CPU of the collection, in each worker of xdist.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collects the tests; what there is then counts as permanent."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
