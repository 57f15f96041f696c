"""What a block says where it cannot be run here: each word of it is one that the project knows.

The proofs are those of `walk.py`: each takes the walk and a block.
"""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import tomllib
from contextlib import redirect_stderr
from io import StringIO
from typing import TYPE_CHECKING, Any

import yaml

from lab.scripts.site.command_lines import gate_options, parsers
from pytest_storedog_gate.settings.file import read
from tests.drone_lint.linted import linted
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.documentation.pages import Block
    from tests.documentation.walk import Proof, Walk

_PARSERS: dict[str, Callable[[str], Any]] = {
    "python": ast.parse,
    "toml": tomllib.loads,
    "yaml": yaml.safe_load,
}
_OF_PYTEST = {"-k", "-m", "-v", "--lf", "--junitxml"}
_ENDS = {";", "|", "||", "&&", "&", ")", "\n"}
_EXTRAS = re.compile(r"pytest-storedog-gate\[([\w,]+)\]")
_IN_JENKINS = re.compile(r"^\s*sh '(.*)'$", re.MULTILINE)


def reads(walk: Walk, block: Block) -> None:
    """A shell can parse the block, and each of our commands in it takes its arguments."""
    del walk
    checked = subprocess.run(
        ["bash", "-n"], input=block.text, text=True, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    _known(block.text)


def pipeline(walk: Walk, block: Block) -> None:
    """The block is YAML, and each of our commands in it takes its arguments."""
    del walk
    commands = [text for text in _texts(yaml.safe_load(block.text)) if "pytest" in text]
    assert commands
    for command in commands:
        _known(re.sub(r"\$\{\{.*?\}\}", "X", command))


def jenkins(walk: Walk, block: Block) -> None:
    """Brackets pair, and each command that a stage runs takes its arguments."""
    del walk
    assert all(block.text.count(a) == block.text.count(b) for a, b in ("{}", "()"))
    commands = _IN_JENKINS.findall(block.text)
    assert any("pytest" in command for command in commands)
    for command in commands:
        _known(command)


def lints(walk: Walk, block: Block) -> None:
    """The block is a pipeline of Drone in which the linter finds no fault.

    A promotion has no gate before it: the configuration of the same page requires one.
    """
    report = linted(walk.folder / "a.yml", block.text)
    assert report.sound, report


def configures(walk: Walk, block: Block) -> None:
    """The block is a storedog.toml, which the settings read without a fault."""
    path = walk.folder / "storedog.toml"
    path.write_text(block.text, "utf-8")
    read(path)


def parses(walk: Walk, block: Block) -> None:
    """The block is YAML, TOML or Python."""
    del walk
    assert _PARSERS[block.language](block.text)


def tested_by(path: str, phrase: str) -> Proof:
    """A test file runs the block as it stands on the page, and finds it by words of its begin."""

    def proof(walk: Walk, block: Block) -> None:
        if block.language in _PARSERS:
            parses(walk, block)
        assert phrase in block.begin
        assert phrase in (ROOT / path).read_text("utf-8")

    return proof


def shown(why: str) -> Proof:
    """Nothing of the project reads the block: `why` says what would be needed."""

    def proof(walk: Walk, block: Block) -> None:
        del walk
        assert why
        assert block.text.count("{") == block.text.count("}")

    return proof


def _known(script: str) -> None:
    for extras in _EXTRAS.findall(script):
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        assert set(extras.split(",")) <= project["optional-dependencies"].keys(), extras
    for name, arguments in _commands(script):
        if name == "pytest":
            options = {word.partition("=")[0] for word in arguments if word.startswith("-")}
            assert options <= gate_options().keys() | _OF_PYTEST | {"--"}, options
        else:
            _taken(name, arguments)


def _taken(name: str, arguments: list[str]) -> None:
    """A command of ours takes the arguments, by its own parser."""
    known, said = parsers(), StringIO()
    parser = known.get(f"{name} {arguments[0]}")
    rest = arguments[1:] if parser else arguments
    try:
        with redirect_stderr(said):
            (parser or known[name]).parse_args(rest)
    except SystemExit:
        raise AssertionError(f"{name} {shlex.join(arguments)}: {said.getvalue()}") from None


def _commands(script: str) -> Iterator[tuple[str, list[str]]]:
    """Each call of a command of ours, with its arguments."""
    lines = re.sub(r"\\\n", " ", script).replace("\n", "\n; ")
    words = shlex.shlex(lines, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    found = list(words)
    for place, word in enumerate(found):
        starts = place == 0 or found[place - 1] in _ENDS or "=" in found[place - 1]
        after_env = found[max(place - 3, 0) : place] == ["env", "-u", "PYTEST_ADDOPTS"]
        if word in {"pytest", "storedog-synthetics", "storedog-gate"} and (starts or after_env):
            rest = found[place + 1 :]
            end = next((n for n, one in enumerate(rest) if one in _ENDS), len(rest))
            yield word, rest[:end]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
