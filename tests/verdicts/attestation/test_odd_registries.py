"""Registries that hold much, answer falsely, or are written by several at once."""

from __future__ import annotations

import multiprocessing
import threading
from typing import TYPE_CHECKING

import pytest
import requests

from pytest_storedog_gate.deploy.registry import oci
from pytest_storedog_gate.errors import DeploymentFailed, NoVerdict
from pytest_storedog_gate.reading import json_text
from pytest_storedog_gate.verdicts.attestation.bundle import MEDIA_TYPE, signed
from pytest_storedog_gate.verdicts.attestation.keeping import ImageReferrers
from tests.verdicts.attestation.changing import changing
from tests.verdicts.attestation.world import (
    ANOTHER_KEY,
    CLOSED,
    NAME,
    STAGING_KEY,
    World,
    require,
    said,
)
from tests.verdicts.records import OPEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_storedog_gate.verdicts.attestation.store import AttestedVerdicts

MANY = 1000


def test_the_newest_of_a_thousand_referrers_counts(with_referrers: str) -> None:
    world = World.new(with_referrers)
    world.keep(OPEN)
    repository = world.repository
    layer = repository.put_blob(signed(said(world, sequence=10**6), ANOTHER_KEY))
    image = repository.manifest(world.digest)
    assert image is not None
    for number in range(MANY):
        manifest = {
            "schemaVersion": 2,
            "mediaType": oci.MANIFEST,
            "artifactType": MEDIA_TYPE,
            "config": {**layer, "mediaType": "application/vnd.oci.empty.v1+json"},
            "layers": [{**layer, "mediaType": MEDIA_TYPE}],
            "subject": image[1],
            "annotations": {"number": str(number)},
        }
        repository.put_manifest(oci.encoded(manifest), oci.MANIFEST)
    world.keep(CLOSED)
    assert len(repository.referrers(world.digest)) == MANY + 2
    with pytest.raises(DeploymentFailed, match="its verdict there is closed"):
        require(world)


@pytest.mark.parametrize("called", [oci.LARGEST + 1, 10])
def test_what_is_larger_than_any_verdict_takes_none_away(any_world: World, called: int) -> None:
    any_world.keep(OPEN)

    class Miscalled(oci.Repository):
        def put_blob(self, data: bytes) -> oci.Descriptor:
            found = super().put_blob(data)
            return {**found, "size": called} if len(data) > oci.LARGEST else found

    keeper = ImageReferrers(Miscalled(any_world.address, any_world.name, {}), NAME, None)
    large = b" " * (oci.LARGEST + 1)
    with keeper.prepare("of nobody", any_world.digest, large, is_open=True) as prepared:
        prepared.commit()
    require(any_world)


def test_who_pushes_over_tags_takes_no_verdict_away_from_a_list(with_referrers: str) -> None:
    """Where there is no list it does: docs/how-to/promote-by-proof.md says so."""
    world = World.new(with_referrers)
    world.keep(OPEN)
    world.keep(CLOSED)
    image = world.repository.manifest(world.digest)
    assert image is not None
    answer = requests.get(f"{world.address}/v2/{world.name}/tags/list", timeout=30)
    tags = [tag for tag in answer.json()["tags"] if ".storedog-" in tag]
    assert len(tags) == len(("the open one", "the other"))
    for tag in tags:
        world.repository.put_manifest(image[0], oci.MANIFEST, tag)
    with pytest.raises(DeploymentFailed, match="its verdict there is closed"):
        require(world)


def lies(world: World, about: str) -> Callable[[str, bytes], bytes]:
    """Answers with what an open verdict has, where something else is asked for."""
    open_one = signed(said(world), STAGING_KEY)

    def change(path: str, body: bytes) -> bytes:
        if about == "a bundle" and "/blobs/" in path:
            return open_one
        if about == "an artifact" and "/manifests/sha256:" in path:
            return body.replace(b"dsse-envelope", b"dsse-anything")
        if about == "a size" and "/blobs/" in path:
            return b" " * (oci.LARGEST + 1)
        return body

    return change


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        ("a bundle", "with something else, which is sha256:"),
        ("an artifact", "with something else, which is sha256:"),
        ("a size", f"answers more than {oci.LARGEST} bytes"),
    ],
)
def test_a_registry_that_lies_proves_nothing(world: World, about: str, sentence: str) -> None:
    world.keep(CLOSED)
    with changing(world, lies(world, about)) as lying, pytest.raises(NoVerdict, match=sentence):
        require(lying)


def test_an_entry_of_a_list_that_is_no_digest_is_not_asked_for(any_world: World) -> None:
    any_world.keep(OPEN)
    entries, more = b'"manifests":[', b'{"digest":"http://elsewhere/x"},'
    with changing(any_world, lambda _, body: body.replace(entries, entries + more)) as odd:
        assert odd.repository.referrers(odd.digest)[0]["digest"] == "http://elsewhere/x"
        require(odd)


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ('<{path}>; rel="next"', "without an end"),
        ('<{path}>; title="more"; rel=next', "without an end"),
        ('<{path}/more>; rel="next"', "not all of them: page 2 is missing"),
    ],
    ids=["endless", "with a title", "cut"],
)
def test_a_list_that_is_not_whole_proves_nothing(
    with_referrers: str, link: str, sentence: str
) -> None:
    world = World.new(with_referrers)
    world.keep(OPEN)
    with changing(world, link=link) as odd, pytest.raises(NoVerdict, match=sentence):
        require(odd)


def test_a_closed_verdict_is_not_lost_to_an_open_one_that_is_signed_at_once(world: World) -> None:
    """Where the registry has no list, in the order in which an index loses the entry of another.

    Two runs of an environment that deploys nothing, and so has no lock.
    """
    tagged, read, done = (threading.Event() for _ in range(3))
    theirs, ours = world.repository, world.repository
    real = world.repository.indexed

    def waits(digest: str) -> list[oci.Descriptor]:
        tagged.set()
        assert read.wait(60)
        return real(digest)

    def is_late(digest: str) -> list[oci.Descriptor]:
        found = real(digest)
        read.set()
        assert done.wait(60)
        return found

    def store(repository: oci.Repository) -> AttestedVerdicts:
        return world.store(keeper=ImageReferrers(repository, NAME, "storedog"))

    closing = store(theirs).prepare("staging", world.digest, world.record(CLOSED))
    opening = store(ours).prepare("staging", world.digest, world.record(OPEN))
    with closing as closed, opening as opened:
        theirs.indexed, ours.indexed = waits, is_late  # type: ignore[method-assign]

        def close() -> None:
            closed.commit()
            done.set()

        thread = threading.Thread(target=close)
        thread.start()
        assert tagged.wait(60)
        opened.commit()
        thread.join()
    assert len(real(world.digest)) == 1, "the index lost one"
    with pytest.raises(DeploymentFailed, match="its verdict there is closed"):
        require(world)


def _sign(world: World, environment: str, times: int) -> None:
    for _ in range(times):
        world.keep(OPEN, environment=environment)
    world.keep(CLOSED, environment=environment)


def test_environments_that_sign_at_once_hide_no_verdict(any_world: World) -> None:
    """Each is a process of its own, and all write the one index where there is no list."""
    names = ("staging", "qa", "canary")
    start = multiprocessing.get_context("fork").Process
    signers = [start(target=_sign, args=(any_world, name, 5)) for name in names]
    for each in signers:
        each.start()
    for each in signers:
        each.join()
    assert [each.exitcode for each in signers] == [0, 0, 0]
    for name in names:
        record = any_world.store(key=None).read(name, any_world.digest)
        assert json_text.loads(record or "{}")["state"] == "closed", name
