"""The linter: what it finds in pipeline files, whatever they hold, and in how much time."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pytest_storedog_gate.drone_lint import rules
from pytest_storedog_gate.drone_lint.rules import RULES, Level
from tests.counted_calls import HALF_A_SECOND, at_most
from tests.documentation.pages import pages
from tests.drone_lint.cases import CASES, Case, proved_by
from tests.drone_lint.linted import linted
from tests.repository import ROOT


@pytest.mark.parametrize("name", CASES)
def test_each_way_without_teeth_is_found_at_its_line_and_nothing_else_is(name: str) -> None:
    with at_most(HALF_A_SECOND):
        report = linted(CASES[name].path)

    assert [(f.line, f.rule) for f in report.findings] == CASES[name].findings
    assert report.sound == name.startswith(("sound", "ignored", "addopts-from-elsewhere"))


@pytest.mark.parametrize(
    "case",
    proved_by("deployed", "green", "shell", "pytest", "bash"),
    ids=lambda case: case.path.stem,
)
def test_what_a_real_runner_shell_or_pytest_lets_through_is_an_error(
    case: Case,
) -> None:
    found = linted(case.path).findings

    assert case.path.stem == "addopts-from-elsewhere" or any(f.level == Level.ERROR for f in found)


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
    report = linted(ROOT / ".drone.yml")

    assert report.sound
    assert report.findings == []


def test_each_whole_pipeline_in_the_docs_is_sound(tmp_path: Path) -> None:
    blocks = [block for page in pages() for block in page.blocks()]
    pipelines = [block for block in blocks if "kind: pipeline" in block.text]
    assert pipelines
    for block in pipelines:
        # The gate of a promotion is in another build: its configuration says that it is required.
        (tmp_path / "storedog.toml").write_text(
            '[environments.staging]\nchecks = ["abc-def-ghi"]\n'
            '[environments.production]\nrequires = "staging"\nchecks = ["abc-def-ghi"]\n'
        )
        report = linted(tmp_path / "a.yml", block.text)
        assert report.sound, (block.page, report)


def test_each_rule_has_a_section_that_says_its_level() -> None:
    page = (ROOT / "docs" / "reference" / "lint.md").read_text("utf-8")
    sections = dict(re.findall(r"^### `([\w-]+)` \((.*)\)$", page, re.MULTILINE))

    assert sections.keys() == RULES.keys()
    for rule, said in RULES.items():
        assert said.get("level", "error") in sections[rule]


def test_each_rule_is_made_by_one_module_so_that_a_new_one_touches_that_and_its_sentence() -> None:
    texts = [path.read_text("utf-8") for path in Path(rules.__file__).parent.glob("*.py")]
    modules = [text for text in texts if re.search(r"import .*\bfinding$", text, re.MULTILINE)]

    for rule in RULES:
        assert sum(f'"{rule}"' in text for text in modules) == 1, rule


def test_what_powershell_makes_of_a_script_is_not_known() -> None:
    text = (
        CASES["sound"]
        .path.read_text("utf-8")
        .replace("name: shop", "name: shop\nplatform: { os: windows }")
    )

    assert [finding.rule for finding in linted(Path("a.yml"), text).findings] == ["own-step"]


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
        findings = linted(Path("a.yml"), text).findings
    assert [finding.rule for finding in findings] == ["failure-ignored"]


def test_hundreds_of_gates_and_deployments_take_no_two_seconds() -> None:
    text = "kind: pipeline\nname: shop\nsteps:\n"
    for n in range(250):
        text += f"  - {{ name: gate{n}, image: x, when: {{ branch: b{n} }}, commands: ["
        text += "env -u PYTEST_ADDOPTS pytest --storedog-env=staging] }\n"
        text += f"  - {{ name: prod{n}, image: x, commands: [deploy --digest=$IMAGE_DIGEST] }}\n"

    # Each against each; half a second is for files that somebody writes.
    with at_most(4 * HALF_A_SECOND):
        found = linted(ROOT / "a.yml", text).findings

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
        "volumes",
        "workspace",
        "path",
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

    report = linted(Path("a.yml"), yaml.safe_dump(pipeline, sort_keys=False))

    assert report.findings == sorted(report.findings)
    assert all(finding.line >= 1 and finding.rule in RULES for finding in report.findings)
