"""Scripts of a gate's step, and what a failing gate makes of each in real shells."""

from __future__ import annotations

from dataclasses import dataclass, field

GATE = "pytest --storedog-env=staging"


@dataclass
class Script:
    """A step's commands; `files` stand in its workspace, `shells` have to show it."""

    commands: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    shells: tuple[str, ...] = ("dash", "bash", "busybox")


def _before(*commands: str, **given: object) -> Script:
    """These commands, then the gate."""
    return Script([*commands, GATE], **given)  # type: ignore[arg-type]


_RUN_TESTS = "datadog-ci synthetics run-tests --failOnCriticalErrors --failOnMissingTests"
_GREEN = "#!/bin/sh\nexit 0\n"
_READS = "#!/bin/sh\ncat > /dev/null\n"
_WRITES = "#!/bin/sh\nprintf '#!/bin/sh\\nexit 0\\n' > bin/pytest\n"
# A failing gate ends each of these with 0 (or 78, which is a pass to Drone) in its shells.
LET_THROUGH = {
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
    "alias-of-the-wrapper": Script(["alias env=true", f"env -u PYTEST_ADDOPTS {GATE}"]),
    "path": _before("PATH=$PWD/ci:$PATH", files={"ci/pytest": _GREEN}),
    "path-exported": _before('export PATH="$PWD/ci:$PATH"', files={"ci/pytest": _GREEN}),
    "path-of-the-command": Script([f"PATH=ci:$PATH {GATE}"], files={"ci/pytest": _GREEN}),
    "path-by-env": Script([f"env PATH=ci:/bin:/usr/bin {GATE}"], files={"ci/pytest": _GREEN}),
    "path-of-the-step": Script(
        [GATE], environment={"PATH": "ci:/usr/bin:/bin"}, files={"ci/pytest": _GREEN}
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
    "script-of-its-own": Script(["sh ci.sh"], files={"ci.sh": f"{GATE} || true\n"}),
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
        [GATE], environment={"BASH_FUNC_pytest%%": "() { :; }"}, shells=("bash",)
    ),
    "or-true": Script([f"{GATE} || true"]),
    "or-colon": Script([f"{GATE}||:"]),
    "or-echo": Script([f"{GATE} || echo closed"]),
    "or-in-the-next-line": Script([f"{GATE} ||\n  true"]),
    "or-continued": Script([f"{GATE} \\\n  || true"]),
    "and-before-more": Script([f"{GATE} && echo open", "echo reports"]),
    "and-before-nothing": Script([f"{GATE} && echo open", ""]),
    "and-before-a-comment": Script([f"{GATE} && echo open", "# reports"]),
    "after-and": Script([f"test -e gate.toml && {GATE}", "echo reports"]),
    "after-and-of-installs": Script([f"ls nothing && {GATE}", "echo reports"]),
    "or-and": Script([f"{GATE} && echo open || echo closed"]),
    "semicolon-in-braces": Script(["{ " + GATE + "; true; } || true"]),
    "pipe": Script([f"{GATE} | cat"]),
    "pipe-with-errors": Script([f"{GATE} 2>&1 | cat"]),
    "pipe-into-the-gate-and-on": Script([f"echo | {GATE} | cat"]),
    "background": Script([f"{GATE} &"]),
    "background-and-wait": Script([f"{GATE} &", "wait"]),
    "negated": Script([f"! {GATE}"]),
    "subshell": Script([f"({GATE}) || true"]),
    "substitution": Script([f'echo "$({GATE})"']),
    "substitution-by-backquotes": Script([f"echo `{GATE}`"]),
    "substitution-exported": Script([f"export RESULT=$({GATE})"]),
    "process-substitution": Script([f"cat <({GATE})"], shells=()),
    "if": Script([f"if {GATE}; then echo open; fi"]),
    "if-in-lines": Script([f"if {GATE}\nthen\n  echo open\nfi"]),
    "while": Script([f"while {GATE}; do break; done"]),
    "until": Script([f"for i in 1; do until ! {GATE}; do break; done; done"]),
    "for-nothing": Script([f"for i in $NOTHING; do {GATE}; done"]),
    "case": Script([f"case $DRONE_BRANCH in main) {GATE};; esac"]),
    "never-called": Script([f"gate() {{ {GATE}; }}"]),
    "here-document": Script([f"cat <<EOF\n{GATE}\nEOF"]),
    "here-document-over-items": Script(["cat <<EOF", GATE, "EOF"]),
    "open-quote-over-items": Script(["echo '", GATE, "'"], shells=()),
    "colon-with-quote": Script([": '", GATE, "'"], shells=()),
    "comment": Script([f"# {GATE}"]),
    "set-plus-e": _before("set +e", shells=()),
    "set-plus-e-and-more": Script(["set +e", GATE, "echo reports"]),
    "set-plus-o-errexit": Script(["set +o errexit", GATE, "echo reports"]),
    "set-plus-ex": Script(["set +ex", GATE, "true"]),
    "set-n": _before("set -n"),
    "set-o-noexec": _before("set -o noexec"),
    "shopt": Script(["shopt -u -o errexit", GATE, "echo reports"], shells=("bash",)),
    "trap": _before("trap 'exit 0' EXIT"),
    "trap-with-dashes": _before("trap -- 'exit 0' EXIT"),
    "trap-by-number": _before("trap 'exit 0' 0"),
    "trap-in-double-quotes": _before('trap "exit 0" EXIT'),
    "trap-err": _before("trap 'exit 0' ERR", shells=("bash",)),
    "exit-before": _before("exit 0"),
    "exit-256": Script([f"{GATE} || exit 256"]),
    "exit-78": Script([f"{GATE} || exit 78"]),
    "exit-334": Script([f"{GATE} || exit 334"]),
    "exec": _before("exec true"),
    "exec-of-the-input": _before("exec < /dev/null", shells=("bash",)),
    "eval-of-the-gate": Script([f"eval '{GATE} || true'"]),
    "command-in-a-variable": Script(["$RUN || true"], environment={"RUN": GATE}),
    "shell-c": Script([f"sh -c '{GATE}; true'"]),
    "shell-c-of-variable": Script(['sh -c "$RUN"'], environment={"RUN": f"{GATE} || true"}),
    "shell-reads-the-rest": _before("sh", shells=()),
    "xargs": Script([f"xargs -r {GATE} < /dev/null"]),
    "find": Script([f"find nothing -exec {GATE} +"], files={"nothing/a": ""}, shells=()),
    "watched": Script([f"quietly {GATE}"], files={"bin/quietly": '#!/bin/sh\n"$@" || true\n'}),
    "nohup-in-the-background": Script([f"nohup {GATE} &"]),
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
    "environment-of-uv-in-another-folder": _before(
        "uv venv",
        "cd app",
        ". .venv/bin/activate",
        files={"app/.venv/bin/activate": "exit 0\n", "bin/uv": _GREEN},
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
    "uv-python": Script([GATE], environment={"UV_PYTHON": "ci/python"}, shells=()),
    "uv-project-exported": _before("export UV_PROJECT=ci", shells=()),
    "uv-environment": Script([GATE], environment={"UV_PROJECT_ENVIRONMENT": "ci"}, shells=()),
    "poetry-environment": _before("export POETRY_VIRTUALENVS_PATH=ci", shells=()),
    "pyenv": Script([GATE], environment={"PYENV_VERSION": "ci"}, shells=()),
    "openssl": Script([GATE], environment={"OPENSSL_CONF": "ci/openssl.cnf"}, shells=()),
    "coverage-file": Script([f"{GATE} --cov-config=evil.cfg"], shells=()),
    "coverage-file-apart": Script([f"{GATE} --cov-config evil.cfg"], shells=()),
    "warning-of-a-module": Script([f"{GATE} -W ignore::evil.W"], shells=()),
    "warning-glued": Script([f"{GATE} -Werror::evil.W"], shells=()),
    "comment-that-drone-fills-in": Script([f"test -e gate && {GATE}\n# ${{X}}"], shells=()),
    "reads-the-script-as-a-password": _before("docker login --password-stdin", shells=("bash",)),
    "reads-the-script-in-a-container": _before("docker run -i alpine cat", shells=("bash",)),
    "cut-off-by-echo": _before(r"echo ready \c", shells=("dash",)),
    "quoted-by-drones-echo": Script([f"{GATE} \\", '"'], shells=("dash",)),
    "cut-off-in-a-comment": _before(r"# all is \c", shells=("dash",)),
    "cut-off-by-printf": Script([r"echo ready \\c", GATE], shells=()),
    "split-variable": Script(
        ["pytest --storedog-env=staging $MORE"], environment={"MORE": "--version"}
    ),
    "split-value": Script(
        ["pytest --storedog-env=staging --storedog-image=$IMAGE"],
        environment={"IMAGE": "x --version"},
    ),
    "variable-of-the-script": Script(["MORE=--version", f"{GATE} $MORE"]),
    "version": Script([f"{GATE} --version"]),
    "version-twice": Script([f"{GATE} -VV"]),
    "help-without-the-plugin": Script([f"{GATE} -p no:storedog_gate --help"]),
    "other-python": Script([f"python -c 'raise SystemExit(0)' {GATE}"]),
    "coverage": Script([f"true {GATE}"]),
    "brace-expansion": Script(["{true,--storedog-env=staging}"], shells=()),
    "drones-default": Script([f"{GATE} ${{NOTHING:-|| true}}"], shells=()),
    "no-break-space": Script([f"{GATE}\u00a0|| true"]),
    "line-separator": Script([f"{GATE} ||\u2028true"], shells=()),
    "value-set-in-the-same-line": Script(
        [f"MORE=--version; {GATE} $MORE"], environment={"MORE": "-v"}
    ),
    "value-exported-in-the-same-line": Script(
        [f"export MORE=--help && {GATE} $MORE"], environment={"MORE": "-q"}
    ),
    "substitution-below-the-gate": Script([f"{GATE}\n: `ln -sf /bin/true bin/pytest`"]),
    "substitution-in-a-comment-below": Script(
        [f"{GATE}\necho said\n# `ln -sf /bin/true bin/pytest`\necho"]
    ),
    "quote-below-that-drones-echo-ends": Script(
        [f'{GATE}\necho \\"; ln -sf /bin/true bin/pytest; echo \\"'], shells=()
    ),
    "program-of-a-temporary-folder": Script(
        ["/tmp/app/bin/pytest --storedog-env=staging"],  # noqa: S108  # what the test is about
        shells=(),
    ),
    "program-copied-among-modules": Script(
        ["cp ci/pytest node_modules/.bin/datadog-ci", f"node_modules/.bin/{_RUN_TESTS}"],
        files={"ci/pytest": _GREEN, "node_modules/.bin/a": ""},
    ),
    "datadog-ci-of-the-repository": Script([f"./{_RUN_TESTS}"], files={"datadog-ci": _GREEN}),
    "datadog-ci-of-another-package": Script(
        [f"npx -p acme {_RUN_TESTS}"], files={"bin/npx": _GREEN}
    ),
    "environment-among-what-is-copied": _before(
        "python -m venv build/env",
        "cp ci/pytest build/env/bin/pytest",
        ". build/env/bin/activate",
        files={"ci/pytest": _GREEN, "build/env/bin/activate": "PATH=$PWD/build/env/bin:$PATH\n"},
    ),
    "folder-copied-into-an-environment": _before(
        "python -m venv .env",
        "cp -r ci/bin .env",
        ". .env/bin/activate",
        files={"ci/bin/pytest": _GREEN, ".env/bin/activate": "PATH=$PWD/.env/bin:$PATH\n"},
    ),
    "program-of-an-environment-that-is-there": Script(
        [".venv/bin/pytest --storedog-env=staging"], files={".venv/bin/pytest": _GREEN}
    ),
    "reads-the-script-by-a-way-from-home": _before(
        'cat "$HOME/../../../../../../../../dev/stdin"', shells=("bash",)
    ),
    "reads-the-script-as-aliases": _before(
        "which --read-alias a", files={"bin/which": _READS}, shells=("bash",)
    ),
    "reads-the-script-for-an-answer": _before(
        "docker volume prune", files={"bin/docker": _READS}, shells=("bash",)
    ),
    "reads-the-script-for-a-yes": _before(
        "yum update", files={"bin/yum": _READS}, shells=("bash",)
    ),
    "reads-the-script-for-each-package": _before(
        "apk add -i curl", files={"bin/apk": _READS}, shells=("bash",)
    ),
    "reads-the-script-as-a-debugger": _before(
        "pytest --trace unit",
        files={
            "bin/pytest": '#!/bin/sh\ncase "$*" in *trace*) cat > /dev/null;; *) exit 1;; esac\n'
        },
        shells=("bash",),
    ),
    "program-written-by-git": _before(
        "git log -1 --format=exit --output=bin/pytest", files={"bin/git": _WRITES}
    ),
    "program-written-by-apt": _before(
        "apt-get -o APT::Update::Pre-Invoke::=ci/a update", files={"bin/apt-get": _WRITES}
    ),
    "program-written-by-docker": _before("docker build -o bin ci", files={"bin/docker": _WRITES}),
    "program-written-by-a-difference": Script(
        ["git diff", GATE],
        environment={"GIT_EXTERNAL_DIFF": "ci/a"},
        files={"bin/git": _WRITES},
    ),
    "program-that-git-is-told": _before(
        "git config core.fsmonitor ci/a", "git status", files={"bin/git": _WRITES}
    ),
    "files-with-the-names-of-options": Script([f"{GATE} -k *"], files={"--version": ""}),
    "no-comment-in-a-continued-word": Script([f"{GATE}\\\n#smoke || true"]),
    "no-comment-that-hides-an-option": Script([f"{GATE}\\\n#smoke --version"]),
    "set-before-a-special-builtin": Script(
        ["MORE=--version :", f"{GATE} $MORE"], environment={"MORE": "-v"}
    ),
    "set-before-an-option-of-the-shell": Script(
        ["TZ=UTC MORE=--help set -x", f"{GATE} $MORE"], environment={"MORE": "-v"}
    ),
    "program-of-the-folder-of-a-process": Script(
        ["/proc/self/cwd/ci/bin/pytest --storedog-env=staging"], files={"ci/bin/pytest": _GREEN}
    ),
    "carriage-return": Script([f"{GATE}\r|| true"]),
}
# A failing gate ends each of these with another status in every shell.
SOUND = {
    "alone": Script([GATE]),
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
    "env": Script([f"env -u PYTEST_ADDOPTS -u PYTEST_PLUGINS {GATE}"]),
    "empties-additions": Script([f"PYTEST_ADDOPTS= {GATE}"]),
    "timeout": Script([f"timeout 600 {GATE}"]),
    "timeout-with-signal": Script([f"timeout -k 5 600s {GATE}"]),
    "module": Script([f"python -m {GATE}"]),
    "exec": Script([f"exec {GATE}"]),
    "folder": _before("cd app", files={"app/a": ""}),
    "continued": Script([f"{GATE} \\\n    --junitxml=out.xml \\\n    -v"]),
    "lines": Script([f"pip install nothing\n\n# The gate.\n{GATE}\n"]),
    "more-after-it": Script([GATE, "if true; then echo open; fi", "trap 'exit 0' EXIT"]),
    "true-after-it": Script([f"{GATE}; true"]),
    "last-among-and": Script([f"pip install nothing && {GATE} && echo open"]),
    "last-among-and-in-a-block": Script([f"pip install nothing && {GATE}\n"]),
    "log": Script([f"{GATE} > gate.log 2>&1"]),
    "looks": _before("test -d bin", "[ -n set ]", "which pytest"),
    "tolerant-before": _before(
        "docker pull cache || true", "echo secret | docker login --password-stdin"
    ),
    "drones-number": Script([f"{GATE} --junitxml=out-${{DRONE_BUILD_NUMBER}}.xml"]),
    "comment-last": Script([f"test -d bin && {GATE}\n# The gate.\n\n  # All.\n"]),
    "yarn": _before("yarn add --dev @datadog/datadog-ci"),
    "made-environment": _before(
        "python -m venv .venv", ". .venv/bin/activate", files={".venv/bin/activate": ""}
    ),
    "uvs-environment": _before(
        "uv venv --python 3.12",
        ". .venv/bin/activate",
        "uv pip install nothing",
        files={".venv/bin/activate": "", "bin/uv": _GREEN},
    ),
    "tidies-after-installers": _before(
        "rm -rf /var/lib/apt/lists/* /home/drone/.cache/pip",
        files={"bin/rm": _GREEN},
    ),
    "tidies": _before("rm -rf reports *.xml", "mkdir -p reports", "cp README.md reports/a.md"),
    "modes": _before("chmod +x ci.sh", files={"ci.sh": ""}),
    "submodules": _before("git submodule update --init --recursive"),
    "requirements": _before("pip install -r requirements/dev/base.txt"),
    "warnings": Script([f"{GATE} -W error -W ignore::DeprecationWarning -p no:cacheprovider"]),
    "several": Script([GATE, "pytest --storedog-env=production"]),
    "another-index": _before("pip install -i https://index.example/simple nothing"),
    "looks-for-programs": _before("which pytest", "command -v pytest"),
    "more-options": _before("set -eu -o pipefail", shells=("bash", "busybox")),
    "errors": _before("echo 'The gate is next.' >&2"),
    "compose": _before(
        "docker-compose -f ci.yml up -d",
        "docker image build -t shop .",
        files={"bin/docker-compose": _GREEN},
    ),
    "settings-of-git": _before(
        "git config --global --add safe.directory '*'",
        "git config --global user.email ci@example.com",
    ),
    "upgrades": _before("apt-get update && apt-get upgrade -y"),
    "tidies-without-asking": _before("docker volume prune -f"),
    "environments-program": Script(
        ["python -m venv .venv", "./.venv/bin/pytest --storedog-env=staging"],
        files={".venv/bin/pytest": '#!/bin/sh\nexec pytest "$@"\n'},
    ),
    "configures-poetry": _before(
        "poetry config virtualenvs.create false",
        "poetry install",
        files={"bin/poetry": _GREEN},
    ),
    "without-coverage": Script([f"{GATE} --no-cov --storedog-deploy auto"]),
    "value-of-before": Script(["MORE=-v", f"{GATE} $MORE"], environment={"MORE": "--version"}),
    "more-in-the-same-command": Script([f"{GATE}\necho 'a b'\ncurl -fsS x || true\n"]),
    "mentioned-in-a-comment": Script([f"# {GATE}\n{GATE}\nif true; then echo open; fi"]),
    "more-in-the-same-line": Script([f"{GATE}; if true; then echo open; fi"]),
    "last-among-and-continued": Script([f"{GATE} && \\\n  echo open"]),
    "input-of-its-own": Script([f"< /dev/null {GATE}", "echo said"]),
    "backquotes-after-it": Script([GATE, "echo `date`"]),
}
