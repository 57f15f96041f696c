"""What both programs have in common: how they are read, examples, version, completion."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_storedog_gate.errors import ExitStatus
from pytest_storedog_gate.outlets.plain_text import long_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SHELLS = ("bash", "zsh", "tcsh")  # shtab's
_FILES = ("FILE", "FILE|ID", "GLOB", "PATH")
_FOLDERS = ("DIR",)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in a sentence, and takes options between files too."""

    _within = False

    def error(self, message: str) -> NoReturn:
        """Ends the process with exit status 4."""
        command = self.prog.partition(" ")[0]
        self.exit(ExitStatus.USAGE, f"{command}: {long_line(message)} (see --help)\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does when it is asked to by another method of its own."""
        if self._within or self._subparsers is not None:  # one with commands below it cannot
            return super().parse_known_args(args, namespace)
        self._within = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._within = False


def examples(*lines: str) -> dict[str, Any]:
    """The arguments of a parser whose help ends with these command lines."""
    return {
        "epilog": "\n".join(("examples:", *(f"  {line}" for line in lines))),
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }


def program(
    name: str,
    description: str,
    *commands: Callable[[argparse._SubParsersAction[Parser]], None],
) -> Parser:
    """The parser of a program; each of its `commands` adds its own, with what it runs as `run`."""
    completion = f'eval "$({name} --print-completion bash)"'
    told = examples(f"{name} COMMAND --help", completion)
    parser = Parser(prog=name, description=description, **told)
    _add_common(parser)
    added = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in commands:
        add(added)
    listed: list[Any] = added._choices_actions  # noqa: SLF001  # what is said of each command
    for told in listed:
        added.choices[told.dest].description = f"{told.help[0].upper()}{told.help[1:]}."
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--version", action=_PrintVersion, nargs=0, help="show program's version number and exit"
    )
    parser.add_argument(
        "--print-completion",
        action=_PrintCompletion,
        choices=SHELLS,
        help="print what a shell reads to complete this command; it needs the extra `completion`",
    )


class _PrintVersion(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        # What looks for it takes longer to import than all else of a program's beginning.
        from importlib.metadata import version  # noqa: PLC0415

        sys.stdout.write(f"{parser.prog} {version('pytest-storedog-gate')}\n")
        parser.exit()


class _PrintCompletion(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,  # noqa: ARG002  # as argparse calls it
        values: str | Sequence[Any] | None,
        option_string: str | None = None,  # noqa: ARG002
    ) -> NoReturn:
        try:
            import shtab  # noqa: PLC0415  # few want it, and each once
        except ModuleNotFoundError:
            parser.error("completion needs shtab; pip install 'pytest-storedog-gate[completion]'")
        for action in _actions(parser):
            if action.metavar in (*_FILES, *_FOLDERS) and not action.choices:
                kind = shtab.DIRECTORY if action.metavar in _FOLDERS else shtab.FILE
                action.complete = kind  # type: ignore[attr-defined]  # where shtab looks
        sys.stdout.write(f"{shtab.complete(parser, shell=str(values))}\n")
        parser.exit()


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """All of a parser and of its commands."""
    for action in parser._actions:  # noqa: SLF001  # there is no other way
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for command in action.choices.values():
                yield from _actions(command)
