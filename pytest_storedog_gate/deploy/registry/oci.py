"""A repository of a registry, as much as attestations need: manifests, blobs, referrers.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md

What a registry answers is data from outside: each piece is compared with its digest, and has a
largest size.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

import requests
from requests.auth import AuthBase

from pytest_storedog_gate.errors import NoVerdict
from pytest_storedog_gate.outlets.plain_text import line
from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
_DOCKER = "application/vnd.docker.distribution.manifest"
_ANY_MANIFEST = f"{MANIFEST}, {INDEX}, {_DOCKER}.v2+json, {_DOCKER}.list.v2+json"
LARGEST = 8 * 2**20  # bytes of a manifest or an attestation
_TIMEOUT = (5.0, 30.0)  # s: to connect, and between two pieces of an answer
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PAGES = 100
_PORTS = {"http": 80, "https": 443}
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')

Descriptor = dict[str, Any]


class Repository:
    """One repository. Every call raises `NoVerdict` where the registry does not do its part."""

    def __init__(
        self,
        address: str,
        name: str,
        credentials: Mapping[str, str],
        session: requests.Session | None = None,
        hint: str = "",
    ) -> None:
        """`address` is http(s)://HOST[:PORT]; `credentials` are Docker's for that registry.

        The `session` knows whose certificates count; the `hint` says where its address is told.
        """
        self._base = f"{address}/v2/{name}"
        self._scheme, self._host = urlsplit(address)[:2]
        self._origin = _origin(address)
        self._name = name
        self._session = session or requests.Session()
        self._credentials, self._hint = credentials, hint
        self._login = _basic(self._credentials)
        self._authorization = self._login

    def manifest(self, reference: str) -> tuple[bytes, Descriptor] | None:
        """A manifest by tag or digest, with its descriptor; None where there is none."""
        answer = self._call("GET", f"manifests/{reference}", headers={"Accept": _ANY_MANIFEST})
        if answer is None:
            return None
        data = self._body(answer, reference)
        kind = answer.headers.get("Content-Type", MANIFEST).partition(";")[0].strip()
        return data, descriptor(kind, data)

    def blob(self, digest: str) -> bytes | None:
        """A blob; None where there is none, or none that is small enough."""
        answer = self._call("GET", f"blobs/{digest}")
        try:
            return None if answer is None else self._body(answer, digest)
        except _TooLarge:
            # Who pushed it may have called it small; a registry that lies has said so only once.
            said = self._call("HEAD", f"blobs/{digest}")
            if said is not None:
                said.close()
                length = said.headers.get("Content-Length", "")
                if length.isdecimal() and int(length) > LARGEST:
                    return None
            raise

    def put_blob(self, data: bytes) -> Descriptor:
        found = descriptor("application/octet-stream", data)
        if self._call("HEAD", f"blobs/{found['digest']}") is not None:
            return found
        begun = self._needed("POST", "blobs/uploads/")
        place = self._joined(begun.url, begun.headers.get("Location", ""))
        joint = "&" if urlsplit(place).query else "?"
        self._needed(
            "PUT",
            f"{place}{joint}digest={quote(found['digest'], safe='')}",
            data=data,
            headers={"Content-Type": "application/octet-stream"},
        )
        return found

    def put_manifest(self, data: bytes, kind: str, reference: str | None = None) -> bool:
        """Puts it under a tag, else under its digest; whether the registry lists it as a referrer.

        https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests-with-subject
        """
        where = f"manifests/{reference or descriptor(kind, data)['digest']}"
        answer = self._needed("PUT", where, data=data, headers={"Content-Type": kind})
        return "OCI-Subject" in answer.headers

    def referrers(self, digest: str) -> list[Descriptor]:
        """What refers to a digest: as the registry lists it, else as the index under its tag does.

        A registry with the list may have an index from before as well.
        """
        found = [*self._listed(digest), *self.indexed(digest)]
        return list({str(each["digest"]): each for each in found}.values())

    def indexed(self, digest: str) -> list[Descriptor]:
        """The index that stands in for the list: the tag `sha256-<hex>`."""
        index = self.manifest(digest.replace(":", "-"))
        return [] if index is None else _descriptors(index[0], f"the index of {digest}")

    def _listed(self, digest: str) -> Iterator[Descriptor]:
        address: str | None = f"referrers/{digest}"
        for page in range(_PAGES):
            if address is None:
                return
            answer = self._call("GET", address, headers={"Accept": INDEX})
            if answer is None or INDEX not in answer.headers.get("Content-Type", ""):
                if page:
                    raise NoVerdict(
                        f"the registry {self._host} lists referrers of {digest}, and not all of "
                        f"them: page {page + 1} is missing"
                    )
                return
            yield from _descriptors(self._body(answer), f"the referrers of {digest}")
            more = answer.links.get("next", {}).get("url")
            address = self._joined(answer.url, more) if more else None
        raise NoVerdict(f"the registry {self._host} lists referrers of {digest} without an end")

    def _needed(self, method: str, where: str, **more: Any) -> requests.Response:
        answer = self._call(method, where, **more)
        if answer is None:
            raise NoVerdict(f"the registry {self._host} has no {self._name}: {method} answers 404")
        return answer

    def _call(self, method: str, where: str, **more: Any) -> requests.Response | None:
        """The answer to a call; None for 404."""
        url = where if "://" in where else f"{self._base}/{where}"
        with self._unreachable():
            if _origin(url) != self._origin:
                # A registry behind a proxy that ends TLS may say http, where a login can be read.
                raise NoVerdict(
                    f"the registry {self._scheme}://{self._host} sends us to another address, to "
                    "which no login is given; behind a proxy, set its `http.relativeurls`"
                )
            answer = self._sent(method, url, **more)
            challenge = answer.headers.get("WWW-Authenticate", "")
            if answer.status_code == requests.codes.unauthorized and challenge:
                answer.close()
                self._authenticate(challenge)
                answer = self._sent(method, url, **more)
        if answer.status_code == requests.codes.not_found:
            answer.close()
            return None
        # What was sent to another page was not taken: a redirection of a PUT ends in a GET.
        taken = requests.codes.ok <= answer.status_code < requests.codes.multiple_choices
        if not taken or answer.request.method != method:
            answer.close()
            raise NoVerdict(
                f"the registry {self._host} answers {_status(answer)} to {method} in "
                f"{self._name}; see that it is up and that `docker login` has been done"
            )
        return answer

    def _sent(self, method: str, url: str, **more: Any) -> requests.Response:
        auth = _With(self._authorization)
        return self._session.request(method, url, auth=auth, timeout=_TIMEOUT, stream=True, **more)

    def _authenticate(self, challenge: str) -> None:
        """Gets a token where the registry says.

        https://distribution.github.io/distribution/spec/auth/token/
        """
        scheme, _, rest = challenge.partition(" ")
        said = dict(_CHALLENGE.findall(rest))
        if scheme.lower() != "bearer" or not said.get("realm", "").startswith("http"):
            return
        asked = {"service": said.get("service", ""), "scope": f"repository:{self._name}:pull,push"}
        if refresh := self._credentials.get("IdentityToken"):
            form = {**asked, "grant_type": "refresh_token", "refresh_token": refresh}
            how: dict[str, Any] = {"method": "POST", "data": form, "auth": _With(None)}
        else:
            how = {"method": "GET", "params": asked, "auth": _With(self._login)}
        answer = self._session.request(url=said["realm"], timeout=_TIMEOUT, stream=True, **how)
        if answer.ok and isinstance(told := json_text.loads(self._body(answer)), dict):
            token = told.get("token") or told.get("access_token")
            self._authorization = f"Bearer {token}" if token else None

    def _body(self, answer: requests.Response, reference: str = "") -> bytes:
        with self._unreachable(), answer:
            data = b""
            for piece in answer.iter_content(65536):
                data += piece
                if len(data) > LARGEST:
                    raise _TooLarge(
                        f"the registry {self._host} answers more than {LARGEST} bytes for "
                        f"{reference or 'a list'}"
                    )
        if reference.startswith("sha256:") and digest_of(data) != reference:
            raise NoVerdict(
                f"the registry {self._host} answers {reference} with something else, which is "
                f"{digest_of(data)}"
            )
        return data

    def _joined(self, address: str, more: str) -> str:
        with self._unreachable():
            return urljoin(address, more)

    @contextmanager
    def _unreachable(self) -> Iterator[None]:
        try:
            yield
        except requests.exceptions.SSLError as error:
            raise NoVerdict(
                f"the registry {self._host} shows a certificate that is refused "
                f"({_innermost(error)}): put its CA into /etc/docker/certs.d/{self._host}/ca.crt, "
                "or name its file in SSL_CERT_FILE or REQUESTS_CA_BUNDLE"
            ) from None
        except (requests.RequestException, ValueError) as error:
            raise NoVerdict(
                f"the registry {self._host} cannot be asked ({type(error).__name__}); see that it "
                f"is up, and that this process reaches it{self._hint}"
            ) from None


class _TooLarge(NoVerdict):
    """An answer of more than `LARGEST` bytes."""


class _With(AuthBase):
    """A login or none: with no word about it, requests would take that of a netrc file."""

    def __init__(self, authorization: str | None) -> None:
        self._authorization = authorization

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._authorization:
            request.headers["Authorization"] = self._authorization
        return request


def _origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port, however the host is spelled. ValueError where the port is none."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _status(answer: requests.Response) -> str:
    """What the registry itself has answered, which may have been a redirection."""
    first = next(iter(answer.history), answer)
    return str(first.status_code)


def _innermost(error: BaseException) -> str:
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return getattr(error, "verify_message", "") or line(str(error))


def descriptor(kind: str, data: bytes) -> Descriptor:
    return {"mediaType": kind, "digest": digest_of(data), "size": len(data)}


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def encoded(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode("ascii")


def _basic(credentials: Mapping[str, str]) -> str | None:
    user = credentials.get("Username") or credentials.get("username")
    password = credentials.get("Password") or credentials.get("password")
    if not (user and password):
        return None
    # As Docker does it; requests would take Latin-1.
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode('ascii')}"


def _descriptors(index: bytes, what: str) -> list[Descriptor]:
    try:
        entries = json_text.loads(index.decode("utf-8"))["manifests"] or []
        return [entry for entry in entries if isinstance(entry["digest"], str)]
    except (ValueError, KeyError, TypeError):
        raise NoVerdict(f"{what} cannot be read: the registry keeps something else there") from None
