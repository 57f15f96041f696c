"""The policies of docs/how-to/admit-gated-digests.md, evaluated by the tools that they are for."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from textwrap import indent
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from pytest_storedog_gate.verdicts.attestation.bundle import MEDIA_TYPE, signed
from pytest_storedog_gate.verdicts.rule import CheckVerdict, State, Verdict
from tests.conftest import missing
from tests.documented import example
from tests.verdicts.attestation.changing import changing
from tests.verdicts.attestation.world import (
    ANOTHER_KEY,
    CLOSED,
    STAGING_KEY,
    World,
    put,
    put_bundle,
    said,
)
from tests.verdicts.records import OPEN, A, outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_storedog_gate.verdicts.attestation.keys import SigningKey

_POD = """\
apiVersion: v1
kind: Pod
metadata: {{ name: shop }}
spec: {{ containers: [{{ name: shop, image: "{image}" }}] }}
"""
PAGE = "admit-gated-digests.md"
PASSED = Verdict(State.OPEN, 0, (), (CheckVerdict(A, State.OPEN, "", outcome(A)),))
NOW = datetime.now(UTC)
_KEY = re.compile(r"( +)-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)
_IMAGE = re.compile(r"registry\.example\.com/storedog/discounts@sha256:[0-9a-f]{64}")


def keep(
    world: World, verdict: Verdict = PASSED, key: SigningKey = STAGING_KEY, **facts: Any
) -> None:
    put(world, said(world, verdict=verdict, **{"finished": NOW, **facts}), key)


def of_another_image(world: World) -> None:
    other = replace(world, digest=world.another_image())
    put_bundle(world, signed(said(other, verdict=PASSED, finished=NOW), STAGING_KEY))


def one_by_one(world: World, *verdicts: Verdict) -> None:
    for number, verdict in enumerate(verdicts, start=1):
        keep(world, verdict, sequence=number)


def closed_by_another_key(world: World) -> None:
    keep(world)
    keep(world, CLOSED, ANOTHER_KEY)


# What is kept with an image, and whether each policy admits it.
CASES: dict[str, tuple[Callable[[World], None], bool]] = {
    "open": (keep, True),
    "open twice": (lambda w: one_by_one(w, PASSED, PASSED), True),
    "open, and closed by another key": (closed_by_another_key, True),
    "nothing signed": (lambda _: None, False),
    "another key": (lambda w: keep(w, key=ANOTHER_KEY), False),
    "another image": (of_another_image, False),
    "result": (lambda w: keep(w, CLOSED), False),
    "environment": (lambda w: keep(w, environment="qa"), False),
    "project": (lambda w: keep(w, project="x"), False),
    "168h": (lambda w: keep(w, finished=NOW - timedelta(days=8)), False),
    "a failed optional check": (lambda w: keep(w, OPEN), False),
    "open, then closed": (lambda w: one_by_one(w, PASSED, CLOSED), False),
    "closed, then open": (lambda w: one_by_one(w, CLOSED, PASSED), False),
}
# Each is in one line of a policy, and without that line the policy admits the case of that name.
CONDITIONS = ("result", "environment", "project", "168h")


class Tool(Protocol):
    """A tool that decides by a policy whether an image is admitted."""

    policy: str

    def admits(self, world: World, policy: str) -> bool:
        """What the tool says by this variant of its policy."""


class Commands:
    """What the page has typed, in a folder with the public key."""

    def __init__(self, folder: Path) -> None:
        needed("cosign", "cosign", "lab/test")
        self.folder = folder
        (folder / "keys").mkdir()
        (folder / "keys" / "staging.pub").write_bytes(STAGING_KEY.public.pem)

    def typed(self, world: World, *commands: str) -> subprocess.CompletedProcess[str]:
        said = _IMAGE.sub(world.image, "\n".join(commands))
        return subprocess.run(
            ["bash", "-ec", said], cwd=self.folder, capture_output=True, text=True, check=False
        )


class Cosign(Commands):
    policy = example("# gated.rego", PAGE)

    def admits(self, world: World, policy: str) -> bool:
        (self.folder / "gated.rego").write_text(policy)
        return self.typed(world, example("--policy gated.rego", PAGE)).returncode == 0


class Kyverno(Commands):
    """Of a list of referrers it takes those whose `artifactType` is a bundle's.

    The small registry of the tests lists the type of each one's configuration for that.
    """

    policy = example("apiVersion: kyverno.io/v1", PAGE)

    def admits(self, world: World, policy: str) -> bool:
        needed("kyverno", "admission", "python -m lab.offline.programs")
        with changing(world, _with_its_type) as through:
            return self._admits(through, policy)

    def _admits(self, world: World, policy: str) -> bool:
        (self.folder / "policy.yaml").write_text(ours(policy, world))
        (self.folder / "pod.yaml").write_text(_POD.format(image=world.image))
        done = self.typed(world, "kyverno apply policy.yaml --resource pod.yaml --registry")
        counts = dict(re.findall(r"(pass|fail|error): (\d+)", done.stdout))
        assert counts["error"] == "0", done.stdout
        return counts["pass"] != "0" and counts["fail"] == "0" and done.returncode == 0


class PolicyController(Commands):
    """Verdicts are copied for it, as the page has it."""

    policy = example("apiVersion: policy.sigstore.dev/v1beta1", PAGE)

    def admits(self, world: World, policy: str) -> bool:
        needed("policy-tester", "admission", "python -m lab.offline.programs")
        self.typed(world, example("IMAGE=", PAGE))
        (self.folder / "policy.yaml").write_text(ours(policy, world))
        done = self.typed(world, f"policy-tester --policy policy.yaml --image {world.image}")
        return done.returncode == 0


def _with_its_type(path: str, body: bytes) -> bytes:
    if "/referrers/" not in path:
        return body
    return body.replace(b"application/vnd.oci.empty.v1+json", MEDIA_TYPE.encode())


def needed(program: str, requirement: str, built: str) -> None:
    if shutil.which(program) is None:
        missing(requirement, f"no {program} on PATH: {built} builds it")


def ours(policy: str, world: World) -> str:
    """The policy for this world: of its image, and of its key."""
    name, pem = world.image.partition("@")[0], STAGING_KEY.public.pem.decode().strip()
    policy = _KEY.sub(lambda found: indent(pem, found[1]), policy)
    return policy.replace("registry.example.com/storedog/discounts", name)


@pytest.fixture(params=[Cosign, Kyverno, PolicyController])
def tool(request: pytest.FixtureRequest, tmp_path: Path) -> Tool:
    tool: Tool = request.param(tmp_path)
    return tool


def test_a_policy_admits_gated_digests_alone(any_world: World, tool: Tool) -> None:
    found = {}
    for name, (act, _) in CASES.items():
        world = World.new(any_world.address)
        act(world)
        found[name] = tool.admits(world, tool.policy)
    assert found == {name: admitted for name, (_, admitted) in CASES.items()}


def test_each_condition_of_a_policy_is_needed(world: World, tool: Tool) -> None:
    for word in CONDITIONS:
        condition = rf"(?m)^(?=.*{word})(?=.*(?:==|operator:|_ns\()).*\n"
        policy, count = re.subn(condition, "", tool.policy)
        assert count == 1, word
        loose = World.new(world.address)
        CASES[word][0](loose)
        assert tool.admits(loose, policy), word
