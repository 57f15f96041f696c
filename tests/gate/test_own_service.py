"""The local service of a gate run takes orders from that run alone."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from pytest_storedog_gate.gate import local_service
from tests.local_synthetics.support.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.gate.local_service import LocalService
    from tests.conftest import GateProject

NOBODY = 65534


def another_user() -> list[str]:
    """What starts a command as another user, where that is possible."""
    if os.geteuid() == 0 and shutil.which("setpriv"):
        return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    return []


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalService]:
    path = tmp_path_factory.mktemp("definitions") / "one.json"
    path.write_text(json.dumps(DEFINITION))
    with local_service.running([str(path)]) as running:
        yield running


DEFINITION = {
    "public_id": "abc-def-ghi",
    "type": "api",
    "subtype": "http",
    "name": "the list",
    "config": {
        "request": {"method": "GET", "url": "http://127.0.0.1:1"},
        "assertions": [{"type": "statusCode", "operator": "is", "target": 200}],
    },
}
KEYS = [{}, {"DD-API-KEY": ""}, {"DD-API-KEY": "x" * 43}, {"DD-APPLICATION-KEY": "x" * 43}]


@pytest.mark.parametrize("operation", [*OPERATIONS, "GET /", "GET /local/screenshots/x"])
@pytest.mark.parametrize("keys", KEYS, ids=str)
def test_nothing_is_answered_without_the_key(
    service: LocalService, operation: str, keys: dict[str, str]
) -> None:
    method, path = operation.split()
    path = path.replace("{public_id}", "abc-def-ghi")
    answer = requests.request(method, service.url + path, json={}, headers=keys, timeout=10)
    assert (answer.status_code, answer.json()) == (403, {"errors": ["Forbidden"]})


def test_the_run_itself_has_the_key(service: LocalService) -> None:
    path = f"{service.url}/api/v1/synthetics/tests/abc-def-ghi"
    answer = requests.get(path, headers={"DD-API-KEY": service.key}, timeout=10)
    assert (answer.status_code, answer.json()["name"]) == (200, "the list")


def test_each_run_has_a_key_of_its_own(service: LocalService, tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(json.dumps(DEFINITION))
    with local_service.running([str(tmp_path / "one.json")]) as other:
        assert other.key != service.key
        assert min(len(other.key), len(service.key)) >= 32


def test_ctrl_c_of_a_terminal_does_not_reach_it(service: LocalService) -> None:
    """It was gone before the run knew of the Ctrl-C, which ended with 8 then."""
    assert os.getpgid(service._process.pid) != os.getpgid(0)


def test_nobody_can_read_the_key_in_the_list_of_processes(service: LocalService) -> None:
    seen = 0
    for process in Path("/proc").glob("[0-9]*"):
        for what in ("cmdline", "environ"):
            try:
                held = (process / what).read_bytes()
            except OSError:
                continue  # it has ended, or is another user's
            seen += b"--key-from-stdin" in held
            assert service.key.encode() not in held
    assert seen
    assert service.key not in repr(service)


# As a deployment takes its time between reading the checks and their trigger, a conftest does.
CONFTEST = """
import json, os, subprocess
from pathlib import Path

def pytest_collection_modifyitems():
    for children in Path("/proc/self/task").glob("*/children"):
        for pid in children.read_text().split():
            if b"local_synthetics" in Path(f"/proc/{pid}/cmdline").read_bytes():
                attack = [*json.loads(os.environ["ATTACK"]), port_of(pid)]
                done = subprocess.run(attack, capture_output=True, text=True)
                Path("attacked").write_text(done.stdout + done.stderr)

def port_of(pid):
    open_files = {os.readlink(one) for one in Path(f"/proc/{pid}/fd").iterdir()}
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        _, address, _, state, *_, inode = line.split()[:10]
        if state == "0A" and f"socket:[{inode}]" in open_files:
            return str(int(address.partition(":")[2], 16))
"""

ATTACK = """
import json, os, sys, urllib.error, urllib.request
definition = json.loads(sys.argv[1])
definition["config"]["assertions"] = [{"type": "statusCode", "operator": "is", "target": 500}]
request = urllib.request.Request(
    f"http://127.0.0.1:{sys.argv[2]}/api/v1/synthetics/tests/api/dis-cou-nts",
    json.dumps(definition).encode(), {"Content-Type": "application/json"}, method="PUT"
)
try:
    status = urllib.request.urlopen(request).status
except urllib.error.HTTPError as error:
    status = error.code
print(os.getuid(), status)
"""


@pytest.mark.usefixtures("started_as_usual")
def test_a_process_of_another_user_cannot_open_the_gate(
    project: GateProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It changes the definition of a check that fails while the run is on its way."""
    project.shop.answers["/discount"] = (500, "{}")
    held = json.loads((project.path / "all.synthetics.json").read_text())["tests"]
    definition = json.dumps(held[0]["localTestDefinition"])
    # The python of the tests may be where another user cannot go.
    python = shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin") or sys.executable
    monkeypatch.setenv("ATTACK", json.dumps([*another_user(), python, "-c", ATTACK, definition]))
    project.pytester.makeconftest(CONFTEST)
    result = project.run()
    said = (project.path / "attacked").read_text()
    uid = NOBODY if another_user() else os.getuid()
    assert said == f"{uid} 403\n"
    assert result.ret == 1
    assert "failure" in project.junit().values()


EARLY = """
import subprocess, sys
from pathlib import Path

class Popen(subprocess.Popen):
    def __init__(self, *args, **more):
        late = {"requests", "pytest_storedog_gate.gate.run"} & sys.modules.keys()
        Path("imported").write_text(repr(late))
        super().__init__(*args, **more)

subprocess.Popen = Popen
"""


@pytest.mark.usefixtures("started_as_usual")  # a process that others use has imported all
def test_it_starts_before_the_gate_imports_what_it_does_not_need_for_that(
    project: GateProject,
) -> None:
    project.pytester.makeconftest(EARLY)
    assert project.run().ret == 0
    assert (project.path / "imported").read_text() == "set()"


ENDING = """
import time
from pathlib import Path

def read(path):
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # a thread or a child that ends just now
        return b""

def services():
    children = [pid for each in Path("/proc/self/task").glob("*/children")
                for pid in read(each).decode().split()]
    # One that has ended, and is not waited for yet, has no command line.
    return [pid for pid in children if b"local_synthetics" in read(Path(f"/proc/{pid}/cmdline"))]

def pytest_collection_finish():
    assert len(services()) == 1

def pytest_terminal_summary():
    deadline = time.monotonic() + 20
    while services() and time.monotonic() < deadline:
        time.sleep(0.01)
    Path("left").write_text(repr(services()))
"""


@pytest.mark.usefixtures("started_as_usual")
def test_it_ends_beside_what_is_told_after_the_checks(project: GateProject) -> None:
    project.pytester.makeconftest(ENDING)
    assert project.run().ret == 0
    assert (project.path / "left").read_text() == "[]"
