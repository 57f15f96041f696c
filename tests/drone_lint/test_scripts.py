"""What the linter says of a gate's step against what real shells make of it.

Each runs as Drone runs it: `echo "$DRONE_SCRIPT" | /bin/sh`, with an `echo +` before each command.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
import yaml
from _pytest.config import default_plugins

from pytest_storedog_gate.drone_lint.lint import lint
from pytest_storedog_gate.drone_lint.rules import Level
from tests.counted_calls import HALF_A_SECOND, at_most

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_storedog_gate.drone_lint.lint import Report

_GATE = "pytest --storedog-env=staging"
_SHELLS = {
    name: command
    for name, command in {
        "dash": ["dash"],
        "bash": ["bash", "--posix"],  # as it is where it is /bin/sh
        "busybox": ["busybox", "sh"],
    }.items()
    if shutil.which(command[0])
}


@dataclass
class Script:
    """A step's commands; `files` stand in its workspace, `shells` have to show it."""

    commands: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    shells: tuple[str, ...] = ("dash", "bash", "busybox")


def _before(*commands: str, **given: object) -> Script:
    """These commands, then the gate."""
    return Script([*commands, _GATE], **given)  # type: ignore[arg-type]


_GREEN = "#!/bin/sh\nexit 0\n"
# A failing gate ends each of these with 0 (or 78, which is a pass to Drone) in its shells.
_LET_THROUGH = {
    "function": _before("pytest() { true; }"),
    "function-keyword": _before("function pytest { true; }", shells=("bash", "busybox")),
    "function-in-lines": _before('pytest () {\n  command pytest "$@" || echo closed\n}'),
    "function-by-eval": _before("eval 'pytest() { :; }'"),
    "function-from-variable": _before('eval "$SETUP"', environment={"SETUP": "pytest() { :; }"}),
    "function-sourced": _before(". ./ci.sh", files={"ci.sh": "pytest() { :; }\n"}),
    "sourced-word": _before(
        "source ./ci.sh", files={"ci.sh": "pytest() { :; }\n"}, shells=("bash", "busybox")
    ),
    "sourced-without-a-slash": _before(". ci.sh", files={"bin/ci.sh": "exit 0\n"}),
    "alias": _before("alias pytest=true", "", shells=("dash", "busybox", "bash")),
    "alias-of-the-wrapper": Script(["alias env=true", f"env -u PYTEST_ADDOPTS {_GATE}"]),
    "path": _before("PATH=$PWD/ci:$PATH", files={"ci/pytest": _GREEN}),
    "path-exported": _before('export PATH="$PWD/ci:$PATH"', files={"ci/pytest": _GREEN}),
    "path-of-the-command": Script([f"PATH=ci:$PATH {_GATE}"], files={"ci/pytest": _GREEN}),
    "path-by-env": Script([f"env PATH=ci:/bin:/usr/bin {_GATE}"], files={"ci/pytest": _GREEN}),
    "path-of-the-step": Script(
        [_GATE], environment={"PATH": "ci:/usr/bin:/bin"}, files={"ci/pytest": _GREEN}
    ),
    "program-of-the-repository": Script(
        ["./pytest --storedog-env=staging"], files={"pytest": _GREEN}
    ),
    "program-in-a-folder": Script(
        ["ci/bin/pytest --storedog-env=staging"], files={"ci/bin/pytest": _GREEN}
    ),
    "program-linked": _before("ln -sf /bin/true bin/pytest"),
    "program-written": _before("printf '#!/bin/sh\\n' > bin/pytest"),
    "program-copied": _before("cp ci/pytest bin/pytest", files={"ci/pytest": _GREEN}),
    "program-by-script": _before("sh ci.sh", files={"ci.sh": "ln -sf /bin/true bin/pytest\n"}),
    "script-of-its-own": Script(["sh ci.sh"], files={"ci.sh": f"{_GATE} || true\n"}),
    "script-made-executable": Script(
        ["chmod +x ci.sh", "./ci.sh --storedog-env=staging"],
        files={"ci.sh": 'pytest "$@"; exit 0\n'},
    ),
    "hash": _before("hash -p /bin/true pytest", shells=("bash",)),
    "printf-into-a-variable": _before(
        'printf -v PATH %s "$PWD/ci"', files={"ci/pytest": _GREEN}, shells=("bash",)
    ),
    "read-into-a-variable": _before(
        "read PATH < ci.txt", files={"ci.txt": "ci\n", "ci/pytest": _GREEN}
    ),
    "exported-function": Script(
        [_GATE], environment={"BASH_FUNC_pytest%%": "() { :; }"}, shells=("bash",)
    ),
    "or-true": Script([f"{_GATE} || true"]),
    "or-colon": Script([f"{_GATE}||:"]),
    "or-echo": Script([f"{_GATE} || echo closed"]),
    "or-in-the-next-line": Script([f"{_GATE} ||\n  true"]),
    "or-continued": Script([f"{_GATE} \\\n  || true"]),
    "and-before-more": Script([f"{_GATE} && echo open", "echo reports"]),
    "and-before-nothing": Script([f"{_GATE} && echo open", ""]),
    "and-before-a-comment": Script([f"{_GATE} && echo open", "# reports"]),
    "after-and": Script([f"test -e gate.toml && {_GATE}", "echo reports"]),
    "after-and-of-installs": Script([f"ls nothing && {_GATE}", "echo reports"]),
    "or-and": Script([f"{_GATE} && echo open || echo closed"]),
    "semicolon-in-braces": Script(["{ " + _GATE + "; true; } || true"]),
    "pipe": Script([f"{_GATE} | cat"]),
    "pipe-with-errors": Script([f"{_GATE} 2>&1 | cat"]),
    "pipe-into-the-gate-and-on": Script([f"echo | {_GATE} | cat"]),
    "background": Script([f"{_GATE} &"]),
    "background-and-wait": Script([f"{_GATE} &", "wait"]),
    "negated": Script([f"! {_GATE}"]),
    "subshell": Script([f"({_GATE}) || true"]),
    "substitution": Script([f'echo "$({_GATE})"']),
    "substitution-by-backquotes": Script([f"echo `{_GATE}`"]),
    "substitution-exported": Script([f"export RESULT=$({_GATE})"]),
    "process-substitution": Script([f"cat <({_GATE})"], shells=()),
    "if": Script([f"if {_GATE}; then echo open; fi"]),
    "if-in-lines": Script([f"if {_GATE}\nthen\n  echo open\nfi"]),
    "while": Script([f"while {_GATE}; do break; done"]),
    "until": Script([f"for i in 1; do until ! {_GATE}; do break; done; done"]),
    "for-nothing": Script([f"for i in $NOTHING; do {_GATE}; done"]),
    "case": Script([f"case $DRONE_BRANCH in main) {_GATE};; esac"]),
    "never-called": Script([f"gate() {{ {_GATE}; }}"]),
    "here-document": Script([f"cat <<EOF\n{_GATE}\nEOF"]),
    "here-document-over-items": Script(["cat <<EOF", _GATE, "EOF"]),
    "open-quote-over-items": Script(["echo '", _GATE, "'"], shells=()),
    "colon-with-quote": Script([": '", _GATE, "'"], shells=()),
    "comment": Script([f"# {_GATE}"]),
    "set-plus-e": _before("set +e", shells=()),
    "set-plus-e-and-more": Script(["set +e", _GATE, "echo reports"]),
    "set-plus-o-errexit": Script(["set +o errexit", _GATE, "echo reports"]),
    "set-plus-ex": Script(["set +ex", _GATE, "true"]),
    "set-n": _before("set -n"),
    "set-o-noexec": _before("set -o noexec"),
    "shopt": Script(["shopt -u -o errexit", _GATE, "echo reports"], shells=("bash",)),
    "trap": _before("trap 'exit 0' EXIT"),
    "trap-with-dashes": _before("trap -- 'exit 0' EXIT"),
    "trap-by-number": _before("trap 'exit 0' 0"),
    "trap-in-double-quotes": _before('trap "exit 0" EXIT'),
    "trap-err": _before("trap 'exit 0' ERR", shells=("bash",)),
    "exit-before": _before("exit 0"),
    "exit-256": Script([f"{_GATE} || exit 256"]),
    "exit-78": Script([f"{_GATE} || exit 78"]),
    "exit-334": Script([f"{_GATE} || exit 334"]),
    "exec": _before("exec true"),
    "exec-of-the-input": _before("exec < /dev/null", shells=("bash",)),
    "eval-of-the-gate": Script([f"eval '{_GATE} || true'"]),
    "command-in-a-variable": Script(["$RUN || true"], environment={"RUN": _GATE}),
    "shell-c": Script([f"sh -c '{_GATE}; true'"]),
    "shell-c-of-variable": Script(['sh -c "$RUN"'], environment={"RUN": f"{_GATE} || true"}),
    "shell-reads-the-rest": _before("sh", shells=()),
    "xargs": Script([f"xargs -r {_GATE} < /dev/null"]),
    "find": Script([f"find nothing -exec {_GATE} +"], files={"nothing/a": ""}, shells=()),
    "watched": Script([f"quietly {_GATE}"], files={"bin/quietly": '#!/bin/sh\n"$@" || true\n'}),
    "nohup-in-the-background": Script([f"nohup {_GATE} &"]),
    "return": _before("return 0", shells=("dash", "busybox")),
    "kill": _before("kill -9 $$", shells=()),
    "reads-the-script": _before("cat", shells=("bash",)),
    "reads-the-script-by-number": _before("cat /dev/fd/0", shells=("bash",)),
    "reads-the-script-of-its-process": _before("cat /proc/self/fd/0", shells=("bash",)),
    "reads-the-script-by-a-pattern": _before("cat /d[e]v/stdin", shells=("bash",)),
    "reads-the-script-by-a-way-up": _before("cat /usr/../dev//stdin", shells=("bash",)),
    "reads-the-script-after-no-word": _before("cat $NOTHING", shells=("bash",)),
    "reads-the-script-as-requirements": _before("pip install -r /dev/fd/0", shells=()),
    "reads-the-script-glued": _before("pip install -r/dev/stdin", shells=()),
    "reads-the-script-as-a-dockerfile": _before("docker build -f- .", shells=()),
    "reads-the-script-in-a-service": _before("docker compose run -T shop sh up", shells=()),
    "reads-the-script-as-revisions": _before("git log --stdin", shells=()),
    "environment-of-the-repository": _before(
        ". .venv/bin/activate", files={".venv/bin/activate": "exit 0\n"}
    ),
    "environment-as-an-argument": _before(
        "python -m venv .venv", ". ./ci.sh .venv/bin/activate", files={"ci.sh": "exit 0\n"}
    ),
    "environment-that-is-there": _before(
        "test -d .venv || python -m venv .venv",
        ". .venv/bin/activate",
        files={".venv/bin/activate": "exit 0\n"},
    ),
    "environment-of-another-folder": _before(
        "python -m venv .venv",
        "cd app",
        ". .venv/bin/activate",
        files={"app/.venv/bin/activate": "exit 0\n"},
    ),
    "copied-over-a-way-up": _before(
        "cp ci/pytest out/../bin/pytest", files={"ci/pytest": _GREEN, "out/a": ""}
    ),
    "uv-python": Script([_GATE], environment={"UV_PYTHON": "ci/python"}, shells=()),
    "uv-project-exported": _before("export UV_PROJECT=ci", shells=()),
    "uv-environment": Script([_GATE], environment={"UV_PROJECT_ENVIRONMENT": "ci"}, shells=()),
    "poetry-environment": _before("export POETRY_VIRTUALENVS_PATH=ci", shells=()),
    "pyenv": Script([_GATE], environment={"PYENV_VERSION": "ci"}, shells=()),
    "openssl": Script([_GATE], environment={"OPENSSL_CONF": "ci/openssl.cnf"}, shells=()),
    "coverage-file": Script([f"{_GATE} --cov-config=evil.cfg"], shells=()),
    "coverage-file-apart": Script([f"{_GATE} --cov-config evil.cfg"], shells=()),
    "warning-of-a-module": Script([f"{_GATE} -W ignore::evil.W"], shells=()),
    "warning-glued": Script([f"{_GATE} -Werror::evil.W"], shells=()),
    "comment-that-drone-fills-in": Script([f"test -e gate && {_GATE}\n# ${{X}}"], shells=()),
    "reads-the-script-as-a-password": _before("docker login --password-stdin", shells=("bash",)),
    "reads-the-script-in-a-container": _before("docker run -i alpine cat", shells=("bash",)),
    "cut-off-by-echo": _before(r"echo ready \c", shells=("dash",)),
    "quoted-by-drones-echo": Script([f"{_GATE} \\", '"'], shells=("dash",)),
    "cut-off-in-a-comment": _before(r"# all is \c", shells=("dash",)),
    "cut-off-by-printf": Script([r"echo ready \\c", _GATE], shells=()),
    "split-variable": Script(
        ["pytest --storedog-env=staging $MORE"], environment={"MORE": "--version"}
    ),
    "split-value": Script(
        ["pytest --storedog-env=staging --storedog-image=$IMAGE"],
        environment={"IMAGE": "x --version"},
    ),
    "variable-of-the-script": Script(["MORE=--version", f"{_GATE} $MORE"]),
    "version": Script([f"{_GATE} --version"]),
    "version-twice": Script([f"{_GATE} -VV"]),
    "help-without-the-plugin": Script([f"{_GATE} -p no:storedog_gate --help"]),
    "other-python": Script([f"python -c 'raise SystemExit(0)' {_GATE}"]),
    "coverage": Script([f"true {_GATE}"]),
    "brace-expansion": Script(["{true,--storedog-env=staging}"], shells=()),
    "drones-default": Script([f"{_GATE} ${{NOTHING:-|| true}}"], shells=()),
    "no-break-space": Script([f"{_GATE}\u00a0|| true"]),
    "line-separator": Script([f"{_GATE} ||\u2028true"], shells=()),
    "carriage-return": Script([f"{_GATE}\r|| true"]),
}
# A failing gate ends each of these with another status in every shell.
_SOUND = {
    "alone": Script([_GATE]),
    "installs": _before("pip install nothing", "python -m pip install -q 'nothing[local]>=1,<2'"),
    "installs-among-and": _before("pip install nothing && pip install -r requirements.txt"),
    "system-packages": _before(
        "apt-get update", "DEBIAN_FRONTEND=noninteractive apt-get install -y curl"
    ),
    "says": _before("echo 'The gate; is next.'", "printf '%s' done", "date", "ls -la"),
    "options": _before("set -eux"),
    "variables": _before("export REPORTS=reports", 'mkdir -p "$REPORTS"', "TZ=UTC"),
    "quotes": Script(
        ['''pytest '--storedog-env=staging' "--junitxml=$REPORTS/a.xml"'''],
        environment={"REPORTS": "out"},
    ),
    "words": Script(
        ["pytest --storedog-env staging --junitxml out.xml -n 4 -v -ra --tb=short tests/smoke"]
    ),
    "env": Script([f"env -u PYTEST_ADDOPTS -u PYTEST_PLUGINS {_GATE}"]),
    "empties-additions": Script([f"PYTEST_ADDOPTS= {_GATE}"]),
    "timeout": Script([f"timeout 600 {_GATE}"]),
    "timeout-with-signal": Script([f"timeout -k 5 600s {_GATE}"]),
    "module": Script([f"python -m {_GATE}"]),
    "exec": Script([f"exec {_GATE}"]),
    "folder": _before("cd app", files={"app/a": ""}),
    "continued": Script([f"{_GATE} \\\n    --junitxml=out.xml \\\n    -v"]),
    "lines": Script([f"pip install nothing\n\n# The gate.\n{_GATE}\n"]),
    "more-after-it": Script([_GATE, "if true; then echo open; fi", "trap 'exit 0' EXIT"]),
    "true-after-it": Script([f"{_GATE}; true"]),
    "last-among-and": Script([f"pip install nothing && {_GATE} && echo open"]),
    "last-among-and-in-a-block": Script([f"pip install nothing && {_GATE}\n"]),
    "log": Script([f"{_GATE} > gate.log 2>&1"]),
    "looks": _before("test -d bin", "[ -n set ]", "which pytest"),
    "tolerant-before": _before(
        "docker pull cache || true", "echo secret | docker login --password-stdin"
    ),
    "drones-number": Script([f"{_GATE} --junitxml=out-${{DRONE_BUILD_NUMBER}}.xml"]),
    "comment-last": Script([f"test -d bin && {_GATE}\n# The gate.\n\n  # All.\n"]),
    "yarn": _before("yarn add --dev @datadog/datadog-ci"),
    "made-environment": _before(
        "python -m venv .venv", ". .venv/bin/activate", files={".venv/bin/activate": ""}
    ),
    "tidies": _before("rm -rf reports *.xml", "mkdir -p reports", "cp README.md reports/a.md"),
    "modes": _before("chmod +x ci.sh", files={"ci.sh": ""}),
    "submodules": _before("git submodule update --init --recursive"),
    "requirements": _before("pip install -r requirements/dev/base.txt"),
    "warnings": Script([f"{_GATE} -W error -W ignore::DeprecationWarning -p no:cacheprovider"]),
    "several": Script([_GATE, "pytest --storedog-env=production"]),
}


@pytest.mark.parametrize("name", _LET_THROUGH)
def test_what_a_real_shell_lets_through_is_an_error(name: str, tmp_path: Path) -> None:
    script = _LET_THROUGH[name]
    _lay_out(tmp_path, script)

    for shell in _SHELLS.keys() & set(script.shells):
        status = _run(_SHELLS[shell], script, 1, tmp_path)
        assert status in (0, 78), f"{shell}: {script.commands}"
    report = _lint(script, tmp_path)
    assert report.count(Level.ERROR) >= 1, report
    assert not report.sound


@pytest.mark.parametrize("name", _SOUND)
def test_what_is_plain_is_sound_and_every_shell_ends_as_the_gate_does(
    name: str, tmp_path: Path
) -> None:
    script = _SOUND[name]
    _lay_out(tmp_path, script)

    for shell in _SHELLS.values():
        assert _run(shell, script, 1, tmp_path) not in (0, 78), script.commands
        assert _run(shell, script, 0, tmp_path) == 0, script.commands
    report = _lint(script, tmp_path)
    assert report.sound, report


@pytest.mark.parametrize("name", default_plugins)
def test_no_part_of_pytest_that_runs_the_gate_may_be_taken_out(name: str, tmp_path: Path) -> None:
    tools = {"pastebin", "junitxml", "doctest", "cacheprovider", "stepwise", "warnings", "logging"}

    report = _lint(Script([f"{_GATE} -p no:{name}"]), tmp_path)

    assert report.sound is (name in tools | {"faulthandler"})


@pytest.mark.parametrize(
    "workspace", [{"path": "/srv/app"}, {"base": "/srv", "path": "app"}, {"base": "/srv"}], ids=str
)
@pytest.mark.parametrize(
    "commands",
    [
        ["/srv/app/bin/pytest --storedog-env=staging"],
        ["timeout 9 /srv/app/bin/pytest --storedog-env=staging"],
        [". /srv/app/bin/activate", _GATE],
        ["/srv/app/bin/pip install a", _GATE],
    ],
    ids=str,
)
def test_a_program_in_the_workspace_is_the_repositorys(
    workspace: dict[str, str], commands: list[str], tmp_path: Path
) -> None:
    text = _pipeline(Script(commands))

    inside = lint(f"{text}workspace: {json.dumps(workspace)}\n", ".drone.yml", tmp_path)

    assert [finding.rule for finding in inside.findings] == ["own-step"]
    assert lint(text, ".drone.yml", tmp_path).sound


_PIECES = [
    *(_GATE, _GATE, "pip install nothing", "echo said", "true", "false", "exit 0", "set +e"),
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
        commands = [" ".join([*words[:place], _GATE, *words[place:]])]
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
        pytest.param(["pip install nothing"] * _N + [_GATE], id="plain"),
        pytest.param([f"if [ -f {n} ]; then" for n in range(_N)] + [_GATE], id="if"),
        pytest.param([_GATE] * _N, id="gates"),
        pytest.param(["; ".join([_GATE] * _N)], id="gates-in-a-line"),
        pytest.param(["; ".join(["true"] * _N) + f"; {_GATE}"], id="one-line"),
        pytest.param([" && ".join([_GATE] * _N)], id="and"),
        pytest.param([f"export A{n}={n}" for n in range(_N)] + [_GATE], id="exports"),
        pytest.param([f"{_GATE} " + "'a' " * 10 * _N], id="words"),
        pytest.param(["(" * 10 * _N + _GATE], id="brackets"),
    ],
)
def test_five_hundred_commands_take_no_half_a_second(commands: list[str], tmp_path: Path) -> None:
    script = Script(commands)

    with at_most(HALF_A_SECOND):
        _lint(script, tmp_path)


def _pipeline(script: Script) -> str:
    gate = {
        "name": "gate",
        "image": "x",
        "commands": script.commands,
        "environment": script.environment,
    }
    production = {"name": "production", "image": "x", "commands": ["deploy --digest=$IMAGE_DIGEST"]}
    steps = [gate, production]
    return yaml.safe_dump({"kind": "pipeline", "name": "shop", "steps": steps}, sort_keys=False)


def _lint(script: Script, folder: Path) -> Report:
    return lint(_pipeline(script), ".drone.yml", folder)


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
