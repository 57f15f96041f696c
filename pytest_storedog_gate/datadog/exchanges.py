"""What a check asked for and was answered: the test itself, or each of its steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.calling.json_answer import mapping
from pytest_storedog_gate.datadog.details import IN_A_STEP
from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.outlets.markup import gist
from pytest_storedog_gate.outlets.plain_text import line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_storedog_gate.datadog.models import Json, Result

_EXCERPT = 500  # characters of a body


@dataclass(frozen=True)
class Exchange:
    """A request and its answer. `asked` is the method and the address, `status` may be empty.

    `page` is where a browser's step was, which asks for nothing itself. `texts` are the body and
    the message of the answer, as far as there are any, by these names.
    """

    asked: str
    status: str
    page: str
    request_headers: Mapping[str, str]
    headers: Mapping[str, str]
    texts: Mapping[str, str]

    @classmethod
    def from_json(cls, data: Json) -> Exchange:
        """Reads the details of a test, or those of a step; what has no known shape is left out."""
        request, response = mapping(data.get("request")), mapping(data.get("response"))
        url = _word(request, "url") or ":".join(filter(None, _words(request, "host", "port")))
        return cls(
            asked=" ".join(filter(None, (_word(request, "method"), url))) if url else "",
            status=_word(response, "status_code"),
            page="" if url else _word(data, "url"),
            request_headers=_headers(request),
            headers=_headers(response),
            texts={
                name: text
                for name in ("body", "message")
                if isinstance(text := response.get(name), str)
            },
        )

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return bool(self.asked or self.page or self.texts)

    def lines(self) -> Iterator[str]:
        """What was asked, the status, and the beginning of the answer."""
        if self.asked:
            yield line(
                f"{self.asked} answered {self.status}" if self.status else f"asked {self.asked}"
            )
        elif self.page:
            yield line(f"on the page {self.page}")
        for name, text in self.texts.items():
            excerpt = line(gist(text), _EXCERPT)
            yield f"{name}: {excerpt}" if excerpt else f"the {name} is empty"


def of_steps(result: Result) -> list[list[Exchange]]:
    """The exchanges that each of the result's steps was told of, in the order of `steps`."""
    told = []
    for step in _flat(result.detail.get("steps")):
        both = (Exchange.from_json(step), Exchange.from_json(mapping(step.get("api_test"))))
        told.append([one for one in both if one])
    return told


def of_failures(result: Result) -> Iterator[str]:
    """Lines with what the test, or each of its steps that failed, asked for and was answered."""
    yield from Exchange.from_json(result.detail).lines()
    for number, (step, exchanges) in enumerate(
        zip(result.steps, of_steps(result), strict=False), 1
    ):
        if step.status is Status.FAILED and not step.allow_failure:
            for exchange in exchanges:
                yield from (f"step {number}: {said}" for said in exchange.lines())


def _flat(steps: object) -> Iterator[Json]:
    """Steps in the order of `Result.steps`, which has those within after the one around them."""
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict):
            yield step
            for name in IN_A_STEP:
                yield from _flat(step.get(name))


def _headers(data: Json) -> dict[str, str]:
    return {str(name): str(value) for name, value in mapping(data.get("headers")).items()}


def _words(data: Json, *names: str) -> Iterator[str]:
    return (_word(data, name) for name in names)


def _word(data: Json, name: str) -> str:
    value = data.get(name)
    return str(value) if isinstance(value, str | int) else ""
