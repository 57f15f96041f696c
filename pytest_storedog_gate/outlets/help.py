"""What the help of both commands has in common: examples, the version, completion in a shell."""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHELLS = ("bash", "zsh", "tcsh")  # shtab's
_FILES = ("FILE", "FILE|ID", "GLOB", "PATH")
_FOLDERS = ("DIR",)


def examples(*lines: str) -> dict[str, Any]:
    """The arguments of a parser whose help ends with these command lines."""
    return {
        "epilog": "\n".join(("examples:", *(f"  {line}" for line in lines))),
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add --version and --print-completion to a command's own parser."""
    release = f"{parser.prog} {version('pytest-storedog-gate')}"
    parser.add_argument("--version", action="version", version=release)
    parser.add_argument(
        "--print-completion",
        action=_PrintCompletion,
        choices=SHELLS,
        help="print what a shell reads to complete this command; it needs the extra `completion`",
    )


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
