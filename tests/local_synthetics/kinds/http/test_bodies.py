"""What an HTTP API test sends: files, forms of parts, bytes, GraphQL."""

from __future__ import annotations

import base64
import email
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_synthetics.support.service import Handler, Service, Target, http_test

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import Answer

BYTES = b"\x00\x01\r\n\xc3\xa9 {{ NOT_A_VARIABLE"
FILE = {
    "name": "upload",
    "originalFileName": "codes.csv",
    "type": "text/csv",
    "encoding": "base64",
    "content": base64.b64encode(BYTES).decode(),
    "size": len(BYTES),
}


def parts(asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Name, file name, type and content of each part that arrived."""
    head = f"Content-Type: {asked['headers']['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + asked["body"].encode())
    found = list(message.walk())[1:]
    assert found, asked
    return [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get_content_type(),
            part.get_payload(decode=True),
        )
        for part in found
    ]


def test_files_and_fields_are_sent_as_parts(target: Target, service: Service) -> None:
    definition = http_test(
        target.url,
        method="POST",
        bodyType="multipart/form-data",
        form={"shop": "{{ SHOP }}"},
        files=[FILE, {"name": "plain", "content": "as it is"}],
    )
    assert service.run(definition, variables={"SHOP": "storedog"})["status"] == "passed"
    assert parts(target.requests[0]) == [
        ("shop", None, "text/plain", b"storedog"),
        ("upload", "codes.csv", "text/csv", BYTES),
        ("plain", "plain", "application/octet-stream", b"as it is"),
    ]


def test_fields_alone_are_sent_as_parts_too(target: Target, service: Service) -> None:
    definition = http_test(
        target.url, method="POST", bodyType="multipart/form-data", form={"a": "1"}
    )
    assert service.run(definition)["status"] == "passed"
    assert parts(target.requests[0]) == [("a", None, "text/plain", b"1")]


def test_the_boundary_may_be_the_tests_own(target: Target, service: Service) -> None:
    own = 'multipart/form-data; boundary="DatadogSyntheticsFiles"'
    definition = http_test(
        target.url,
        method="POST",
        headers={"Content-Type": own},
        bodyType="multipart/form-data",
        files=[FILE],
    )
    assert service.run(definition)["status"] == "passed"
    assert target.requests[0]["headers"]["content-type"] == own
    assert target.requests[0]["body"].startswith("--DatadogSyntheticsFiles\r\n")
    assert parts(target.requests[0]) == [("upload", "codes.csv", "text/csv", BYTES)]


@pytest.mark.parametrize(
    ("part", "kind", "sent"),
    [
        ({"files": [FILE]}, "text/csv", BYTES.decode()),
        ({"files": [{"content": "raw"}]}, "application/octet-stream", "raw"),
        ({"body": "{{ WORD }}"}, "application/octet-stream", "woof"),
    ],
)
def test_bytes(
    target: Target, service: Service, part: dict[str, Any], kind: str, sent: str
) -> None:
    definition = http_test(target.url, method="PUT", bodyType="application/octet-stream", **part)
    assert service.run(definition, variables={"WORD": "woof"})["status"] == "passed"
    assert target.requests[0]["headers"]["content-type"] == kind
    assert target.requests[0]["body"] == sent


def test_a_template_is_sent_as_it_is(target: Target, service: Service) -> None:
    body = "Hi {{ user.name }}{{#each ITEMS}}{{> item}}, {{{ raw }}}{{/each}} {{ WORD }}"
    definition = http_test(target.url, method="POST", body=body, headers={"X-T": "{{title}}"})
    assert service.run(definition, variables={"WORD": "woof"})["status"] == "passed"
    assert target.requests[0]["body"] == body.replace("{{ WORD }}", "woof")
    assert target.requests[0]["headers"]["x-t"] == "{{title}}"


QUERY = "query { discounts { code } }"


@pytest.mark.parametrize("body", [QUERY, json.dumps({"query": QUERY, "variables": {"a": 1}})])
def test_graphql(target: Target, service: Service, body: str) -> None:
    def answer(_: Handler) -> Answer:
        asked = json.loads(target.requests[-1]["body"])
        found = {"code": "BFRIDAY"} if asked["query"] == QUERY else None
        return 200, {}, json.dumps({"data": found, "variables": asked.get("variables")})

    target.routes["/graphql"] = answer
    for code, status in (("BFRIDAY", "passed"), ("OTHER", "failed")):
        path = {"jsonPath": "$.data.code", "operator": "is", "targetValue": code}
        definition = http_test(
            f"{target.url}/graphql",
            {"type": "body", "operator": "validatesJSONPath", "target": path},
            method="POST",
            bodyType="graphql",
            body=body,
        )
        assert service.run(definition)["status"] == status
    assert target.requests[0]["headers"]["content-type"] == "application/json"
    if body != QUERY:
        assert target.requests[0]["body"] == body


PARTS = {"bodyType": "multipart/form-data"}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"bodyType": "application/novel"}, "bodyType 'application/novel'"),
    ({"files": [FILE]}, "config.request.files needs bodyType"),
    ({**PARTS, "files": [FILE], "body": "x"}, "files and body"),
    ({**PARTS, "body": "x"}, "needs form or files"),
    ({**PARTS, "files": [{"name": "a", "bucketKey": "api/x.json"}]}, "under the bucketKey"),
    ({**PARTS, "files": [{"content": "a"}]}, "files[0].name"),
    ({**PARTS, "files": [{**FILE, "encoding": "hex"}]}, "files[0].encoding 'hex'"),
    ({**PARTS, "files": [{**FILE, "content": "?"}]}, "files[0].content"),
    ({**PARTS, "files": [{**FILE, "novelty": 1}]}, "files[0].novelty"),
    ({**PARTS, "files": ["a"]}, "list of objects"),
    ({"bodyType": "application/octet-stream", "files": [FILE, FILE]}, "takes one file"),
]


@pytest.mark.parametrize(("part", "named"), REFUSED, ids=[named for _, named in REFUSED])
def test_what_cannot_be_sent_is_refused_by_name(
    target: Target, service: Service, part: dict[str, Any], named: str
) -> None:
    result = service.run(http_test(target.url, method="POST", **part))
    assert result["failure"]["code"] == "INVALID_TEST"
    assert named in result["failure"]["message"]
    assert target.requests == []
