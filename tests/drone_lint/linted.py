"""What the linter makes of a case's file, of a text, or of steps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from pytest_storedog_gate.drone_lint.lint import lint

if TYPE_CHECKING:
    from pytest_storedog_gate.drone_lint.rules import Report

NOWHERE = Path("nowhere")  # with nothing beside the pipeline file
PRODUCTION = {"name": "production", "image": "x", "commands": ["deploy --digest=$IMAGE_DIGEST"]}


def linted(path: Path, text: str | None = None) -> Report:
    """What is found in that file, or in that text in its place."""
    return lint(path.read_text("utf-8") if text is None else text, str(path), path.parent)


def pipeline(*steps: object, **more: object) -> str:
    """A pipeline of these steps, as YAML."""
    top = {"kind": "pipeline", "name": "shop", **more, "steps": list(steps)}
    return yaml.safe_dump(top, sort_keys=False, allow_unicode=True)


def linted_steps(*steps: object, root: Path = NOWHERE, **more: object) -> Report:
    """What is found in a pipeline of these steps, in that folder."""
    return lint(pipeline(*steps, **more), ".drone.yml", root)
