"""The whole gate on a cluster by the command that a pipeline runs, with and without a preview."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import WITHOUT_OTHERS, http_check, junit_cases
from tests.kubernetes.places import OnTheCluster
from tests.kubernetes.web import PORT
from tests.live.releases import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_storedog_gate.deploy import ImageReference
    from tests.kubernetes.cluster import Cluster
    from tests.live.images.factory import ImageFactory
    from tests.prepared.runs import Prepared

pytestmark = [pytest.mark.kubernetes, pytest.mark.usefixtures("turn")]
TOML = """\
[synthetics]
backend = "local"
definitions = ["*.synthetics.json"]
batch_timeout = 60

[services.web]
image = "{image}"

[environments.staging]
platform = "kubernetes"
kubernetes = {{ kubeconfig = "{kubeconfig}", namespace = "{namespace}" }}
gate = "web"
services = ["web"]
checks = ["web-say-its"]
overrides = {{ variables = {{ SHOP = "{shop}" }} }}
"""
# Releases 1 and 2 pass it. 5 is ready as they are, and what it answers is wrong.
SAYS = {"type": "body", "operator": "matches", "target": "^[12]$"}
WRONG = "5"


class Shop:
    """A project whose service `web` is on the cluster; release 1 is let through."""

    def __init__(self, place: OnTheCluster, prepared: Prepared, folder: Path, preview: str) -> None:
        self.place, self._prepared, self._folder = place, prepared, folder
        self.previews = bool(preview)
        self.wrong = place.image(WRONG)
        place._of[WRONG] = self.wrong.digest
        check = http_check("web-say-its", "/", "what the page says")
        check["localTestDefinition"]["config"]["assertions"].append(SAYS)  # type: ignore[index]
        (folder / "all.synthetics.json").write_text(json.dumps({"tests": [check]}))
        text = TOML.format(
            image=place.repository,
            kubeconfig=place.environment().target.kubeconfig,
            namespace=place.namespace.name,
            shop=f"http://{preview or f'{place.address}:{PORT}'}",
        )
        (folder / "storedog.toml").write_text(text + (preview and f'preview = "{preview}"\n'))

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        return self._prepared.run(self._command(*args), self._folder, {"PATH": "/usr/bin:/bin"})

    def deploy(self, image: ImageReference) -> subprocess.CompletedProcess[str]:
        return self.run(f"--storedog-image={image.pinned}", "--storedog-lock-wait=60")

    def killed_at_its_checks(self, image: ImageReference) -> None:
        command = self._command(f"--storedog-image={image.pinned}")
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=self._folder, stdout=pipe, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if "triggered" in line:
                    process.kill()
        assert process.returncode == -9

    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((self._folder / "report.json").read_text("utf-8"))
        return report

    def junit(self) -> dict[str, str]:
        return junit_cases(self._folder / "junit.xml")

    def _command(self, *args: str) -> list[str]:
        command = [sys.executable, "-m", "pytest", "-p", "no:xdist", *WITHOUT_OTHERS]
        command += ["--storedog-env=staging", "--junitxml=junit.xml", *args]
        return [*command, "--storedog-report=report.json", "--rootdir", str(self._folder)]


@pytest.fixture(scope="module", params=[False, True], ids=["on the live address", "before traffic"])
def shop(
    request: pytest.FixtureRequest,
    cluster: Cluster,
    images: ImageFactory,
    prepared: Prepared,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shop]:
    """One of each kind for all tests."""
    preview = f"127.0.0.1:{free_port()}" if request.param else ""
    with ExitStack() as stack:
        with cluster.turn():
            namespace = stack.enter_context(cluster.namespace())
            place = OnTheCluster(namespace, cluster.kubeconfig, images)
            made = Shop(place, prepared, tmp_path_factory.mktemp("shop"), preview)
            done = made.deploy(place.old)
            assert done.returncode == 0, done.stdout
            assert place.answer() == place.old.digest
        yield made
        with cluster.turn():
            stack.close()


def test_a_wrong_answer_closes_the_gate_and_the_old_version_answers(shop: Shop) -> None:
    before = shop.place.answer()
    done = shop.deploy(shop.wrong)
    assert done.returncode == 1, done.stdout
    assert shop.place.answer() == before
    assert shop.report()["state"] == "closed"
    assert shop.junit()["verdict[staging]"] == "failure"
    if shop.previews:
        assert "the candidate was given no traffic: web-say-its: " in done.stdout
    else:
        assert f"put {shop.place.repository}@{before} back as web" in done.stdout
    assert "body" in shop.report()["checks"][0]["reason"]


def test_a_run_that_is_killed_is_mended_by_the_next(shop: Shop) -> None:
    before = shop.place.answer()
    shop.killed_at_its_checks(shop.wrong)
    assert shop.place.answer() == (before if shop.previews else shop.wrong.digest)
    done = shop.deploy(shop.place.old)
    assert done.returncode == 0, done.stdout
    left = "removed web-preview, a candidate that never had traffic"
    mended = left if shop.previews else f"put {shop.place.old.pinned} back as web"
    assert f"recovered: {mended}" in done.stdout
    assert shop.place.answer() == shop.place.old.digest


def test_what_was_let_through_before_can_be_put_back(shop: Shop) -> None:
    old, new = shop.place.old, shop.place.new
    assert shop.deploy(new).returncode == 0
    assert shop.place.answer() == new.digest
    done = shop.run("--storedog-rollback")
    assert done.returncode == 0, done.stdout
    assert shop.place.answer() == old.digest
    done = shop.run("--storedog-history")
    assert done.returncode == 0, done.stdout
    digests = [each["digest"] for each in shop.report()["history"]]
    assert digests[:2] == [old.digest, new.digest]
