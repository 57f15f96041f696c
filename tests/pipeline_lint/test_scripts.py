"""What the linter says of scripts against what real shells make of them, for made-up scripts."""

from __future__ import annotations

import random
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.pipeline.recognition import gate_in
from pytest_storedog_gate.pipeline.script import Script
from pytest_storedog_gate.pipeline.shell import leaks

if TYPE_CHECKING:
    from pathlib import Path

_GATE = "pytest --storedog-env=staging"
_STATUSES = (1, 5, 8)
_SHELLS = [
    pytest.param(shell, marks=pytest.mark.skipif(shutil.which(shell[0]) is None, reason=shell[0]))
    for shell in (["dash"], ["bash"], ["busybox", "sh"])
]
_SIMPLE = [
    *(_GATE, _GATE, _GATE, "good", "bad", "true", "false", "exit 0", "exit 3", "exit $?"),
    *("exit 78", "exit $rc", "rc=$?", "rc=0", "set +e", "set -e", "echo said", "test $? -eq 5"),
    *("[ $? -ne 0 ]", "[ $rc -eq 0 ]", "break", "trap 'good' EXIT", "trap 'exit 0' EXIT"),
]
_AROUND = [
    *("{0} && {1}", "{0} || {1}", "{0} | {1}", "! {0}", "( {0}; {1} )", "{{ {0}; {1}; }}"),
    *("if {0}; then {1}; fi", "if {0}; then {1}; else {2}; fi", "x=$({0})", "echo $({0})"),
    *("for i in 1 2; do {0}; {1}; done", "case $rc in 0) {0};; *) {1};; esac", "{0} > out"),
    *("if {0}; then {1}; elif {2}; then {1}; fi", "f() {{ {0}; {1}; }}; f", "sh -c '{3}; {4}'"),
    *("while {0}; do {1}; break; done", "until {0}; do {1}; break; done", "export x=$({0})"),
]


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("shell", _SHELLS, ids=lambda shell: shell[-1])
def test_a_shell_ends_with_0_without_the_gate_only_where_the_linter_says_so(
    tmp_path: Path, shell: list[str], seed: int
) -> None:
    _programs(tmp_path)
    random_ = random.Random(f"{seed}")  # noqa: S311  # the same scripts each time
    for _ in range(5):
        script = Script.joined((line, (1,)) for line in _script(random_) if "\n" not in line)
        gates = [c for c in script.commands() if gate_in(c, {}) is not None]
        for status in _STATUSES if gates else ():
            done = _run(shell, script, status, tmp_path)
            found = leaks(script, gates[0], _STATUSES) or script.unreadable
            assert done not in (0, 78) or found, (status, script.text)


def test_a_long_script_of_commands_that_end_either_way_is_followed_to_its_end() -> None:
    lines = ["set +e", *(f"some; s{n}=$?" for n in range(100)), _GATE, "closed=$?"]
    lines += [*(f"some && other || third; t{n}=$?" for n in range(100)), "exit $closed"]
    script = Script.joined((line, (1,)) for line in lines)
    (gate,) = [c for c in script.commands() if gate_in(c, {}) is not None]

    assert [leak.how for leak in leaks(script, gate, _STATUSES)] == ["set +e"]


def _script(random_: random.Random) -> list[str]:
    return [_statement(random_, 2) for _ in range(random_.randint(1, 4))]


def _statement(random_: random.Random, depth: int) -> str:
    if depth == 0 or random_.random() < 0.4:
        return random_.choice(_SIMPLE)
    parts = [_statement(random_, depth - 1) for _ in range(3)]
    words = [random_.choice(("good", "bad", _GATE, "exit 0")) for _ in range(2)]
    return random_.choice(_AROUND).format(*parts, *words)


def _programs(folder: Path) -> None:
    # The linter knows neither of the first two.
    for name, text in {"good": "exit 0", "bad": "exit 1", "pytest": 'exit "$STATUS"'}.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)


def _run(shell: list[str], script: Script, status: int, folder: Path) -> int:
    done = subprocess.run(
        shell,
        input=f"set -e\n{script.text}\n",
        cwd=folder,
        env={"PATH": f"{folder}:/usr/bin:/bin", "STATUS": str(status)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode
