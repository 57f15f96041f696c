"""What a check that did not pass asked for and was answered: the test, or its failed steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.calling.json_answer import mapping
from pytest_storedog_gate.datadog.details import IN_A_STEP
from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.outlets.plain_text import line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.datadog.models import Json, Result

_EXCERPT = 500  # characters of a body


def exchanges(result: Result) -> Iterator[str]:
    """Lines with the URL and the status, and with the beginning of the body."""
    yield from _exchange(result.detail)
    data = _flat(result.detail.get("steps"))
    for number, (step, one) in enumerate(zip(result.steps, data, strict=False), 1):
        if step.status is Status.FAILED and not step.allow_failure:
            for said in (*_exchange(one), *_exchange(mapping(one.get("api_test")))):
                yield f"step {number}: {said}"


def _flat(steps: object) -> Iterator[Json]:
    """Steps in the order of `Result.steps`, which has those within after the one around them."""
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict):
            yield step
            for name in IN_A_STEP:
                yield from _flat(step.get(name))


def _exchange(data: Json) -> Iterator[str]:
    request, response = mapping(data.get("request")), mapping(data.get("response"))
    place = filter(None, (_word(request, name) for name in ("host", "port")))
    if url := _word(request, "url") or ":".join(place):
        asked = " ".join(filter(None, (_word(request, "method"), url)))
        status = _word(response, "status_code")
        yield line(f"{asked} answered {status}" if status else f"asked {asked}")
    elif url := _word(data, "url"):  # of a browser's step
        yield line(f"on the page {url}")
    for name in ("body", "message"):
        if isinstance(text := response.get(name), str):
            excerpt = line(text, _EXCERPT)
            yield f"{name}: {excerpt}" if excerpt else f"the {name} is empty"


def _word(data: Json, name: str) -> str:
    value = data.get(name)
    return str(value) if isinstance(value, str | int) else ""
