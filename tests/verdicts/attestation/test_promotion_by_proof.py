"""What a signed verdict in a registry lets through, and each attack that it has to withstand."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import requests

from pytest_storedog_gate.deploy.registry import oci
from pytest_storedog_gate.errors import DeploymentFailed, NoVerdict
from pytest_storedog_gate.verdicts.attestation.bundle import signed
from pytest_storedog_gate.verdicts.record import Mode
from pytest_storedog_gate.verdicts.rule import State
from tests.verdicts.attestation.world import (
    ANOTHER_KEY,
    CLOSED,
    STAGING_KEY,
    World,
    at,
    changed,
    flipped,
    put,
    put_bundle,
    require,
    said,
)
from tests.verdicts.records import OPEN, A

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_storedog_gate.verdicts.rule import Verdict


def test_an_open_verdict_lets_its_digest_through(any_world: World) -> None:
    any_world.keep(OPEN)
    require(any_world)


def test_the_newest_verdict_counts_whatever_clocks_say(any_world: World) -> None:
    any_world.keep(OPEN)
    any_world.keep(CLOSED, finished=at(-600))
    with pytest.raises(DeploymentFailed, match="its verdict there is closed"):
        require(any_world)
    any_world.keep(OPEN, finished=at(-500))
    require(any_world)


def test_a_run_that_has_begun_withdraws_the_verdict(any_world: World) -> None:
    any_world.keep(OPEN)
    assert any_world.store().holds("staging", any_world.digest)
    any_world.store().withdraw("staging", any_world.digest)
    assert not any_world.store().holds("staging", any_world.digest)
    with pytest.raises(DeploymentFailed, match="has not ended with a verdict"):
        require(any_world)
    any_world.keep(OPEN)
    require(any_world)


def test_a_run_that_was_killed_before_it_kept_the_verdict_leaves_no_proof(world: World) -> None:
    with world.store().prepare("staging", world.digest, world.record(OPEN)):
        pass
    with pytest.raises(DeploymentFailed, match="there is no record of it"):
        require(world)


def both(world: World, *verdicts: Verdict) -> None:
    for verdict in verdicts:
        put(world, said(world, verdict=verdict))


def twice_signed(statement: bytes) -> bytes:
    """As sigstore's bundles are not; of thousands each would have to be tried."""
    bundle = json.loads(signed(statement, STAGING_KEY))
    bundle["dsseEnvelope"]["signatures"] *= 2
    return json.dumps(bundle).encode()


ATTACKS: dict[str, tuple[Callable[[World], None], str]] = {
    "nothing attached": (lambda _: None, "there is no record of it"),
    "unsigned": (
        lambda w: put_bundle(w, said(w)),
        "is no sigstore bundle with a DSSE envelope",
    ),
    "another key": (lambda w: put(w, said(w), ANOTHER_KEY), "is signed by none of the public keys"),
    "another digest": (
        lambda w: put(w, said(w, digest=w.another_image())),
        "is about another image",
    ),
    "another image's bundle": (
        lambda w: put_bundle(w, signed(said(replace(w, digest=w.another_image())), STAGING_KEY)),
        "is about another image",
    ),
    "another repository": (
        lambda w: put(w, said(w, repository="registry.example/other")),
        "is about registry.example/other",
    ),
    "another project": (lambda w: put(w, said(w, project="x")), "is of the project x"),
    "no project": (
        lambda w: put(w, said(w, project=None)),
        "is of the project without a name",
    ),
    "another environment": (
        lambda w: put(w, said(w, environment="qa")),
        "is a verdict of qa",
    ),
    "closed": (lambda w: put(w, said(w, verdict=CLOSED)), "its verdict there is closed"),
    "inconclusive": (
        lambda w: put(w, said(w, verdict=replace(CLOSED, state=State.INCONCLUSIVE, exit_status=8))),
        "its verdict there is inconclusive",
    ),
    "a run that only checked": (
        lambda w: put(w, said(w, mode=Mode.CHECKS_ONLY)),
        "decided nothing",
    ),
    "fewer checks": (
        lambda w: put(w, said(w, requirements=(A,))),
        "does not cover search 'tag:shop'",
    ),
    "older than max_age": (
        lambda w: put(w, said(w, finished=at(-7 * 24 * 60 - 2))),
        "older than promotion.max_age allows",
    ),
    "two with one number, the closed one last": (
        lambda w: both(w, OPEN, CLOSED),
        "its verdict there is closed",
    ),
    "two with one number, the closed one first": (
        lambda w: both(w, CLOSED, OPEN),
        "its verdict there is closed",
    ),
    "a byte of the statement": (
        lambda w: put_bundle(w, changed(signed(said(w), STAGING_KEY), "payload", flipped)),
        "is signed by none of the public keys",
    ),
    "a byte of the signature": (
        lambda w: put_bundle(w, changed(signed(said(w), STAGING_KEY), "sig", flipped)),
        "is signed by none of the public keys",
    ),
    "an empty signature": (
        lambda w: put_bundle(w, changed(signed(said(w), STAGING_KEY), "sig", lambda _: b"")),
        "is signed by none of the public keys",
    ),
    "two signatures": (
        lambda w: put_bundle(w, twice_signed(said(w))),
        "is no sigstore bundle with a DSSE envelope",
    ),
    "malformed": (lambda w: put_bundle(w, b"\xff{"), "is no sigstore bundle"),
    "nested": (lambda w: put_bundle(w, b"[" * 90_000), "is no sigstore bundle"),
    "another predicate": (
        lambda w: put(w, said(w).replace(b"test-result/v0.1", b"vsa/v1")),
        "is no verdict of this gate",
    ),
    "contradictory": (
        lambda w: put(w, said(w).replace(b'"state": "open"', b'"state": "closed"', 1)),
        "contradicts its own record",
    ),
    "a result that others' tools take for another": (
        lambda w: put(w, said(w).replace(b'"result": "WARNED"', b'"result": "FAILED"')),
        "contradicts its own result",
    ),
    "a time without a zone": (
        lambda w: put(w, re.sub(rb'("at": "[^+"]+)\+00:00', rb"\1", said(w))),
        "is no verdict of this gate",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_lets_a_digest_through(world: World, attack: str) -> None:
    act, sentence = ATTACKS[attack]
    act(world)
    with pytest.raises(DeploymentFailed) as error:
        require(world)
    assert sentence in str(error.value)
    assert "--storedog-env=staging" in str(error.value)
    assert error.value.exit_status == 1


@pytest.mark.parametrize(
    ("sequence", "verdict"),
    [(2**53, CLOSED), (1, replace(CLOSED, reasons=("x" * 1000,) * 10_000))],
    ids=["no number left", "too large"],
)
def test_a_verdict_that_no_promotion_would_read_is_not_kept_in_silence(
    world: World, sequence: int, verdict: Verdict
) -> None:
    """Else the open one before it would go on counting."""
    put(world, said(world, sequence))
    with pytest.raises(NoVerdict, match="no promotion would read it"):
        world.keep(verdict)


def test_what_others_attach_takes_no_verdict_away(world: World) -> None:
    world.keep(OPEN)
    for act, _ in (ATTACKS[each] for each in ("unsigned", "another key", "malformed")):
        act(world)
    require(world)


def test_a_verdict_of_tomorrow_is_no_proof(world: World) -> None:
    world.keep(OPEN, finished=at(60))
    with pytest.raises(NoVerdict, match="still to come") as error:
        require(world)
    assert error.value.exit_status == 8


def test_a_tag_that_moved_says_nothing(world: World) -> None:
    world.keep(OPEN)
    with pytest.raises(DeploymentFailed, match="there is no record of it"):
        require(world, world.another_image())


def test_a_key_that_is_trusted_no_more_proves_nothing(world: World) -> None:
    world.keep(OPEN)
    with pytest.raises(DeploymentFailed, match="signed by none of the public keys"):
        require(world, trusted=(ANOTHER_KEY.public,))
    require(world, trusted=(ANOTHER_KEY.public, STAGING_KEY.public))


def test_a_registry_that_is_down_proves_nothing(world: World) -> None:
    down = replace(world, address="http://127.0.0.1:9")
    with pytest.raises(NoVerdict, match=r"the registry 127\.0\.0\.1:9 cannot be asked"):
        require(down)


def test_a_verdict_that_was_removed_proves_nothing(any_world: World) -> None:
    any_world.keep(OPEN)
    for each in any_world.repository.referrers(any_world.digest):
        place = f"{any_world.address}/v2/{any_world.name}/manifests/{each['digest']}"
        assert requests.delete(place, timeout=30).status_code == requests.codes.accepted
    with pytest.raises(DeploymentFailed, match="there is no record of it"):
        require(any_world)


def test_an_index_that_lost_the_entry_does_not_hide_a_closed_verdict(world: World) -> None:
    """Two environments sign at once, and the registry has no compare-and-swap."""
    world.keep(OPEN)
    before = world.repository.manifest(world.digest.replace(":", "-"))
    assert before is not None
    world.keep(CLOSED)
    world.repository.put_manifest(before[0], oci.INDEX, world.digest.replace(":", "-"))
    with pytest.raises(DeploymentFailed, match="its verdict there is closed"):
        require(world)


def test_an_index_that_is_none_proves_nothing(world: World) -> None:
    world.keep(OPEN)
    image = world.repository.manifest(world.digest)
    assert image is not None
    world.repository.put_manifest(image[0], oci.MANIFEST, world.digest.replace(":", "-"))
    with pytest.raises(NoVerdict, match="cannot be read"):
        require(world)


def test_age_has_no_limit_where_none_is_set(world: World) -> None:
    world.keep(OPEN, finished=at(-7 * 24 * 60 - 2))
    require(world, max_age=None)
    require(world, max_age=timedelta(days=8))
