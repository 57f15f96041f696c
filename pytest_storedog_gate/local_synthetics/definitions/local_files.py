"""Files that Datadog keeps under a `bucketKey`, from beside the definition of their test.

The API gives no contents back: `storedog.files` of a definition names a local file for each of
them, by its `bucketKey`, `originalFileName` or `name`.
"""

from __future__ import annotations

import base64
import copy
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.definitions.definition import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

WHERE = "storedog.files"
_NAMES = ("bucketKey", "originalFileName", "name")


def with_contents(test: Json, folder: Path) -> Json:
    """The definition with the contents of the files that it names, from that folder.

    Raises DefinitionError: a name that no file of the test has, or a file that cannot be read.
    """
    named = (test.get("storedog") or {}).get("files")
    if not named:
        return test
    if not all(isinstance(path, str) for path in named.values()):
        raise DefinitionError(f"{WHERE} must be an object of strings: a file's name and its path")
    filled = copy.deepcopy(test)
    del filled["storedog"]["files"]
    wanted = list(_without_content(filled))
    for name, path in named.items():
        files = [one for one in wanted if name in (one.get(key) for key in _NAMES)]
        if not files:
            raise DefinitionError(f"{WHERE}: {name}: no file of the test without content is that")
        content = base64.b64encode(_read(path, folder)).decode()
        for one in files:
            one.update(content=content, encoding="base64")
    return filled


def _without_content(value: Any) -> Iterator[Json]:
    """The objects of a list `files` that have a name and no content, at any depth."""
    for key, one in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(one, dict | list):
            yield from _without_content(one)
        if key == "files" and isinstance(one, list):
            yield from (file for file in one if isinstance(file, dict) and "content" not in file)


def _read(path: str, folder: Path) -> bytes:
    # A definition from elsewhere must not send what lies elsewhere on this machine.
    place = (folder / path).resolve()
    if not place.is_relative_to(folder.resolve()):
        raise DefinitionError(f"{WHERE}: {path} is outside of the definition's folder; move it in")
    try:
        return place.read_bytes()
    except OSError as error:
        raise DefinitionError(f"{WHERE}: {place}: {error.strerror}") from None
