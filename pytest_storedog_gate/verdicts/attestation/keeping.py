"""Where attestations are kept: beside the image in its registry, or in a folder."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from pytest_storedog_gate.deploy.registry import oci
from pytest_storedog_gate.errors import NoVerdict
from pytest_storedog_gate.outlets import whole_file
from pytest_storedog_gate.outlets.side_by_side import side_by_side
from pytest_storedog_gate.reading import json_text
from pytest_storedog_gate.verdicts.attestation.bundle import MEDIA_TYPE
from pytest_storedog_gate.verdicts.attestation.statement import TEST_RESULT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pytest_storedog_gate.verdicts.store import Prepared

_AT_ONCE = 8  # requests to a registry
_IN_MEMORY = 32  # bundles
_MOST = 5000  # referrers of one image
_EMPTY = b"{}"
_EMPTY_CONFIG = oci.descriptor("application/vnd.oci.empty.v1+json", _EMPTY)
_TRIES = 5  # to find one's own entry in an index that others write as well


class Keeper(Protocol):
    """Keeps bundles, each about one image; every call raises OSError or `NoVerdict`."""

    @property
    def place(self) -> str:
        """Where, in words for people."""

    def bundles(self, environment: str, digest: str) -> Iterable[bytes]:
        """All that is kept of a digest, whoever put it there: of the environment, at least."""

    def prepare(
        self, environment: str, digest: str, bundle: bytes, *, is_open: bool
    ) -> AbstractContextManager[Prepared]:
        """Gets ready to keep one more; `is_open` tells whether it lets the digest through.

        An environment that deploys nothing has no lock: its runs may do so side by side.
        """


@dataclass(frozen=True)
class BundleFolder:
    """A folder: a file a digest, in a folder an environment, with the latest bundle."""

    folder: Path

    @property
    def place(self) -> str:
        return str(self.folder)

    def bundles(self, environment: str, digest: str) -> list[bytes]:
        path = self._path(environment, digest)
        return [path.read_bytes()] if path.is_file() else []

    def prepare(
        self, environment: str, digest: str, bundle: bytes, *, is_open: bool
    ) -> AbstractContextManager[Prepared]:
        del is_open
        return whole_file.prepare(self._path(environment, digest), bundle)

    def _path(self, environment: str, digest: str) -> Path:
        return self.folder / environment / f"{digest.replace(':', '-')}.sigstore.json"


@dataclass(frozen=True)
class ImageReferrers:
    """The image's own registry: each bundle is an artifact whose subject is the image.

    Where the registry does not list referrers, an index under a tag does, which has no
    compare-and-swap: two who write it at once may lose an entry. For other tools that is a pity;
    for a promotion it must not be. So the latest open one of an environment has a tag of its own
    besides, and so has the latest of the others, whose place no open one takes.
    """

    repository: oci.Repository
    name: str
    project: str | None

    @property
    def place(self) -> str:
        return f"the registry of {self.name}"

    def bundles(self, environment: str, digest: str) -> Iterator[bytes]:
        named_there = (each["digest"] for each in self.repository.referrers(digest))
        found = [each for each in named_there if oci.DIGEST.fullmatch(each)]
        if len(found) > _MOST:
            raise NoVerdict(
                f"{self.name}@{digest} has {len(found)} referrers, more than {_MOST}: remove those "
                "that nobody needs"
            )
        for is_open in (True, False):
            named = self.repository.manifest(self._tag(environment, digest, is_open=is_open))
            if named is not None:
                found.append(named[1]["digest"])
        left = list(dict.fromkeys(found))
        while left:  # not all at once, which need not fit into memory
            some, left = left[:_IN_MEMORY], left[_IN_MEMORY:]
            yield from filter(None, side_by_side(self._bundle, some, at_once=_AT_ONCE))

    @contextmanager
    def prepare(
        self, environment: str, digest: str, bundle: bytes, *, is_open: bool
    ) -> Iterator[Prepared]:
        subject = self.repository.manifest(digest)
        if subject is None:
            raise NoVerdict(f"{self.name} has no image {digest} any more: nothing can refer to it")
        self.repository.put_blob(_EMPTY)
        layer = self.repository.put_blob(bundle)
        manifest = {
            "schemaVersion": 2,
            "mediaType": oci.MANIFEST,
            "artifactType": MEDIA_TYPE,
            "config": _EMPTY_CONFIG,
            "layers": [{**layer, "mediaType": MEDIA_TYPE}],
            "subject": subject[1],
            "annotations": {
                "dev.sigstore.bundle.content": "dsse-envelope",
                "dev.sigstore.bundle.predicateType": TEST_RESULT,
                "org.opencontainers.image.created": f"{datetime.now(UTC):%FT%TZ}",
            },
        }
        data = oci.encoded(manifest)
        tag = self._tag(environment, digest, is_open=is_open)
        yield _Artifact(self.repository, digest, tag, data)

    def _bundle(self, digest: str) -> bytes | None:
        """The bundle of an artifact, None where it is none: anybody may refer to an image."""
        found = self.repository.manifest(digest)
        if found is None:
            return None  # an index goes on naming what was deleted
        try:
            layers = json_text.loads(found[0].decode("utf-8"))["layers"]
            # What is larger than any of ours is somebody else's, and must not stop a promotion.
            wanted = [
                each["digest"]
                for each in layers
                if each["mediaType"] == MEDIA_TYPE and each["size"] <= oci.LARGEST
                if oci.DIGEST.fullmatch(each["digest"])
            ]
        except (ValueError, KeyError, TypeError):
            return None
        return self.repository.blob(wanted[0]) if len(wanted) == 1 else None

    def _tag(self, environment: str, digest: str, *, is_open: bool) -> str:
        """Of the latest such verdict there; another project's or environment's is another tag."""
        whose = hashlib.sha256(f"{self.project or ''}\0{environment}".encode()).hexdigest()
        kind = "" if is_open else "-not-open"
        return f"{digest.replace(':', '-')}.storedog-{whose[:16]}{kind}"


@dataclass(frozen=True)
class _Artifact:
    """One artifact, whose blobs the registry has already."""

    repository: oci.Repository
    subject: str
    tag: str
    manifest: bytes

    def commit(self) -> None:
        if not self.repository.put_manifest(self.manifest, oci.MANIFEST, self.tag):
            self._index()

    def _index(self) -> None:
        """Adds it to the index that stands in for the list of referrers."""
        entry = {
            **oci.descriptor(oci.MANIFEST, self.manifest),
            "artifactType": MEDIA_TYPE,
        }
        for _ in range(_TRIES):
            there = self.repository.indexed(self.subject)
            if any(each["digest"] == entry["digest"] for each in there):
                return
            index = {
                "schemaVersion": 2,
                "mediaType": oci.INDEX,
                "manifests": [*there, entry],
            }
            tag = self.subject.replace(":", "-")
            self.repository.put_manifest(oci.encoded(index), oci.INDEX, tag)
        raise NoVerdict(
            f"the index {self.subject} of attestations is written by others all the time"
        )
