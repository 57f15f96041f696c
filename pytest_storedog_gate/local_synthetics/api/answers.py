"""What every path of the API reads and answers in the same way."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

_COUNT = re.compile(r"[0-9]{1,15}")


class Answer(JSONResponse):
    """A JSON document."""

    def render(self, content: Any) -> bytes:
        # In ASCII: what a target answered may hold lone surrogates, which UTF-8 cannot.
        return json.dumps(content, separators=(",", ":")).encode()


def errors(status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """An error, as Datadog words one."""
    return Answer({"errors": [message]}, status_code=status, headers=headers)


def read_json(text: str | bytes) -> Any:
    """The value of a JSON text; else the request is answered with 400."""
    try:
        return json_text.loads(text, strict=True)
    except json.JSONDecodeError:
        raise HTTPException(400, "not valid JSON") from None
    except ValueError as error:
        raise HTTPException(400, f"not valid JSON: {error}") from None


async def read_object(request: Request, known: set[str] | None = None) -> dict[str, Any]:
    """The body, a JSON object with no keys but the known ones; else a 400 says what is wrong."""
    body = read_json(await request.body())
    if not isinstance(body, dict):
        raise HTTPException(400, "the body must be a JSON object")
    if known is not None and (unknown := sorted(body.keys() - known)):
        raise HTTPException(400, f"{unknown[0]} is not known")
    return body


def read_count(request: Request, name: str, *, default: int) -> int:
    """A whole number of the query; else the request is answered with 400."""
    text = request.query_params.get(name, str(default))
    if not _COUNT.fullmatch(text):
        raise HTTPException(400, f"{name} must be a whole number, 0 or more")
    return int(text)


def is_set(request: Request, name: str) -> bool:
    """Whether a flag of the query is true."""
    return request.query_params.get(name, "").lower() == "true"
