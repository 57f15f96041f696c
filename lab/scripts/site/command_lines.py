"""The reference of options: pytest's, from the plugin, and those of the commands, from argparse."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, NoReturn
from unittest.mock import patch

from lab.scripts.site.keys import MEANINGS
from lab.scripts.site.tables import row
from pytest_storedog_gate import plugin
from pytest_storedog_gate.drone_lint import cli as gate_cli
from pytest_storedog_gate.settings.load import _VARIABLES
from pytest_storedog_gate.settings.options import FLAGS
from pytest_storedog_gate.synthetics_cli import command_line as synthetics_cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NAMES = {flag: name for name, flag in FLAGS.items()}


def page() -> str:
    """The whole page, in Markdown."""
    parts = [MEANINGS["pages"]["options"].rstrip(), _gate()]
    for command, parser in parsers().items():
        about = (parser.description or "").strip(" .")
        parts += [f"## {command}", f"{about[:1].upper()}{about[1:]}."]
        parts += [_table(parser), f"```sh\n{MEANINGS['commands'][command].strip()}\n```"]
    return "\n\n".join(parts) + "\n"


def gate_options() -> dict[str, dict[str, Any]]:
    """The options that the plugin adds to pytest, each with what it is added with."""
    found: dict[str, dict[str, Any]] = {}

    class Parser:
        def getgroup(self, *_: str) -> Parser:
            return self

        def addoption(self, flag: str, **said: Any) -> None:
            found[flag] = said

    plugin.pytest_addoption(Parser())  # type: ignore[arg-type]
    return found


def parsers() -> dict[str, argparse.ArgumentParser]:
    """The commands, each with its parser: of a program with commands one each."""
    found = {}
    for main in (synthetics_cli.main, gate_cli.main):
        parser = _parser_of(main)
        inner = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]  # noqa: SLF001
        if not inner:
            found[parser.prog] = parser
        for action in inner:
            found |= {f"{parser.prog} {name}": sub for name, sub in action.choices.items()}
    return found


def _parser_of(main: Callable[[list[str]], int]) -> argparse.ArgumentParser:
    """The parser of a program, which it would parse its arguments with."""

    class Found(Exception):
        pass

    def found(parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        raise Found(parser)

    parser = argparse.ArgumentParser
    with (
        patch.object(parser, "parse_args", found),
        patch.object(parser, "parse_intermixed_args", found),
    ):
        try:
            main([])
        except Found as made:
            its: argparse.ArgumentParser = made.args[0]
            return its
    raise AssertionError(f"{main.__module__} parses no arguments")


def _gate() -> str:
    rows = ["| option | default | meaning, and an example |", "|---|---|---|"]
    for flag, said in gate_options().items():
        also = ", ".join(f"`{name}`" for name in _VARIABLES.get(_NAMES[flag], ()))
        metavar = f"={said['metavar']}" if "metavar" in said else ""
        default = f"`{said['default']}`" if said.get("default") else ""
        means = said["help"] + (f". Also said by {also}." if also else ".")
        means += f"<br>`{MEANINGS['options'][flag]}`"
        rows.append(row(f"`{flag}{metavar}`", default, means))
    return "\n".join(rows)


def _table(parser: argparse.ArgumentParser) -> str:
    rows = ["| argument | default | meaning |", "|---|---|---|"]
    return "\n".join([*rows, *(row(*cells) for cells in _arguments(parser))])


def _arguments(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str, str]]:
    for action in parser._actions:  # noqa: SLF001
        if isinstance(action, argparse._HelpAction):  # noqa: SLF001
            continue
        shown = action.metavar or "|".join(map(str, action.choices or ())) or action.dest.upper()
        takes = "" if action.nargs == 0 else f" {shown}"
        name = ", ".join(action.option_strings) + takes
        default = action.default
        told = default not in (None, False, argparse.SUPPRESS) and default != []
        what = ", ".join(map(str, default)) if isinstance(default, list) else default
        yield f"`{name.strip()}`", f"`{what}`" if told else "", action.help or ""
