"""The linter: what it finds in pipeline files, and what it says of sound ones and of bad input."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pytest_storedog_gate.drone_lint import cli
from pytest_storedog_gate.drone_lint.cli import main
from pytest_storedog_gate.drone_lint.lint import Report, lint
from pytest_storedog_gate.drone_lint.rules import RULES, Level
from tests.counted_calls import HALF_A_SECOND, at_most
from tests.drone_lint.cases import CASES, Case, proved_by
from tests.repository import ROOT

_ROOT = ROOT
_PROMOTION = """kind: pipeline
name: shop
steps:
  - name: gate
    image: x
    when: { event: push }
    commands: [env -u PYTEST_ADDOPTS pytest --storedog-env=staging]
  - name: ship
    image: x
    when: { event: promote }
    commands: [env -u PYTEST_ADDOPTS pytest --storedog-env=shop]
"""


def _lint(path: Path, text: str | None = None) -> Report:
    return lint(path.read_text("utf-8") if text is None else text, str(path), path.parent)


@pytest.mark.parametrize("name", CASES)
def test_each_way_without_teeth_is_found_at_its_line_and_nothing_else_is(name: str) -> None:
    with at_most(HALF_A_SECOND):
        report = _lint(CASES[name].path)

    assert [(f.line, f.rule) for f in report.findings] == CASES[name].findings
    assert report.sound == name.startswith(("sound", "ignored", "addopts-from-elsewhere"))


@pytest.mark.parametrize(
    "case", proved_by("deployed", "green", "pytest", "bash"), ids=lambda case: case.path.stem
)
def test_what_a_real_runner_shell_or_pytest_lets_through_is_an_error(
    case: Case,
) -> None:
    found = _lint(case.path).findings

    assert case.path.stem == "addopts-from-elsewhere" or any(f.level == Level.ERROR for f in found)


def test_a_finding_is_one_line_with_file_line_level_rule_and_remedy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = CASES["failure-ignored"].path

    assert main(["lint", str(path)]) == 1
    assert capsys.readouterr().out == (
        f"{path}:8: error[failure-ignored]: `failure: ignore`: the steps after gate run though it "
        "fails; leave it out\n1 error; docs/lint.md explains them\n"
    )


def test_of_a_sound_file_is_said_which_steps_were_judged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = CASES["sound"].path

    assert main(["lint", str(path)]) == 0
    assert capsys.readouterr().out == (
        f"{path}: sound: the gate is step gate (line 6); production is step production (line 11)\n"
    )


def test_what_is_ignored_is_shown_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(CASES["ignored"].path)]) == 0
    assert "error[failure-ignored] (ignored: the shop is closed at night): " in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("comment", "level"),
    [
        ("ignore[failure-ignored]", "error"),
        ("ignore[failure] because", "error"),
        ("ignroe[failure-ignored] because", "error"),
        ("ignore[detached] it is not", "note"),
        ("produktion", "error"),
    ],
)
def test_a_comment_without_reason_or_effect_is_a_finding(comment: str, level: str) -> None:
    text = CASES["ignored"].path.read_text("utf-8")

    report = _lint(Path("a.yml"), re.sub(r"storedog: ignore.*", f"storedog: {comment}", text))

    assert [str(f.level) for f in report.findings if f.rule == "comment"] == [level]
    assert not any(f.ignored for f in report.findings)
    assert "failure-ignored" in [f.rule for f in report.findings]


def test_production_named_at_no_step_is_a_finding() -> None:
    text = "# storedog: production\n" + CASES["sound"].path.read_text("utf-8")

    assert [f.rule for f in _lint(Path("a.yml"), text).findings] == ["comment"]


def test_warnings_count_where_they_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(CASES["no-concurrency"].path)

    assert main(["lint", path]) == 0
    assert "warning[no-concurrency]" in capsys.readouterr().out
    assert main(["lint", "--strict", path]) == 1
    assert main(["lint", "--strict", str(CASES["unknown-production"].path)]) == 0


def test_where_production_is_not_known_nothing_is_called_sound(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["lint", str(CASES["unknown-production"].path)]) == 0
    shown = capsys.readouterr().out
    assert "note[production-unknown]" in shown
    assert "sound" not in shown


@pytest.mark.parametrize("form", ["json", "sarif", "gitlab"])
def test_programs_get_all_findings_and_the_file_that_could_not_be_read(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.yml").write_text("- no pipeline\n")
    paths = [CASES["ignored"].path, tmp_path / "bad.yml", CASES["or-true"].path]

    assert main(["lint", "--format", form, *map(str, paths)]) == 4
    shown = capsys.readouterr()
    assert "this is no mapping" in shown.err
    said = json.loads(shown.out)
    if form == "json":
        ignored, bad, closed = said["files"]
        assert ignored["findings"][0]["ignored"] == "the shop is closed at night"
        assert "this is no mapping" in bad["error"]
        assert [(f["line"], f["rule"], f["level"]) for f in closed["findings"]] == [
            (9, "own-step", "error")
        ]
    elif form == "sarif":
        (run,) = said["runs"]
        ignored, closed = run["results"]
        assert ignored["suppressions"] == [
            {"kind": "inSource", "justification": "the shop is closed at night"}
        ]
        assert (closed["ruleId"], closed["level"], closed["suppressions"]) == (
            "own-step",
            "error",
            [],
        )
        assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == set(RULES)
        assert run["invocations"][0]["executionSuccessful"] is False
    else:
        assert [(i["check_name"], i["severity"]) for i in said] == [
            ("own-step", "critical"),
            ("no-file", "blocker"),
        ]
        assert said[0]["location"]["lines"]["begin"] == 9
        assert len({issue["fingerprint"] for issue in said}) == 2


def test_a_pipeline_from_standard_input_is_judged_by_what_is_in_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    given = io.TextIOWrapper(io.BytesIO(CASES["or-true"].path.read_bytes()))
    monkeypatch.setattr(sys, "stdin", given)

    assert main(["lint", "-"]) == 1
    assert capsys.readouterr().out.startswith("<stdin>:9: error[own-step]: ")


def test_an_error_of_the_linter_itself_has_its_own_status_and_hides_no_other_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = lint

    def failing(text: str, name: str, root: Path) -> Report:
        if name.endswith("sound.yml"):
            raise KeyError("line")
        return real(text, name, root)

    monkeypatch.setattr("pytest_storedog_gate.drone_lint.lint.lint", failing)
    paths = [str(CASES[name].path) for name in ("sound", "or-true")]

    assert main(["lint", *paths]) == 3
    shown = capsys.readouterr()
    assert "sound.yml: an error of the linter itself, KeyError('line'); report it" in shown.err
    assert "or-true.yml:9: error[own-step]" in shown.out


def test_without_its_extra_the_linter_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda _name: None)

    assert main(["lint"]) == 4
    assert capsys.readouterr().err == (
        "storedog-gate: the linter needs PyYAML; pip install 'pytest-storedog-gate[lint]'\n"
    )


@pytest.mark.parametrize("words", [["--version"], ["lint", "--version"]])
def test_it_tells_its_version(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 0
    assert re.fullmatch(r"storedog-gate \d+\.\d+\.\d+\n", capsys.readouterr().out)


def test_the_core_needs_no_yaml_and_no_parser_of_shells() -> None:
    script = (
        "import sys, pytest_storedog_gate.plugin\n"
        "import pytest_storedog_gate.pytest_side.roles.which\n"
        "print([m for m in ('yaml', 'tree_sitter', 'tree_sitter_bash') if m in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


def test_the_projects_own_pipeline_is_sound() -> None:
    report = _lint(_ROOT / ".drone.yml")

    assert report.sound
    assert report.findings == []


@pytest.mark.parametrize(
    "page", [*sorted((_ROOT / "docs").glob("*.md")), _ROOT / "README.md"], ids=lambda p: p.name
)
def test_each_whole_pipeline_in_the_docs_is_sound(page: Path, tmp_path: Path) -> None:
    blocks = page.read_text("utf-8").split("```")[1::2]
    for block in (b for b in blocks if "\nkind: pipeline" in b):
        assert _lint(tmp_path / "a.yml", block.removeprefix("yaml")).sound


def test_each_rule_has_a_section_that_says_its_level() -> None:
    page = (_ROOT / "docs" / "lint.md").read_text("utf-8")
    sections = dict(re.findall(r"^### `([\w-]+)` \((.*)\)$", page, re.MULTILINE))

    assert sections.keys() == RULES.keys()
    for rule, said in RULES.items():
        assert said.get("level", "error") in sections[rule]


@pytest.mark.parametrize(
    ("configuration", "command", "sound"),
    [
        ('[environments.shop]\nrequires = "staging"\n[environments.staging]\n', "", True),
        ("[environments.shop]\n[environments.staging]\n", "", False),
        (None, "", False),
        (None, " --storedog-config=other.toml", False),
        (
            '[environments.shop]\nrequires = "staging"\n[environments.staging]\n',
            " --storedog-config=other.toml",
            False,
        ),
    ],
    ids=["requires", "requires-nothing", "no-file", "missing-file", "other-file"],
)
def test_a_promotion_is_sound_only_where_its_own_configuration_requires_a_verdict(
    tmp_path: Path, configuration: str | None, command: str, *, sound: bool
) -> None:
    if configuration is not None:
        (tmp_path / "storedog.toml").write_text(configuration)
    text = "# production is ship\n" + _PROMOTION.replace("env=shop", f"env=shop{command}")
    marked = text.replace("  - name: ship", "  # storedog: production\n  - name: ship")

    assert _lint(tmp_path / "a.yml", marked).sound is sound
    if configuration is not None and sound:
        assert _lint(tmp_path / "a.yml", text).sound  # the configuration names it, too


@pytest.mark.parametrize(
    ("name", "is_production"),
    [
        ("checkout-production", True),
        ("deploy-prod", True),
        ("prod", True),
        ("live_shop", True),
        ("deploy", True),
        ("rollout", True),
        ("github-release", False),
        ("products", False),
        ("delivery", False),
        ("notify-production", False),
        ("test-production", False),
        ("deploy-staging", False),
        ("reproduction", False),
    ],
)
def test_production_is_recognised_by_whole_words(name: str, *, is_production: bool) -> None:
    text = (
        CASES["before-the-gate"]
        .path.read_text("utf-8")
        .replace("name: production", f"name: {name}")
    )
    text = text.replace("deploy --digest=$IMAGE_DIGEST", "echo said")

    rules = [finding.rule for finding in _lint(Path("a.yml"), text).findings]

    assert ("not-after-gate" in rules) is is_production
    assert ("production-unknown" in rules) is not is_production


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        ("kubectl set image deployment/shop shop=registry:5000/shop:latest", "moving-tag"),
        ("kubectl set image deployment/shop shop=registry:5000/shop:${DRONE_COMMIT_SHA}", None),
        ("helm upgrade shop ./chart --set image.tag=latest", "moving-tag"),
        ("helm upgrade shop ./chart --set image.tag=${DRONE_COMMIT_SHA:0:12}", None),
        ("helm upgrade shop ./chart", "image-unknown"),
        ("deploy shop:latest --note=${DRONE_COMMIT_SHA}", "moving-tag"),
        ("deploy shop@sha256:0c1d2e --port 80:80", None),
    ],
)
def test_the_image_that_is_deployed_is_looked_at(command: str, rule: str | None) -> None:
    text = CASES["sound"].path.read_text("utf-8").replace("deploy --digest=$IMAGE_DIGEST", command)

    assert [finding.rule for finding in _lint(Path("a.yml"), text).findings] == [rule] * bool(rule)


def test_what_powershell_makes_of_a_script_is_not_known() -> None:
    text = (
        CASES["sound"]
        .path.read_text("utf-8")
        .replace("name: shop", "name: shop\nplatform: { os: windows }")
    )

    assert [finding.rule for finding in _lint(Path("a.yml"), text).findings] == ["own-step"]


def test_a_name_does_not_steer_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = CASES["failure-ignored"].path.read_text("utf-8").replace("name: gate", r'name: "\e[2Jx"')
    (tmp_path / "a.yml").write_text(text)

    main(["lint", str(tmp_path / "a.yml")])

    assert r"the steps after \x1b[2Jx run" in capsys.readouterr().out


def test_a_merge_within_a_merge_is_read_once() -> None:
    layers = ["a0: &a0 { failure: ignore }"]
    layers += [f"a{n}: &a{n} {{ <<: [*a{n - 1}, *a{n - 1}, *a{n - 1}] }}" for n in range(1, 40)]
    text = (
        CASES["sound"]
        .path.read_text("utf-8")
        .replace("kind: pipeline", "\n".join(layers) + "\nkind: pipeline")
    )
    text = text.replace("  - name: gate", "  - <<: *a39\n    name: gate")

    with at_most(HALF_A_SECOND):
        findings = _lint(Path("a.yml"), text).findings
    assert [finding.rule for finding in findings] == ["failure-ignored"]


def test_hundreds_of_gates_and_deployments_take_no_two_seconds() -> None:
    text = "kind: pipeline\nname: shop\nsteps:\n"
    for n in range(250):
        text += f"  - {{ name: gate{n}, image: x, when: {{ branch: b{n} }}, commands: ["
        text += "env -u PYTEST_ADDOPTS pytest --storedog-env=staging] }\n"
        text += f"  - {{ name: prod{n}, image: x, commands: [deploy --digest=$IMAGE_DIGEST] }}\n"

    # Each against each; half a second is for files that somebody writes.
    with at_most(4 * HALF_A_SECOND):
        found = _lint(_ROOT / "a.yml", text).findings

    assert {finding.rule for finding in found} == {"gate-skipped"}


_KEYS = st.sampled_from(
    [
        "name",
        "image",
        "commands",
        "command",
        "entrypoint",
        "environment",
        "when",
        "status",
        "event",
        "include",
        "exclude",
        "tags",
        "depends_on",
        "failure",
        "detach",
        "settings",
        "platform",
        "os",
        "concurrency",
        "limit",
        "trigger",
        "steps",
        "services",
        "working_dir",
        "<<",
    ]
)
_VALUES = st.recursive(
    st.sampled_from([None, True, 1.5, "", "true", "gate", "ignore", "push", "$X", "${DRONE_TAG}"])
    | st.sampled_from(["pytest --storedog-env=staging", "cd x", "\x1b[2J", "x:latest", "/x", ".."])
    | st.sampled_from(["datadog-ci synthetics run-tests", "pytest --storedog-env=prod a ../b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(_KEYS, _VALUES, max_size=3),
    st.lists(st.dictionaries(_KEYS, _VALUES, max_size=5), max_size=4),
)
def test_whatever_a_pipeline_holds_is_judged(rest: dict[str, object], steps: list[object]) -> None:
    pipeline = {"kind": "pipeline", "steps": steps} | rest

    report = _lint(Path("a.yml"), yaml.safe_dump(pipeline, sort_keys=False))

    assert report.findings == sorted(report.findings)
    assert all(finding.line >= 1 and finding.rule in RULES for finding in report.findings)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("missing.yml", None, "cannot be read: No such file or directory; name a pipeline file"),
        ("empty.yml", "", "there is nothing in it"),
        ("bad.yml", "kind: pipeline\nsteps: [\n", "bad.yml:3: not valid YAML"),
        ("list.yml", "- kind: pipeline\n", "list.yml:1: this is no mapping"),
        (
            "old.yml",
            "pipeline:\n  gate: {}\n",
            "old.yml:1: this is a file of Drone 0.8, or of an old",
        ),
        ("w.yml", "when: { event: push }\nsteps:\n  gate: { image: x }\n", "a Woodpecker workflow"),
        ("gitlab.yml", "stages: [test]\ngate:\n  script: pytest\n", "this is a GitLab CI file"),
        ("lab.yml", "gate:\n  image: x\n  script: [pytest]\n", "this is a GitLab CI file"),
        (
            "hub.yml",
            "on: push\njobs: { gate: { runs-on: x } }\n",
            "this is a GitHub Actions workflow",
        ),
        ("none.yml", "name: shop\n", "none.yml:1: there is no `kind`"),
        ("binary.yml", "\x00", "not valid YAML"),
        ("itself.yml", "kind: pipeline\nsteps: &a [{<<: *a}]\n", "holds itself"),
        ("merged.yml", "kind: pipeline\nsteps: [&a {<<: *a, name: b}]\n", "holds itself"),
        ("deep.yml", "kind: " + "[" * 5000, "nested too deeply"),
        (".drone.jsonnet", "{}", "lint the YAML that `drone jsonnet --stream` makes of it"),
        (".drone.star", "", "lint the YAML that `drone starlark` makes of it"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_status_4(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str | None, sentence: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text, encoding="utf-8")

    assert main(["lint", str(path)]) == 4
    shown = capsys.readouterr()
    assert sentence in shown.err
    assert (shown.out, shown.err.count("\n")) == ("", 1)
