"""XPath 1.0 on XML and HTML, as Datadog's assertions and extracted values use it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, cast

from pytest_storedog_gate.outlets.child_environment import child_environment

if TYPE_CHECKING:
    from lxml import etree

SECONDS = 5
"""Of CPU time."""


def compile_xpath(path: str) -> etree.XPath:
    """Compile `path`. Raises ValueError with a sentence."""
    from lxml import etree  # noqa: PLC0415  # few checks need it

    if not path.strip():
        raise ValueError("the XPath is empty")
    try:
        return etree.XPath(path)
    except (etree.XPathError, ValueError) as error:
        raise ValueError(f"XPath {path!r} is not valid: {error}") from None


def select_xpath(path: str, text: str) -> list[Any]:
    """What `path` selects in `text`, read as XML or, where that fails, as HTML.

    A node is its text. A number, a truth value or a string is itself, the only one of the list.
    Raises ValueError with a sentence.

    A process of its own evaluates it, as libxml2 knows no limit: `//*[count(//*) > count(..//*)]`
    takes hours on a long page.
    """
    ran = subprocess.run(
        [sys.executable, "-P", "-m", f"{__name__}_process", str(SECONDS)],
        input=json.dumps([path, text]),
        capture_output=True,
        encoding="ascii",
        check=False,
        env=child_environment(),
    )
    if ran.returncode:
        spent = ran.returncode == -signal.SIGXCPU
        reason = f"took over {SECONDS} s" if spent else "cannot be evaluated: libxml2 ended"
        raise ValueError(f"XPath {path!r} {reason}")
    selected, problem = json.loads(ran.stdout)
    if problem:
        raise ValueError(problem)
    return cast("list[Any]", selected)
