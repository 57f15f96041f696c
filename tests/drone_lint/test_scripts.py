"""What the linter says of a gate's step against what real shells make of it.

Each runs as Drone runs it: `echo "$DRONE_SCRIPT" | /bin/sh`, with an `echo +` before each command.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml
from _pytest.config import default_plugins

from pytest_storedog_gate.drone_lint.rules import Level
from tests.counted_calls import HALF_A_SECOND, at_most
from tests.drone_lint.cases import Case, proved_by
from tests.drone_lint.linted import PRODUCTION, linted_steps
from tests.drone_lint.scripts import GATE, LET_THROUGH, SOUND, Script

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_storedog_gate.drone_lint.rules import Report
_SHELLS = {
    name: command
    for name, command in {
        "dash": ["dash"],
        "bash": ["bash", "--posix"],  # as it is where it is /bin/sh
        "busybox": ["busybox", "sh"],
    }.items()
    if shutil.which(command[0])
}


@pytest.mark.parametrize("name", LET_THROUGH)
def test_what_a_real_shell_lets_through_is_an_error(name: str, tmp_path: Path) -> None:
    script = LET_THROUGH[name]
    _lay_out(tmp_path, script)

    for shell in _SHELLS.keys() & set(script.shells):
        status = _run(_SHELLS[shell], script, 1, tmp_path)
        assert status in (0, 78), f"{shell}: {script.commands}"
    report = _lint(script, tmp_path)
    assert report.count(Level.ERROR) >= 1, report
    assert not report.sound


@pytest.mark.parametrize("case", proved_by("shell"), ids=lambda case: case.path.stem)
def test_what_a_pipeline_has_for_its_gate_is_let_through_by_each_shell(
    case: Case, tmp_path: Path
) -> None:
    steps = yaml.safe_load(case.path.read_text("utf-8"))["steps"]
    (commands,) = [step["commands"] for step in steps if step["name"] == "gate"]
    script = Script(commands)
    _lay_out(tmp_path, script)

    for shell in _SHELLS.values():
        assert _run(shell, script, 1, tmp_path) == 0, commands


@pytest.mark.parametrize("name", SOUND)
def test_what_is_plain_is_sound_and_every_shell_ends_as_the_gate_does(
    name: str, tmp_path: Path
) -> None:
    script = SOUND[name]
    _lay_out(tmp_path, script)

    for shell in _SHELLS.keys() & set(script.shells):
        assert _run(_SHELLS[shell], script, 1, tmp_path) not in (0, 78), script.commands
        assert _run(_SHELLS[shell], script, 0, tmp_path) == 0, script.commands
    report = _lint(script, tmp_path)
    assert report.sound, report


def test_an_input_alone_in_a_pipe_is_not_plain(tmp_path: Path) -> None:
    report = _lint(Script(["true | < /dev/null | true", GATE]), tmp_path)

    assert [finding.rule for finding in report.findings] == ["own-step"]


@pytest.mark.parametrize("name", default_plugins)
def test_no_part_of_pytest_that_runs_the_gate_may_be_taken_out(name: str, tmp_path: Path) -> None:
    tools = {"pastebin", "junitxml", "doctest", "cacheprovider", "stepwise", "warnings", "logging"}

    report = _lint(Script([f"{GATE} -p no:{name}"]), tmp_path)

    assert report.sound is (name in tools | {"faulthandler"})


@pytest.mark.parametrize(
    "workspace", [{"path": "/srv/app"}, {"base": "/srv", "path": "app"}, {"base": "/srv"}], ids=str
)
@pytest.mark.parametrize(
    "commands",
    [
        ["/srv/app/bin/pytest --storedog-env=staging"],
        ["timeout 9 /srv/app/bin/pytest --storedog-env=staging"],
        [". /srv/app/bin/activate", GATE],
        ["/srv/app/bin/pip install a", GATE],
    ],
    ids=str,
)
def test_a_program_in_the_workspace_is_the_repositorys(
    workspace: dict[str, str], commands: list[str], tmp_path: Path
) -> None:
    inside = _lint(Script(commands), tmp_path, workspace=workspace)

    assert [finding.rule for finding in inside.findings] == ["own-step"]
    assert _lint(Script(commands), tmp_path).sound


@pytest.mark.parametrize(
    "place",
    [
        {"workspace": {"path": "/usr/local"}},
        {"workspace": {"base": "/usr", "path": "local"}},
        {"volumes": [{"name": "a", "path": "/usr/local/bin"}]},
        {"volumes": [{"name": "a", "path": "/bin/"}]},
        {"working_dir": "/dev"},
        {"working_dir": "/proc/self/fd"},
    ],
    ids=str,
)
def test_where_others_files_are_the_programs_or_the_script_is_a_file_nothing_is_plain(
    place: dict[str, object], tmp_path: Path
) -> None:
    top = {key: place[key] for key in place.keys() & {"workspace"}}

    report = _lint(Script(["cat stdin", GATE]), tmp_path, place, **top)

    assert [finding.rule for finding in report.findings] == ["own-step"]


@pytest.mark.parametrize(
    "place",
    [
        {"workspace": {"base": "/go", "path": "src/shop"}},
        {"volumes": [{"name": "a", "path": "/var/cache"}, {"path": "/var/run/docker.sock"}]},
        {"volumes": [{"name": "a", "path": "/usr/bin/docker"}], "working_dir": "/drone/src/app"},
    ],
    ids=str,
)
def test_other_folders_are_the_pipelines_own_matter(
    place: dict[str, object], tmp_path: Path
) -> None:
    top = {key: place[key] for key in place.keys() & {"workspace"}}

    assert _lint(Script([GATE]), tmp_path, place, **top).sound


_PIECES = [
    *(GATE, GATE, "pip install nothing", "echo said", "true", "false", "exit 0", "set +e"),
    *("rc=$?", "exit $rc", "trap 'exit 0' EXIT", "cd .", "export A=b", "PATH=.", "cat", "&&", "||"),
    *(";", "|", "&", "!", "(", ")", "{", "}", "if", "then", "fi", "'", '"', "\\", "\n"),
    *("> out.log", "set -x", "2>&1", "<<E", "E", "#", "$A", "$(true)", "`true`", "env -u A"),
    *("exec", "timeout 9", "\t"),
]  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_no_script_put_together_at_random_passes_here_and_lets_a_failing_gate_through(
    seed: int, tmp_path: Path
) -> None:
    chosen = random.Random(seed)  # noqa: S311  # the same scripts each time
    _lay_out(tmp_path, Script([]))
    sound = 0
    for _ in range(250):
        words = [chosen.choice(_PIECES) for _ in range(chosen.randint(1, 5))]
        place = chosen.randint(0, len(words))
        commands = [" ".join([*words[:place], GATE, *words[place:]])]
        commands += [chosen.choice(_PIECES) for _ in range(chosen.randint(0, 1))]
        script = Script(commands)
        if _lint(script, tmp_path).count(Level.ERROR):
            continue
        sound += 1
        for shell in _SHELLS.values():
            assert _run(shell, script, 1, tmp_path) not in (0, 78), script.commands
    assert sound > 3


_N = 500


@pytest.mark.parametrize(
    "commands",
    [
        pytest.param(["pip install nothing"] * _N + [GATE], id="plain"),
        pytest.param([f"if [ -f {n} ]; then" for n in range(_N)] + [GATE], id="if"),
        pytest.param([GATE] * _N, id="gates"),
        pytest.param(["; ".join([GATE] * _N)], id="gates-in-a-line"),
        pytest.param(["; ".join(["true"] * _N) + f"; {GATE}"], id="one-line"),
        pytest.param([" && ".join([GATE] * _N)], id="and"),
        pytest.param([f"export A{n}={n}" for n in range(_N)] + [GATE], id="exports"),
        pytest.param([f"{GATE} " + "'a' " * 10 * _N], id="words"),
        pytest.param(["(" * 10 * _N + GATE], id="brackets"),
    ],
)
def test_five_hundred_commands_take_no_half_a_second(commands: list[str], tmp_path: Path) -> None:
    script = Script(commands)

    with at_most(HALF_A_SECOND):
        _lint(script, tmp_path)


def _lint(
    script: Script, folder: Path, step: Mapping[str, object] | None = None, **more: object
) -> Report:
    gate = {"name": "gate", "image": "x", "commands": script.commands}
    given = {"environment": script.environment, **(step or {})}
    return linted_steps({**gate, **given}, PRODUCTION, root=folder, **more)


def _lay_out(folder: Path, script: Script) -> None:
    # The programs that every script may use; the gate's ends as it is told.
    gate = 'case "$*" in *--version*|*-VV*|*--help*) exit 0;; esac\nexit "$STATUS"'
    reads = 'case "$*" in *-i*|*stdin*) cat > /dev/null;; esac'
    module = 'case "$*" in *venv*|-c*) exit 0;; esac\ntest "$1" != -m || { shift; exec "$@"; }'
    programs = {"pytest": gate, "python": module, "docker": reads}
    programs |= dict.fromkeys(("pip", "apt-get", "deploy", "yarn", "git"), "true")
    (folder / "README.md").touch()
    made = {f"bin/{name}": f"#!/bin/sh\n{text}\n" for name, text in programs.items()}
    for name, text in {**made, **script.files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)


def _run(shell: list[str], script: Script, status: int, folder: Path) -> int:
    """As Drone's runner does it; its `${NAME}` is not ours to put in."""
    items = [
        f"echo + {json.dumps(c, ensure_ascii=False)}".replace("$", r"\$") + f"\n{c}\n"
        for c in script.commands
    ]
    run = " ".join(shell)
    environment = {
        "PATH": f"{folder}/bin:/usr/bin:/bin", "STATUS": str(status), "HOME": str(folder),
        **script.environment, "DRONE_SCRIPT": "set -e\n" + "\n".join(items),
    }  # fmt: skip
    if script.environment.get("PATH"):
        environment["PATH"] += f":{folder}/bin"
    done = subprocess.run(
        [*shell, "-c", f'echo "$DRONE_SCRIPT" | {run}'],
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode
