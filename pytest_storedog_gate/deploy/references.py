"""Image references, in the grammar of the registries' `distribution/reference`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_storedog_gate.errors import ConfigurationError

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_DOMAIN = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"(?P<repository>(?:{_DOMAIN}/)?{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)
_LONGEST_REPOSITORY = 255
_HUB = ("docker.io", "index.docker.io")


@dataclass(frozen=True)
class ImageReference:
    """A repository with a tag, a digest, both or neither. `repository` is spelled as engines do."""

    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """Reads `[registry/]repository[:tag][@sha256:digest]`.

        Raises `ConfigurationError` for anything else.
        """
        match = _REFERENCE.fullmatch(text)
        if match is None or len(match["repository"]) > _LONGEST_REPOSITORY:
            raise ConfigurationError(
                f"{text!r} is no image reference; one looks like registry:5000/shop/discounts:1.2 "
                "or registry:5000/shop/discounts@sha256:<64 hex digits>"
            )
        return cls(_familiar(match["repository"]), match["tag"], match["digest"])

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.repository}{tag}{digest}"

    @property
    def pinned(self) -> str:
        """`repository@digest`: the only form in which an image is pulled and started.

        Raises `ValueError` for a reference without a digest.
        """
        if self.digest is None:
            raise ValueError(f"{self} has no digest yet")
        return f"{self.repository}@{self.digest}"

    @property
    def brief(self) -> str:
        """For people: with the digest's first twelve digits."""
        return str(self).replace(self.digest, short(self.digest)) if self.digest else str(self)

    @property
    def registry(self) -> str:
        """The registry's address."""
        domain, slash, _ = self.repository.partition("/")
        named = domain == "localhost" or any(mark in domain for mark in ".:")
        return domain if slash and named else _HUB[0]

    @property
    def version(self) -> str:
        """What a person calls it: the tag, else the digest's first twelve digits."""
        return self.tag or short(self.digest)


def short(digest: str | None) -> str:
    """A digest's first twelve hex digits."""
    return digest.removeprefix("sha256:")[:12] if digest else "unknown"


def _familiar(repository: str) -> str:
    # Engines write the default registry's images without it, in RepoDigests too.
    domain, _, rest = repository.partition("/")
    return rest.removeprefix("library/") if domain in _HUB else repository
