"""What pytest reads beside its command line: what ends the real gate with 0 is an error."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.drone_lint.lint import pytest_file
from pytest_storedog_gate.drone_lint.rules import Level
from tests.conftest import WITHOUT_OTHERS
from tests.drone_lint.linted import PRODUCTION, linted_steps

if TYPE_CHECKING:
    from pytest_storedog_gate.drone_lint.rules import Report
    from tests.conftest import GateProject, Shop

_GATE = "pytest --storedog-env=staging"
_OFF = "-p no:storedog_gate --help"
_INI = f"[pytest]\naddopts = {_OFF}\n"
_EXIT = "import os\nos._exit(0)\n"
_REQUIRED = '[tool.pytest.ini_options]\nrequired_plugins = ["pytest-storedog-gate"]\n'


@dataclass
class Way:
    """A gate's command, files beside it, its step's variables, and those from elsewhere."""

    command: str = f"env -u PYTEST_ADDOPTS {_GATE}"
    files: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)


_WAYS = {
    "other-file": Way(f"{_GATE} -c other.ini", {"other.ini": _INI}),
    "other-file-glued": Way(f"{_GATE} -cother.ini", {"other.ini": _INI}),
    "other-file-long": Way(f"{_GATE} --config-file=other.ini", {"other.ini": _INI}),
    "other-file-among-flags": Way(f"{_GATE} -qcother.ini", {"other.ini": _INI}),
    "override": Way(f"{_GATE} -o 'addopts={_OFF}'"),
    "override-long": Way(f"{_GATE} '--override-ini=addopts={_OFF}'"),
    "addopts-of-pytest-ini": Way(files={"pytest.ini": _INI}),
    "addopts-of-tox-ini": Way(files={"tox.ini": _INI}),
    "addopts-of-setup-cfg": Way(files={"setup.cfg": _INI.replace("pytest", "tool:pytest", 1)}),
    "addopts-of-pytest-toml": Way(
        files={"pytest.toml": '[pytest]\naddopts = ["-p", "no:storedog_gate", "--help"]\n'}
    ),
    "addopts-of-a-tests-folder": Way(f"{_GATE} checks", {"checks/pytest.ini": _INI}),
    "addopts-of-one-of-two-folders": Way(
        f"{_GATE} checks more", {"checks/pytest.ini": _INI, "more/a": ""}
    ),
    "addopts-of-another-folder": Way(f"cd app\n{_GATE}", {"app/pytest.ini": _INI}),
    "addopts-that-a-value-hides": Way(
        f"env -u PYTEST_ADDOPTS {_GATE} --junitxml ci/a.xml",
        {"ci/pytest.ini": "[pytest]\n", "ci/a.xml": "", "pytest.ini": _INI},
    ),
    "hidden-pyproject": Way(
        _GATE,
        {"pyproject.toml": _REQUIRED, "pytest.ini": ""},
        elsewhere={"PYTEST_ADDOPTS": _OFF},
    ),
    "hidden-pyproject-by-a-dot-file": Way(
        _GATE,
        {"pyproject.toml": _REQUIRED, ".pytest.ini": "[pytest]\n"},
        elsewhere={"PYTEST_ADDOPTS": _OFF},
    ),
    "plugins": Way(
        files={"ci/lenient.py": _EXIT},
        environment={"PYTEST_PLUGINS": "lenient", "PYTHONPATH": "ci"},
    ),
    "plugins-alone": Way(
        f"env -u PYTEST_ADDOPTS python -m {_GATE}",
        {"lenient.py": _EXIT},
        environment={"PYTEST_PLUGINS": "lenient"},
    ),
    "plugins-exported": Way(
        f"export PYTEST_PLUGINS=lenient\npython -m {_GATE}", {"lenient.py": _EXIT}
    ),
    "plugin-by-option": Way(f"python -m {_GATE} -p lenient", {"lenient.py": _EXIT}),
    "sitecustomize": Way(files={"ci/sitecustomize.py": _EXIT}, environment={"PYTHONPATH": "ci"}),
    "additions": Way(_GATE, environment={"PYTEST_ADDOPTS": _OFF}),
    "additions-exported": Way(f"export PYTEST_ADDOPTS='{_OFF}'\n{_GATE}"),
    "additions-of-the-command": Way(f"PYTEST_ADDOPTS='{_OFF}' {_GATE}"),
    "additions-taken-away-in-vain": Way(
        f"true || unset PYTEST_ADDOPTS\n{_GATE}", environment={"PYTEST_ADDOPTS": _OFF}
    ),
}


def _lint(way: Way, folder: Path) -> Report:
    commands = way.command.split("\n")
    gate = {"name": "gate", "image": "x", "commands": commands, "environment": way.environment}
    return linted_steps(gate, PRODUCTION, root=folder)


@pytest.mark.parametrize("name", _WAYS)
def test_what_ends_the_real_gate_with_0_by_a_file_or_variable_is_an_error(
    name: str, project: GateProject, shop: Shop, programs: str
) -> None:
    way = _WAYS[name]
    shop.answers["/discount"] = (500, "[]")
    for file, text in way.files.items():
        (project.path / file).parent.mkdir(exist_ok=True)
        (project.path / file).write_text(text)

    done = subprocess.run(
        ["sh", "-ec", way.command],
        cwd=project.path,
        env={**os.environ, "PATH": programs, **way.elsewhere, **way.environment},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "GATE OPEN" not in done.stdout
    assert _lint(way, project.path).count(Level.ERROR) >= 1


@pytest.mark.parametrize("folder", ["app", "./app/", "/drone/src/app", "/drone/src/app/"])
def test_the_workspace_is_the_repository(folder: str, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "pytest.ini").write_text(_INI)
    gate = {"name": "gate", "image": "x", "working_dir": folder, "commands": [_GATE]}

    found = linted_steps(gate, PRODUCTION, root=tmp_path).findings

    assert "addopts" in {finding.rule for finding in found}


@pytest.mark.parametrize(
    ("files", "level"),
    [
        ({}, "note"),
        ({"pyproject.toml": "[project]\nname = 'shop'\n"}, "note"),
        ({"pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-ra -q'\n"}, "warning"),
        ({"pyproject.toml": _REQUIRED}, None),
        ({"setup.cfg": "[tool:pytest]\nrequired_plugins = a pytest-storedog-gate>=0.1\n"}, None),
        (
            {"pytest.toml": '[pytest]\nrequired_plugins = ["pytest-storedog-gate-else"]\n'},
            "warning",
        ),
        ({"pyproject.toml": _REQUIRED, "pytest.ini": "[pytest]\n"}, "error"),
        ({"pyproject.toml": _REQUIRED, "tox.ini": "[pytest]\n"}, None),
        ({"../pytest.ini": "[pytest]\n"}, "note"),
    ],
)
def test_required_plugins_are_looked_for_where_pytest_reads_them(
    files: dict[str, str], level: str | None, tmp_path: Path
) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)

    found = _lint(Way(_GATE), folder).findings

    assert [(f.rule, str(f.level)) for f in found] == [("required-plugins", level)] * bool(level)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("pytest.toml", b"[pytest\n"),
        ("pytest.toml", b"addopts = 1\n"),
        ("setup.cfg", b"[pytest]\n"),
        ("pytest.ini", b"[pytest]\naddopts = '\n"),
        ("pytest.ini", b"\xff\xfe"),
        ("pyproject.toml", b"tool = 1\n"),
    ],
)
def test_a_file_that_pytest_cannot_read_is_pytests_to_refuse(
    name: str, data: bytes, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)

    assert pytest_file(tmp_path, Path(), "") == ("", "", "", "")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *WITHOUT_OTHERS],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
