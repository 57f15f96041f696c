"""Files that Datadog keeps, named beside the definition of a test."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.local_synthetics.definitions.files import load
from tests.local_synthetics.support.service import http_test, serving

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition
    from tests.local_synthetics.support.service import Json, Service, Target

_FILE = {"name": "file1", "originalFileName": "dog.txt", "bucketKey": "api-upload-file/abc/1.json"}


def uploading(target: Target, files: Json, *sent: Json) -> Json:
    test = http_test(
        target.url, method="POST", bodyType="multipart/form-data", files=list(sent or (_FILE,))
    )
    return {**test, "storedog": {"files": files}}


def load_one(folder: Path, test: Json, *, of_datadog_ci: bool = False) -> Definition:
    path = folder / "a.synthetics.json"
    path.write_text(
        json.dumps({"tests": [{"localTestDefinition": test}]} if of_datadog_ci else test)
    )
    (definition,) = load([str(path)]).tests.values()
    return definition


def loaded(folder: Path, test: Json, *, of_datadog_ci: bool = False) -> Json:
    definition = load_one(folder, test, of_datadog_ci=of_datadog_ci)
    assert definition.fault == ""
    return definition.data


@pytest.mark.parametrize("of_datadog_ci", [True, False])
@pytest.mark.parametrize("name", _FILE.values())
def test_a_file_beside_the_definition_is_sent(
    target: Target, tmp_path: Path, name: str, of_datadog_ci: bool
) -> None:
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads" / "rex.txt").write_text("good dog")
    test = uploading(target, {name: "uploads/rex.txt"})
    with serving(loaded(tmp_path, test, of_datadog_ci=of_datadog_ci)) as service:
        batch = service.final(service.trigger({"public_id": test["public_id"]}))
        result = service.result(batch["results"][0]["result_id"])
    assert result["status"] == "passed", result.get("failure")
    body = target.requests[-1]["body"]
    assert 'filename="dog.txt"' in body
    assert "good dog" in body


def test_bytes_arrive_as_they_are(tmp_path: Path, target: Target) -> None:
    (tmp_path / "a").write_bytes(bytes(range(256)))
    (file,) = loaded(tmp_path, uploading(target, {"file1": "a"}))["config"]["request"]["files"]
    assert file["encoding"] == "base64"
    assert base64.b64decode(file["content"]) == bytes(range(256))


def test_a_file_that_has_its_content_keeps_it(tmp_path: Path, target: Target) -> None:
    (tmp_path / "a").write_text("mine")
    own = {**_FILE, "content": "theirs"}
    definition = load_one(tmp_path, uploading(target, {"file1": "a"}, own))
    assert "file1: no file of the test without content is that" in definition.fault


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"file2": "a"}, "storedog.files: file2: no file of the test"),
        ({"file1": "nowhere"}, "nowhere: No such file or directory"),
        ({"file1": 1}, "must be an object of strings"),
        ({"file1": "../a"}, "../a is outside of the definition's folder"),
        ({"file1": "/etc/hostname"}, "/etc/hostname is outside"),
        ({"file1": "link"}, "link is outside"),
        ([], "storedog.files must be an object"),
    ],
)
def test_what_cannot_be_read_is_named(
    tmp_path: Path, target: Target, files: Json, problem: str
) -> None:
    folder = tmp_path / "checks"
    folder.mkdir()
    (tmp_path / "a").touch()
    (folder / "link").symlink_to(tmp_path / "a")
    fault = load_one(folder, uploading(target, files)).fault
    assert fault.startswith(f"{folder / 'a.synthetics.json'}: ")
    assert "storedog.files" in fault
    assert problem in fault


def test_without_a_local_file_the_test_is_refused(service: Service, target: Target) -> None:
    test = http_test(target.url, bodyType="multipart/form-data", files=[_FILE])
    message = service.run(test)["failure"]["message"]
    assert (
        "config.request.files[0] has no content: Datadog holds it, under the bucketKey;" in message
    )
    assert "storedog.files" in message


def test_what_the_api_is_sent_reads_no_file(
    service: Service, target: Target, tmp_path: Path
) -> None:
    """A definition from the network must not fetch what lies on this machine."""
    (tmp_path / "secret").write_text("secret")
    result = service.run(uploading(target, {"file1": str(tmp_path / "secret")}))
    assert "storedog.files is not supported here" in result["failure"]["message"]
    assert target.requests == []
