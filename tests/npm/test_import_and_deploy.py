"""datadog-ci's import-tests and deploy-tests: definitions from the service to a file, and back."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.api.admission import Keys
from pytest_storedog_gate.local_synthetics.definitions.files import load
from tests.conftest import WITHOUT_OTHERS
from tests.local_synthetics.support.browser_tests import browser_test, says, step
from tests.local_synthetics.support.service import Service, Target, http_test, serving, targeting
from tests.npm.both import environment_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.npm.both import Tools

pytestmark = pytest.mark.npm
Json = dict[str, Any]
API, BROWSER, UNKNOWN = "api-tst-one", "brw-tst-one", "zzz-zzz-zzz"
FILE = "imported.synthetics.json"
PATIENCE = 120  # s
_TOML = """\
[synthetics]
backend = "datadog"

[environments.staging]
"""


@dataclass(frozen=True)
class World:
    """A target, a service with one API and one browser test, and the commands in a folder."""

    target: Target
    service: Service
    tools: Tools
    folder: Path

    def datadog_ci(
        self, *arguments: str, api_key: str = "key-a"
    ) -> subprocess.CompletedProcess[str]:
        return self._run(self.tools.command(*arguments), api_key)

    def gate(self) -> subprocess.CompletedProcess[str]:
        (self.folder / "storedog.toml").write_text(_TOML, encoding="utf-8")
        options = (*WITHOUT_OTHERS, "--storedog-env=staging", "--storedog-deploy=never")
        files = f"--synthetics-files={FILE}"
        return self._run([sys.executable, "-m", "pytest", *options, files], "key-a")

    def test(self, public_id: str) -> Json:
        """The main test, which is in the service."""
        path = f"/api/v1/synthetics/tests/{'browser/' if public_id == BROWSER else ''}{public_id}"
        test: Json = self.service.get(path).json()
        return test

    def tests(self) -> list[Json]:
        """The definitions in the file."""
        content = json.loads((self.folder / FILE).read_text(encoding="utf-8"))
        return [test["localTestDefinition"] for test in content["tests"]]

    def write(self, tests: list[Json]) -> None:
        (self.folder / FILE).write_text(json.dumps({"tests": tests}), encoding="utf-8")

    def _run(self, command: list[str], api_key: str) -> subprocess.CompletedProcess[str]:
        keys = {"DD_API_KEY": api_key, "DD_APP_KEY": "key-b"}
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**environment_of(self.folder, self.service.url), **keys, **self.tools.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


@pytest.fixture
def world(tools: Tools, tmp_path: Path) -> Iterator[World]:
    with targeting() as target:
        target.answer("/other", body="other")
        api = http_test(target.url, headers={"Authorization": "Bearer sesame", "X-Plain": "plain"})
        browser = browser_test(target.url, says("hello"))
        api["public_id"], browser["public_id"] = API, BROWSER
        with serving(api, browser, keys=Keys("key-a", "key-b")) as service:
            service.headers = {"DD-API-KEY": "key-a", "DD-APPLICATION-KEY": "key-b"}
            yield World(target, service, tools, tmp_path)


@pytest.fixture
def imported(world: World) -> World:
    """The same, with both tests in a file."""
    done = world.datadog_ci("import-tests", "-p", API, "-p", BROWSER, "-f", FILE)
    assert done.returncode == 0, done.stdout + done.stderr
    return world


def test_an_imported_file_holds_the_whole_tests_and_no_secret(imported: World) -> None:
    api, browser = imported.tests()
    assert "sesame" not in (imported.folder / FILE).read_text(encoding="utf-8")
    assert api["config"]["request"]["headers"]["X-Plain"] == "plain"
    assert [one["type"] for one in browser["steps"]] == ["assertElementContent"]
    loaded = load([str(imported.folder / FILE)]).tests
    assert {one.public_id: one.data for one in loaded.values()} == {API: api, BROWSER: browser}


def test_the_gate_runs_an_imported_file(imported: World) -> None:
    api, _ = imported.tests()
    imported.write([{"localTestDefinition": api}])
    refused = imported.gate()
    assert (refused.returncode != 0, "AUTHORIZATION" in refused.stdout) == (True, True)
    assert imported.target.requests == []
    overrides = {"variables": {"AUTHORIZATION": "Bearer other"}}
    imported.write([{"localTestDefinition": api, "testOverrides": overrides}])
    done = imported.gate()
    assert done.returncode == 0, done.stdout
    assert imported.target.requests[-1]["headers"]["authorization"] == "Bearer other"


def test_what_is_deployed_is_the_main_test_from_then_on(imported: World) -> None:
    api, browser = imported.tests()
    api["name"] = "renamed"
    api["config"]["request"]["url"] = f"{imported.target.url}/other"
    browser["steps"].append(step("refresh"))
    imported.write([{"localTestDefinition": one} for one in (api, browser)])
    # Without a field named, datadog-ci leaves out `config`.
    done = imported.datadog_ci("deploy-tests", "-f", FILE, "--exclude-field", "tags")
    assert done.returncode == 0, done.stdout + done.stderr
    assert imported.test(API)["name"] == "renamed"
    assert [one["type"] for one in imported.test(BROWSER)["steps"]][-1] == "refresh"
    batch = imported.service.final(imported.service.trigger({"public_id": API}))
    assert batch["status"] == "passed"
    request = imported.target.requests[-1]
    # The file has no secret, and the main test keeps its own.
    assert (request["path"], request["headers"]["authorization"]) == ("/other", "Bearer sesame")


def test_a_deployment_leaves_out_the_config_unless_told_otherwise(imported: World) -> None:
    api, browser = imported.tests()
    api["name"], api["config"]["request"]["url"] = "renamed", "http://127.0.0.1:1"
    imported.write([{"localTestDefinition": one} for one in (api, browser)])
    done = imported.datadog_ci("deploy-tests", "-f", FILE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert imported.test(API)["name"] == "renamed"
    assert imported.test(API)["config"]["request"]["url"] == imported.target.url
    batch = imported.service.final(imported.service.trigger({"public_id": API}))
    assert batch["status"] == "passed"
    assert imported.target.requests[-1]["headers"]["authorization"] == "Bearer sesame"


@pytest.mark.parametrize(
    ("command", "public_id", "api_key", "said"),
    [
        ("import-tests", UNKNOWN, "key-a", "404"),
        ("import-tests", API, "wrong", "403"),
        ("deploy-tests", UNKNOWN, "key-a", "Synthetics test not found"),
        ("deploy-tests", API, "wrong", "Forbidden"),
    ],
)
def test_what_fails_there_changes_nothing_here(
    world: World, command: str, public_id: str, api_key: str, said: str
) -> None:
    before = world.test(API)
    if command == "deploy-tests":
        renamed = {**before, "public_id": public_id, "name": "renamed"}
        world.write([{"localTestDefinition": renamed}])
    done = world.datadog_ci(command, "-p", public_id, "-f", FILE, api_key=api_key)
    assert (done.returncode, said in done.stdout + done.stderr) == (1, True)
    assert world.test(API) == before
    assert (world.folder / FILE).exists() is (command == "deploy-tests")


def test_a_type_that_cannot_be_changed_is_named(imported: World) -> None:
    api, _ = imported.tests()
    imported.write([{"localTestDefinition": {**api, "subtype": "ssl"}}])
    done = imported.datadog_ci("deploy-tests", "-f", FILE)
    assert done.returncode == 1
    assert "type and subtype of a test cannot be changed" in done.stdout + done.stderr
