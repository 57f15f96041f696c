"""A run by root lets the local service, and with it the browser, be another user's."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.gate import local_service
from tests.conftest import WITHOUT_OTHERS, missing
from tests.local_synthetics.support.browser_tests import browser_test, says
from tests.local_synthetics.support.processes import below
from tests.local_synthetics.support.service import targeting
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_synthetics.support.service import Handler

NOBODY = pwd.getpwnam("nobody")
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(local_service.VARIABLE, "nobody")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that other users can read: each pytest closes the folders above `tmp_path` to them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def given(folder: Path) -> None:
    user = local_service.service_user()
    assert user is not None
    local_service.give(folder, user)


def test_the_folder_for_artifacts_is_made_for_the_user(tmp_path: Path) -> None:
    folder = tmp_path / "kept" / "artifacts"
    for _ in range(2):
        given(folder)
        held = folder.stat()
        assert (held.st_uid, held.st_mode & 0o777) == (NOBODY.pw_uid, 0o700)
    assert folder.parent.stat().st_uid == 0


def test_a_folder_that_is_roots_stays_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"run: chown nobody {tmp_path}"):
        given(tmp_path)
    assert tmp_path.stat().st_uid == 0


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_where_a_link_leads_stays_as_it_is(tmp_path: Path, there: bool) -> None:
    precious = tmp_path / "precious"
    if there:
        precious.mkdir()
    (tmp_path / "link").symlink_to(precious)
    with pytest.raises(ConfigurationError, match="is a link, which is not followed"):
        given(tmp_path / "link")
    assert precious.exists() is there
    assert not there or precious.stat().st_uid == 0


def test_an_unknown_user_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(local_service.VARIABLE, "no-such-user")
    with pytest.raises(ConfigurationError, match="'no-such-user' is no user of this machine"):
        local_service.service_user()


CONFIGURATION = """
[synthetics]
backend = "local"
definitions = ["*.synthetics.json"]
artifacts = "kept"

[environments.staging]
checks = ["{check}"]
"""


@pytest.mark.browser
@pytest.mark.usefixtures("chromium")
def test_a_run_by_root_opens_pages_as_another_user(open_folder: Path) -> None:
    # The Python of the tests may be where another user cannot go.
    python = shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin") or sys.executable
    version = [python, "-c", "import sys; print(*sys.version_info[:2])"]
    said = subprocess.run(version, capture_output=True, text=True, check=True).stdout.split()
    if tuple(map(int, said)) != sys.version_info[:2]:
        missing("browser", f"{python} is another version")
    seen: dict[str, tuple[str, int]] = {}

    def look(handler: Handler) -> tuple[int, dict[str, str], str]:
        if handler.path == "/":
            for pid, (command, _) in below(os.getpid()).items():
                seen[pid] = command, Path(f"/proc/{pid}").stat().st_uid
        return 200, {"Content-Type": "text/html"}, "<p id='said'>hello</p>"

    with targeting() as target:
        target.routes["/"] = target.routes["/favicon.ico"] = look
        check = browser_test(target.url, says("bye", seconds=0.2))
        (open_folder / "one.synthetics.json").write_text(json.dumps(check))
        (open_folder / "storedog.toml").write_text(CONFIGURATION.format(check=check["public_id"]))
        packages = [one for one in sys.path if "site-packages" in one]
        done = subprocess.run(
            [python, "-m", "pytest", *WITHOUT_OTHERS, "--storedog-env=staging"],
            cwd=open_folder,
            env={**os.environ, "PYTHONPATH": ":".join([str(ROOT), *packages])},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1, done.stdout + done.stderr
    users = {
        kind: {user for command, user in seen.values() if word in command}
        for kind, word in (
            ("run", "--storedog-env"),
            ("service", "local_synthetics"),
            ("driver", "run-driver"),
            ("browser", "--remote-debugging-pipe"),
        )
    }
    other = {NOBODY.pw_uid}
    assert users == {"run": {0}, "service": other, "driver": other, "browser": other}
    assert not any("--no-sandbox" in command for command, _ in seen.values())
    (attempt,) = (open_folder / "kept").iterdir()
    assert {one.name for one in attempt.iterdir()} == {"page.html", "page.png", "trace.zip"}
