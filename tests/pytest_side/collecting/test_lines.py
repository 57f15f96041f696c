"""Where the configuration names a check: the line to which reports lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.pytest_side.collecting.lines import Lines

if TYPE_CHECKING:
    from pathlib import Path

FILE = """\
# abc-def-ghi is the list of discounts
[environments.staging-eu]
checks = ["abc-def-ghi"]
[environments."staging"]
checks = [
    "jkl-mno-pqr", "abc-def-ghi",
]
[environments.production]
checks = ["abc-def-ghi"]
"""


@pytest.mark.parametrize(
    ("environment", "public_id", "line"),
    [
        ("staging", "abc-def-ghi", 5),
        ("staging", "jkl-mno-pqr", 5),
        ("staging-eu", "abc-def-ghi", 2),
        ("production", "abc-def-ghi", 8),
        ("production", "jkl-mno-pqr", 5),
        ("qa", "abc-def-ghi", 0),
        ("staging", "xyz-xyz-xyz", None),
    ],
)
def test_the_line_of_a_check(
    tmp_path: Path, environment: str, public_id: str, line: int | None
) -> None:
    for path, text in {
        "storedog.toml": FILE,
        "py.toml": FILE.replace("[env", "[tool.x.env"),
    }.items():
        (tmp_path / path).write_text(text, "utf-8")
        assert Lines(tmp_path / path, environment).of(public_id) == line


def test_a_file_that_cannot_be_read_has_none(tmp_path: Path) -> None:
    assert Lines(tmp_path, "staging").of("abc-def-ghi") is None
