"""A real Node that answers questions one by one: what V8, chai or jsonpath-plus make of them."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path

# `answer` is what a script defines; its questions and answers are JSON, a line each.
_LOOP = """
const lines = require("node:readline").createInterface({ input: process.stdin });
(async () => {
  for await (const line of lines) console.log(JSON.stringify(await answer(...JSON.parse(line))));
})();
"""


class Node:
    """A process of Node with a script that defines `answer`, a function of JSON values."""

    def __init__(self, node: str, modules: Path, script: str) -> None:
        self._process = subprocess.Popen(
            [node, "-e", script + _LOOP],
            cwd=modules.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def __call__(self, *question: Any) -> Any:
        """Its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())
