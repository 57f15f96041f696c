"""`storedog-gate init`: a storedog.toml and pipelines, which our own readers find in order."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from pytest_storedog_gate.drone_lint.cli import main
from pytest_storedog_gate.settings import file as settings
from pytest_storedog_gate.settings.new_project.systems import SYSTEMS
from pytest_storedog_gate.settings.schema import schema
from tests.local_synthetics.support.service import http_test

DEPLOYING = ["init", "--image", "localhost:5000/storedog/shop", "--port", "8080"]
GATE_ONLY = """
[synthetics]
backend = "local"
definitions = ["checks/*.json"]
[environments.live]
requires = "preview"
checks = ["abc-def-ghi"]
[environments.preview]
checks = ["abc-def-ghi"]
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_is_written_is_read_by_the_gate_and_valid(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(DEPLOYING) == 0
    said = capsys.readouterr().out
    assert said == (
        "wrote checks/http.synthetics.json\nwrote storedog.toml\nnext:\n"
        "  pytest --storedog-env=staging --storedog-image=localhost:5000/storedog/shop:TAG "
        "--storedog-plan\n"
        "  pytest --storedog-env=staging --storedog-image=localhost:5000/storedog/shop:TAG\n"
    )
    path = Path("storedog.toml")
    known = settings.read(path).environments
    assert known["production"].requires == "staging"
    (check,) = json.loads(Path("checks/http.synthetics.json").read_text())["tests"]
    asked = check["localTestDefinition"]["public_id"]
    assert [one.public_id for one in known["staging"].checks] == [asked]
    text = path.read_text()
    jsonschema.validate(tomllib.loads(text), schema())
    named = Path(text.splitlines()[0].removeprefix("#:schema "))
    assert json.loads(named.read_text()) == schema()


def test_a_compose_file_that_has_the_image_is_the_source_of_the_services() -> None:
    Path("compose.yml").write_text(
        "services:\n"
        "  app: {image: 'localhost:5000/storedog/shop:${TAG:-1}', ports: ['80:2814'], "
        "depends_on: [db]}\n"
        "  db: {image: 'postgres:15', volumes: [data:/data]}\n"
        "  debug: {image: busybox, profiles: [debug]}\n"
        "volumes: {data: }\n"
    )
    assert main([*DEPLOYING, "--ci", "github"]) == 0
    path = SYSTEMS["github"].path
    pipeline = path.read_text()
    assert "pip install 'pytest-storedog-gate[local,compose]'" in pipeline
    assert pipeline.count("STOREDOG_IMAGE: localhost:5000/storedog/shop:${{ github.sha }}") == 2
    path.unlink()
    assert main(["init", "--ci", "github"]) == 0
    assert path.read_text() == pipeline
    text = Path("storedog.toml").read_text()
    jsonschema.validate(tomllib.loads(text), schema())
    environment = settings.read(Path("storedog.toml"), "staging", {}).section("staging").environment
    assert [each.name for each in environment.services] == ["db", "app"]
    assert environment.gated is not None
    assert (environment.gated.image, environment.gated.port, environment.gated.runtime.ports) == (
        "localhost:5000/storedog/shop:1",
        2814,
        (),
    )


def test_a_compose_file_of_other_images_is_left_alone() -> None:
    Path("compose.yaml").write_text("services: {db: {image: 'postgres:15'}, odd: }\n")
    assert main(DEPLOYING) == 0
    assert "compose" not in Path("storedog.toml").read_text()


def test_checks_that_are_there_are_the_ones_that_are_asked_for() -> None:
    Path("checks").mkdir()
    check = http_test("http://127.0.0.1")
    Path("checks/mine.synthetics.json").write_text(json.dumps(check))
    assert main(DEPLOYING) == 0
    (asked,) = settings.read(Path("storedog.toml")).environments["staging"].checks
    assert asked.public_id == check["public_id"]
    assert not Path("checks/http.synthetics.json").exists()


@pytest.mark.parametrize("configuration", [None, GATE_ONLY], ids=["deploys", "checks"])
def test_the_linter_finds_the_pipeline_for_drone_sound(
    configuration: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if configuration:
        Path("storedog.toml").write_text(configuration)
    assert main([*(["init"] if configuration else DEPLOYING), "--ci", "drone"]) == 0
    capsys.readouterr()
    assert main(["lint", "--strict"]) == 0
    first, second = ("preview", "live") if configuration else ("staging", "production")
    assert f".drone.yml: sound: the gate is step {first} (" in capsys.readouterr().out
    assert [one["name"] for one in yaml.safe_load(Path(".drone.yml").read_text())["steps"]] == [
        first, second,
    ]  # fmt: skip


def commands(name: str, text: str) -> list[str]:
    """What the pipeline runs, in order, as its CI system reads it."""
    if name == "jenkins":
        return [line.split("'")[1] for line in text.splitlines() if ".venv/bin/pytest" in line]
    data: Any = yaml.safe_load(text)
    if name == "gitlab":
        return [line for stage in data["stages"] for line in data[stage]["script"]]
    if name == "github":
        return [step.get("run", "").strip() for step in data["jobs"]["gate"]["steps"]]
    return [line for step in data["steps"] for line in step["commands"]]


@pytest.mark.parametrize("name", SYSTEMS)
def test_each_pipeline_runs_the_gate_of_each_environment_in_order(name: str) -> None:
    assert main([*DEPLOYING, "--ci", name]) == 0
    text = SYSTEMS[name].path.read_text()
    gates = [one for one in commands(name, text) if "--storedog-env=" in one]
    environments = [one.partition("--storedog-env=")[2].split()[0] for one in gates]
    assert environments == ["staging", "production"]
    assert text.count("localhost:5000/storedog/shop:") == 2
    Path("storedog.toml").write_text(GATE_ONLY)
    SYSTEMS[name].path.unlink()
    assert main(["init", "--ci", name]) == 0
    text = SYSTEMS[name].path.read_text()
    assert "preview" in text
    assert "STOREDOG_IMAGE" not in text
    assert "docker.sock" not in text


@pytest.mark.parametrize(
    ("arguments", "there", "sentence"),
    [
        (["init"], {}, "there is no storedog.toml: give --image REGISTRY/NAME"),
        (["init", "--image", "shop:1"], {}, "--image='shop:1': name an image without tag"),
        (["init"], {"storedog.toml": GATE_ONLY}, "storedog.toml is there, and nothing is"),
        (DEPLOYING, {"storedog.toml": GATE_ONLY}, "storedog.toml is there, and nothing is"),
        ([*DEPLOYING, "--ci", "drone"], {".drone.yml": "mine"}, ".drone.yml is there, and"),
        (["init", "--ci", "drone"], {"storedog.toml": "x = 1"}, "storedog.toml:1: x: unknown key"),
        (["init", "--ci", "drone"], {"storedog.toml": ""}, "storedog.toml has no environment"),
        (DEPLOYING, {"checks/a.synthetics.json": "{"}, "a.synthetics.json:1: not valid JSON"),
    ],
)
def test_what_cannot_be_written_is_a_sentence_and_no_file(
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    there: dict[str, str],
    sentence: str,
) -> None:
    for name, text in there.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)
    assert main(arguments) == 4
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    left = {str(one): one.read_text() for one in Path().rglob("*") if one.is_file()}
    assert left == there
