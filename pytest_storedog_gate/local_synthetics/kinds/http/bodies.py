"""The bodies that an HTTP API test can send, each with its content type."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx

from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.kinds.common import allowed, request_values

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_BYTES = "application/octet-stream"
_GRAPHQL = "graphql"
_TYPES = {
    "text/plain", "application/json", "text/xml", "text/html", _FORM, _MULTIPART, _BYTES, _GRAPHQL,
}  # fmt: skip
_FILE_TEXTS = ("name", "originalFileName", "type", "content")


Body = tuple[str | bytes | None, str | None]
"""What is sent, and what the request says that it is."""


def unsupported_body(request: Json) -> list[str]:
    """Name what in the request's body cannot be sent."""
    kind = str(request.get("bodyType") or "")
    form, files, body = (request.get(key) for key in ("form", "files", "body"))
    problems = []
    if kind and kind not in _TYPES:
        problems.append(f"config.request.bodyType {kind!r} is not supported")
    if form and body:
        problems.append("config.request: form and body exclude each other")
    if files and body:
        problems.append("config.request: files and body exclude each other")
    if form and kind not in {"", _FORM, _MULTIPART}:
        problems.append(f"config.request.form needs bodyType {_FORM} or {_MULTIPART}")
    if files and kind not in {_MULTIPART, _BYTES}:
        problems.append(f"config.request.files needs bodyType {_MULTIPART} or {_BYTES}")
    if kind == _MULTIPART and not form and not files:
        problems.append(f"config.request.bodyType {_MULTIPART} needs form or files")
    if kind == _BYTES and isinstance(files, list) and len(files) > 1:
        problems.append(f"config.request.files: bodyType {_BYTES} takes one file")
    return problems + unsupported_files(
        files or [], "config.request.files", named=kind == _MULTIPART
    )


def build_body(request: Json, variables: Variables, own_type: str | None) -> Body:
    """The body with its variables. Contents of files are sent as they are.

    `own_type`: the content type among the test's headers. Its boundary is used for the parts.
    """
    kind = request.get("bodyType")
    files = request.get("files") or []
    form = request_values.named_texts(request, "form", variables)
    if kind == _MULTIPART:
        return _multipart(form, files, variables, own_type)
    if files:
        (file,) = files
        return content_of(file), file.get("type") or _BYTES
    if form:
        return urlencode(form), _FORM
    if not request.get("body"):
        return None, None
    text = variables.fill(request["body"])
    return (_query(text), "application/json") if kind == _GRAPHQL else (text, kind)


def unsupported_files(files: Any, place: str, *, named: bool = True) -> list[str]:
    """Name what of the files at that place cannot be sent. `named`: each needs a name."""
    if not isinstance(files, list) or not all(isinstance(file, dict) for file in files):
        return [f"{place} must be a list of objects"]
    return [
        problem
        for index, file in enumerate(files)
        for problem in _unsupported_file(file, f"{place}[{index}]", named=named)
    ]


def _unsupported_file(file: Json, place: str, *, named: bool) -> list[str]:
    problems = [problem for key in _FILE_TEXTS for problem in allowed.text(file, key, place)]
    if problems:
        return problems
    if named:
        problems += allowed.needed_text(file, "name", place)
    if file.get("content") is None:
        where = ": Datadog holds it, under the bucketKey; storedog.files can name a local file"
        return [*problems, f"{place} has no content{where if file.get('bucketKey') else ''}"]
    if file.get("encoding") not in (None, "", "base64"):
        return [*problems, f"{place}.encoding {file['encoding']!r} is not supported"]
    try:
        content_of(file)
    except ValueError:
        problems.append(f"{place}.content is not base64 or holds characters that cannot be sent")
    return problems


def content_of(file: Json) -> bytes:
    """The bytes of a file that has a content. Raises ValueError."""
    text: str = file["content"]
    if file.get("encoding") == "base64":
        return base64.b64decode("".join(text.split()), validate=True)
    return text.encode()


def _multipart(
    form: dict[str, str], files: list[Json], variables: Variables, own_type: str | None
) -> Body:
    # A part without a file's name is a plain field.
    parts: list[tuple[str, tuple[Any, ...]]] = [
        (name, (None, value.encode())) for name, value in form.items()
    ]
    for file in files:
        name = variables.fill(file["name"])
        shown = variables.fill(file.get("originalFileName") or file["name"])
        parts.append((name, (shown, content_of(file), file.get("type") or _BYTES)))
    headers = {"Content-Type": own_type} if own_type else None
    try:
        encoded = httpx.Request("POST", "http://localhost", files=parts, headers=headers)
    except ValueError:
        raise CheckFailed(
            "INVALID_REQUEST", "The boundary in the Content-Type header cannot be used."
        ) from None
    return encoded.read(), encoded.headers["content-type"]


def _query(text: str) -> str:
    """GraphQL's JSON form of a body, which may be that already, or the bare query."""
    try:
        whole = json.loads(text)
    except ValueError:
        whole = None
    return text if isinstance(whole, dict) and "query" in whole else json.dumps({"query": text})
