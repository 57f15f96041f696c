"""The linter: what it finds in pipeline files, and what it says of sound ones and of bad input."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_storedog_gate.pipeline.cli import main
from pytest_storedog_gate.pipeline.lint import lint

from .cases import CASES

_ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", CASES)
def test_each_way_without_teeth_is_found_at_its_line_and_nothing_else_is(name: str) -> None:
    report = lint(CASES[name].path)

    assert [(f.line, f.rule) for f in report.findings] == CASES[name].findings


def test_a_finding_is_one_line_with_file_line_rule_and_remedy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = CASES["failure-ignored"].path

    assert main(["lint", str(path)]) == 1
    assert capsys.readouterr().out == (
        f"{path}:8: [failure-ignored] `failure: ignore`: the steps after gate run though it fails; "
        "leave it out\n1 finding; docs/drone.md explains them\n"
    )


def test_of_a_sound_file_is_said_which_steps_were_judged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = CASES["sound"].path

    assert main(["lint", str(path)]) == 0
    assert capsys.readouterr().out == (
        f"{path}: sound: the gate is step gate of pipeline shop (line 9); "
        "production is step production of pipeline shop (line 11)\n"
    )


def test_the_projects_own_pipeline_is_sound() -> None:
    assert lint(_ROOT / ".drone.yml").findings == ()


@pytest.mark.parametrize(
    "page", [*sorted((_ROOT / "docs").glob("*.md")), _ROOT / "README.md"], ids=lambda p: p.name
)
def test_each_whole_pipeline_in_the_docs_is_sound(page: Path, tmp_path: Path) -> None:
    blocks = page.read_text("utf-8").split("```")[1::2]
    for number, block in enumerate(b for b in blocks if "\nkind: pipeline" in b):
        path = tmp_path / f"{number}.yml"
        path.write_text(block.removeprefix("yaml"), encoding="utf-8")
        assert lint(path).findings == ()


def test_production_without_requires_in_storedog_toml_is_found(tmp_path: Path) -> None:
    (tmp_path / "storedog.toml").write_text('[environments.production]\nchecks = ["abc-def-ghi"]\n')
    path = tmp_path / ".drone.yml"
    path.write_text(CASES["sound-promotion"].path.read_text("utf-8"), encoding="utf-8")

    (finding,) = lint(path).findings

    assert "production requires no other environment's verdict" in finding.what


def test_required_plugins_in_pytests_configuration_are_seen(tmp_path: Path) -> None:
    path = tmp_path / ".drone.yml"
    path.write_text(CASES["addopts-from-elsewhere"].path.read_text("utf-8"), encoding="utf-8")
    configuration = tmp_path / "pytest.toml"
    configuration.write_text('[pytest]\nrequired_plugins = ["pytest-storedog-gate"]\n')

    assert lint(path).findings == ()


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("missing.yml", None, "cannot be read: No such file or directory; name a pipeline file"),
        ("empty.yml", "", "there is nothing in it"),
        ("bad.yml", "kind: pipeline\nsteps: [\n", "bad.yml:3: not valid YAML"),
        ("list.yml", "- kind: pipeline\n", "list.yml:1: this is no mapping"),
        ("old.yml", "pipeline:\n  gate: {}\n", "old.yml:1: there is no `kind`"),
        ("binary.yml", "\x00", "not valid YAML"),
        ("itself.yml", "kind: pipeline\nsteps: &a [{<<: *a}]\n", "holds itself"),
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
