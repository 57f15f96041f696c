"""The command line: its output in each format, its exit statuses, and bad input."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.drone_lint import cli
from pytest_storedog_gate.drone_lint.cli import main
from pytest_storedog_gate.drone_lint.lint import lint
from pytest_storedog_gate.drone_lint.rules import RULES, Report
from tests.drone_lint.cases import CASES
from tests.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_a_finding_is_one_line_with_file_line_level_rule_and_remedy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = CASES["failure-ignored"].path

    assert main(["lint", str(path)]) == 1
    assert capsys.readouterr().out == (
        f"{path}:8: error[failure-ignored]: `failure: ignore`: the steps after gate run though it "
        "fails; leave it out\n1 error; docs/reference/lint.md explains them\n"
    )


def test_of_a_sound_file_is_said_which_steps_were_judged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = CASES["sound"].path

    assert main(["lint", str(path)]) == 0
    assert capsys.readouterr().out == (
        f"{path}: sound: the gate is step gate (line 6); production is step production (line 11)\n"
    )


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


@pytest.mark.parametrize("form", ["text", "json", "sarif", "gitlab"])
def test_letters_that_the_output_or_an_address_lacks_are_written_in_another_way(
    form: str, tmp_path: Path
) -> None:
    name = r'"\ud800 \u6f22 pr\u00fcfung"'
    text = CASES["failure-ignored"].path.read_text("utf-8").replace("name: gate", f"name: {name}")
    (tmp_path / "<ü ber>.yml").write_text(text, "utf-8")
    script = "import sys\nfrom pytest_storedog_gate.drone_lint.cli import main\nsys.exit(main())"

    done = subprocess.run(
        [sys.executable, "-c", script, "lint", "--format", form, "<ü ber>.yml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, b"")
    shown = done.stdout.decode("ascii")
    if form == "text":
        assert shown.startswith(r"<\xfc ber>.yml:8: error[failure-ignored]: `failure: ignore`")
        assert r"\ud800 \u6f22 pr\xfcfung" in shown
    elif form == "sarif":
        place = json.loads(shown)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "%3C%C3%BC%20ber%3E.yml"
    else:
        assert "failure-ignored" in json.dumps(json.loads(shown))


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


def test_a_name_does_not_steer_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = CASES["failure-ignored"].path.read_text("utf-8").replace("name: gate", r'name: "\e[2Jx"')
    (tmp_path / "a.yml").write_text(text)

    main(["lint", str(tmp_path / "a.yml")])

    assert r"the steps after \x1b[2Jx run" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("missing.yml", None, "cannot be read: No such file or directory"),
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
        ("include.yml", "include: [{ local: x.yml }]\n", "this is a GitLab CI file"),
        ("azure.yml", "stages: [{ stage: Build }]\n", "there is no `kind`"),
        ("cluster.yml", "kind: Deployment\n", "there is nothing in it that Drone runs"),
        (
            "lines.yml",
            "kind: pipeline\n# ${DRONE_TAG:-\nname: shop\n# }\n",
            "lines.yml:2: Drone may",
        ),
        (
            "rest.yml",
            "kind: pipeline\nsteps: []\n...\n---\nkind: pipeline\n",
            "rest.yml:3: Drone reads nothing from here on",
        ),
        ("long.yml", f"kind: pipeline\n# {'x' * 65536}\n", "long.yml:2: Drone reads nothing from"),
        ("line.yml", "kind: pipeline\n--- { kind: secret }\n", "line.yml:2: Drone reads nothing"),
        (
            "base64.yml",
            "kind: pipeline\nsteps: [{ failure: !!binary aWdub3Jl }]\n",
            "base64.yml:2: Drone decodes",
        ),
        ("key.yml", 'kind: pipeline\n"${DRONE_TAG:+steps}": []\n', "key.yml:2: not valid YAML"),
        ("none.yml", "name: shop\n", "none.yml:1: there is no `kind`"),
        ("binary.yml", "\x00", "not valid YAML"),
        ("itself.yml", "kind: pipeline\nsteps: &a [{<<: *a}]\n", "unconstructable recursive node"),
        (
            "merged.yml",
            "kind: pipeline\nsteps: [&a {<<: *a, name: b}]\n",
            "unconstructable recursive node",
        ),
        ("deep.yml", "kind: " + "[" * 5000, "nested too deeply"),
        (".drone.jsonnet", "{}", "lint the YAML that `drone` makes of it"),
        (".drone.star", "", "lint the YAML that `drone` makes of it"),
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
