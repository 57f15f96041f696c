"""The help of both commands: examples, version and completion."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from lab.scripts.site.command_lines import parsers
from pytest_storedog_gate.drone_lint.cli import main as gate
from pytest_storedog_gate.synthetics_cli.command_line import main as synthetics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PROGRAMS: dict[str, Callable[[Sequence[str]], int]] = {
    "storedog-gate": gate,
    "storedog-synthetics": synthetics,
}
COMMANDS = [
    *(("storedog-gate", one) for one in ("init", "lint", "keygen", "verify", "show")),
    *(
        ("storedog-synthetics", one)
        for one in ("init", "record", "validate", "serve", "run", "trigger", "pull")
    ),
]


def said(capsys: pytest.CaptureFixture[str], program: str, *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        PROGRAMS[program](arguments)
    assert not ended.value.code
    return capsys.readouterr().out


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_version_is_told(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, program, "--version")
    assert told == f"{program} {version('pytest-storedog-gate')}\n"


@pytest.mark.parametrize("program", ["local_synthetics", "synthetics_cli"])
def test_a_program_begins_without_looking_for_its_version(program: str) -> None:
    code = f"import sys, pytest_storedog_gate.{program}.command_line\n"
    code += "print('importlib.metadata' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize(("program", "command"), COMMANDS)
def test_each_example_is_a_command_line_that_is_understood(
    program: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, program, command, "--help")
    lines = text.partition("examples:\n")[2].splitlines()
    assert lines
    for line in lines:
        first, *words = shlex.split(line)
        assert (first, words[0]) == (program, command)
        # Whatever is read is read before this option, which ends it.
        said(capsys, program, *words, "--help")


def test_each_command_and_each_argument_says_what_it_is() -> None:
    found = parsers()
    assert {tuple(name.split()) for name in found} == set(COMMANDS)
    for parser in found.values():
        assert parser.description
        assert [action.dest for action in parser._actions if not action.help] == []


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_a_shell_reads_the_completion(
    program: str, shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script = said(capsys, program, "--print-completion", shell)
    assert "init" in script
    if shell == "bash":
        # What a shell offers after the program's name.
        asked = (
            f"{script}\nCOMP_WORDS=({program} i); COMP_CWORD=1; "
            f"$(complete -p {program} | sed 's/.*-F \\([^ ]*\\).*/\\1/') {program} i {program}; "
            'echo "${COMPREPLY[@]}"'
        )
        bash = str(shutil.which("bash"))
        done = subprocess.run([bash, "-c", asked], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["init"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_without_the_library_the_extra_is_named(
    program: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    with pytest.raises(SystemExit, match="4"):
        PROGRAMS[program](["--print-completion", "bash"])
    assert "pip install 'pytest-storedog-gate[completion]'" in capsys.readouterr().err
