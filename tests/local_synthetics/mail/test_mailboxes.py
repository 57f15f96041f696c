"""Mail that the service receives, by SMTP on a real socket, and the variables of type `email`."""

from __future__ import annotations

import asyncio
import smtplib
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.local_synthetics.api.listening import receiver_at
from pytest_storedog_gate.local_synthetics.definitions.definition import Definition
from pytest_storedog_gate.local_synthetics.mail.mailboxes import Mailboxes, read
from pytest_storedog_gate.local_synthetics.variables.variables import (
    Attempt,
    unsupported,
    variables_of,
)
from tests.local_synthetics.support.network_tests import that
from tests.local_synthetics.support.service import DEADLINE, Service, Target, http_test, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.local_synthetics.mail.receiver import SmtpReceiver
    from tests.local_synthetics.support.service import Json

_BEFORE = datetime.now(UTC)
_REX = "rex@kennel.example"


def mail(body: str = "woof", subtype: str = "plain") -> bytes:
    message = EmailMessage()
    message["Subject"] = "Dogs"
    message.set_content(body, subtype=subtype)
    return message.as_bytes()


def put(kept: Mailboxes, recipients: list[str], content: bytes) -> None:
    kept.keep(read(recipients, content), len(content))


def declaring(**variable: str) -> Definition:
    shown: Json = {"name": "EMAIL", "type": "email", **variable}
    return Definition({"config": {"configVariables": [shown]}})


@pytest.fixture
def receiver() -> SmtpReceiver:
    return receiver_at(("127.0.0.1", 0))


@pytest.fixture
def mailed(receiver: SmtpReceiver) -> Iterator[Service]:
    with serving(smtp=receiver) as service:
        yield service


def port(receiver: SmtpReceiver) -> int:
    return int(receiver.address.rpartition(":")[2])


def test_a_mail_is_its_recipients_alone_whatever_their_case() -> None:
    kept = Mailboxes()
    put(kept, ["Rex@Kennel.example", "spot@kennel.example"], mail())
    assert [one.subject for one in kept.received([_REX.upper()], _BEFORE)] == ["Dogs"]
    assert kept.received(["laika@kennel.example"], _BEFORE) == []


def test_a_mail_of_before_is_not_received() -> None:
    kept = Mailboxes()
    put(kept, [_REX], mail())
    assert kept.received([_REX], datetime.now(UTC)) == []


def test_the_latest_mail_comes_first_and_the_oldest_are_forgotten() -> None:
    kept = Mailboxes(kept=2 * len(mail("1")))
    for body in "123":
        put(kept, [_REX], mail(body))
    assert [one.body for one in kept.received([_REX], _BEFORE)] == ["3", "2"]


def test_of_html_the_text_is_read_that_is_seen() -> None:
    kept = Mailboxes()
    html = (
        "<title>T</title><style>p {}</style><p>Code <b>4</b>2</p>go<br>on"
        "<a href=' https://a.example/?x=1&amp;y=2 '>to  <i>it</i></a><a>none</a>"
    )
    put(kept, [_REX], mail(html, "html"))
    (found,) = kept.received([_REX], _BEFORE)
    assert found.body == "Code 42\ngo\nonto itnone"
    assert found.links == (("to it", "https://a.example/?x=1&y=2"),)


def test_links_of_plain_text_end_before_the_sentence_does() -> None:
    kept = Mailboxes()
    put(kept, [_REX], mail("See https://a.example/b, (or http://c.example)."))
    (found,) = kept.received([_REX], _BEFORE)
    assert [url for _, url in found.links] == ["https://a.example/b", "http://c.example"]


@pytest.mark.parametrize(
    "content",
    [
        b"Content-Type: text/html\r\n\r\n<!-- -->",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--y",
        b"Subject: =?utf-8?b?////?=\r\nFrom: <<\r\n\r\n\xff\xfe",
        b"",
    ],
)
def test_a_mail_that_is_hard_to_read_is_kept_or_refused_in_one_line(
    receiver: SmtpReceiver, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    def send() -> str:
        with smtplib.SMTP("127.0.0.1", port(receiver), timeout=DEADLINE) as client:
            client.ehlo("kennel")
            client.mail("a@b.example")
            client.rcpt(_REX)
            code, answer = client.data(content)
        return f"{code} {answer.decode()}"

    async def sent() -> str:
        async with receiver.receiving():
            return await asyncio.to_thread(send)

    answer = asyncio.run(sent())
    assert answer == "250 Message kept" or answer.startswith("554 The message cannot be read: ")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["From", "Subject", "Content-Type"])
def test_a_header_that_would_take_minutes_to_read_is_refused(name: str) -> None:
    long = b",\r\n ".join([b"rex@kennel.example"] * 1000)
    with pytest.raises(ValueError, match="a header is longer than 10000 characters"):
        read([_REX], name.encode() + b": " + long + b"\r\n\r\nwoof")


NESTED = "".join(
    f"Content-Type: multipart/mixed; boundary=b{number}\r\n\r\n--b{number}\r\n"
    for number in range(101)
).encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\n" * 101, "100 parts"),
        (NESTED, "100 parts"),
        (b"\r\n" * 250_001, "250000 lines"),
    ],
    ids=["beside", "within", "lines"],
)
def test_a_mail_of_more_than_anybody_sends_is_refused(content: bytes, reason: str) -> None:
    """100,000 parts took 15 s."""
    with pytest.raises(ValueError, match=f"it has over {reason}"):
        read([_REX], content)


@pytest.mark.parametrize("charset", ["no-such-one", "undefined", "base64", "utf-8", "idna"])
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_mail_in_an_unknown_charset_is_read_as_utf8(kind: str, charset: str) -> None:
    header = f"Subject: a\r\nContent-Type: text/{kind}; charset={charset}\r\n\r\n"
    assert read([_REX], header.encode() + b"w\xc3\xb6f\xff").body == "w\u00f6f\ufffd"


def test_each_attempt_has_an_address_of_its_own() -> None:
    now, kept = datetime.now(UTC), Mailboxes()
    made = [
        variables_of(declaring(), {}, Attempt("abc-def-ghi", str(number), now), {}, kept)
        for number in range(2)
    ]
    first, second = (one.values["EMAIL"] for one in made)
    assert first != second
    assert first.startswith("abc-def-ghi.")
    assert made[0].addresses == {first}


def test_the_pattern_of_the_definition_is_the_address() -> None:
    attempt = Attempt("abc-def-ghi", "1", datetime.now(UTC))
    own = declaring(pattern="dogs+{{ result-id }}@kennel.example")
    assert variables_of(own, {}, attempt, {}, Mailboxes()).addresses == {"dogs+1@kennel.example"}


def test_a_pattern_that_is_the_same_in_each_attempt_is_refused() -> None:
    (problem,) = unsupported(declaring(pattern=_REX), {}, {}, Mailboxes())
    assert "EMAIL has no value: its pattern is the same in each attempt" in problem


def test_an_api_test_has_the_address_as_a_variable(mailed: Service, target: Target) -> None:
    variable = {"name": "EMAIL", "type": "email"}
    definition = http_test(
        f"{target.url}/",
        that("statusCode", "is", 200),
        config={"configVariables": [variable]},
        method="POST",
        body="to={{ EMAIL }}",
    )
    assert mailed.run(definition)["status"] == "passed"
    body = target.requests[0]["body"]
    assert body.startswith(f"to={definition['public_id']}.")
    assert body.endswith("@synthetics.example.com")


def test_without_a_receiver_of_mail_it_is_refused_and_says_what_to_give(
    service: Service, target: Target
) -> None:
    variable = {"name": "EMAIL", "type": "email"}
    result = service.run(http_test(target.url, config={"configVariables": [variable]}))
    assert (result["failure"]["code"], result["inconclusive"]) == ("INVALID_TEST", True)
    assert "EMAIL has no value" in result["failure"]["message"]
    assert "--smtp" in result["failure"]["message"]
    assert target.requests == []
