"""The mails that the service has received, for the variables of type `email`."""

from __future__ import annotations

import email
import itertools
import re
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import TYPE_CHECKING, Any

from lxml import etree, html

if TYPE_CHECKING:
    from collections.abc import Collection

_KEPT = 16 * 1024 * 1024  # bytes, as they were sent
_MOST = 10_000
_LONGEST_HEADER = 10_000  # characters
_MOST_PARTS = 100
_MOST_LINES = 250_000  # a file of 16 MB in base64 has as many
_BLOCKS = ("address", "article", "br", "div", "footer", "header", "hr", "li", "p", "section",
           "table", "td", "th", "title", "tr", "h1", "h2", "h3", "h4", "h5", "h6")  # fmt: skip
_UNSEEN = ("head", "script", "style", "template")
_URL = re.compile(r"https?://[^\s<>\"']+")
_SENTENCE_END = ".,;:!?)]}"


@dataclass(frozen=True)
class Mail:
    """One mail, as a reader sees it.

    `body` is the text of the HTML part or, without one, the plain text; `markup` is that part as
    it was sent, and `links` holds the text and the URL of each link in it.
    """

    recipients: frozenset[str]
    received: datetime
    sender: str
    subject: str
    body: str
    markup: str
    links: tuple[tuple[str, str], ...]


class Mailboxes:
    """The last mails, within limits of bytes and of their number; the oldest are forgotten."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._size = 0
        self._mails: deque[tuple[int, Mail]] = deque()

    def keep(self, mail: Mail, size: int) -> None:
        """Keep a mail that took so many bytes."""
        self._mails.append((size, mail))
        self._size += size
        while self._size > self._kept or len(self._mails) > _MOST:
            forgotten, _ = self._mails.popleft()
            self._size -= forgotten

    def received(self, addresses: Collection[str], since: datetime) -> list[Mail]:
        """The mails to any of the addresses since then, the latest first."""
        wanted = {address.lower() for address in addresses}
        return [
            mail
            for _, mail in reversed(self._mails)
            if mail.received >= since and wanted & mail.recipients
        ]


class _Policy(EmailPolicy):
    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        # Reading a header takes the square of its length.
        if sum(map(len, sourcelines)) > _LONGEST_HEADER:
            raise ValueError(f"a header is longer than {_LONGEST_HEADER} characters")
        return super().header_source_parse(sourcelines)


def _message(content: bytes) -> EmailMessage:
    """Raises ValueError for one of more parts or lines than anybody sends.

    Each line of a part is looked at once for each part that it is within.
    """
    if content.count(b"\n") > _MOST_LINES:
        raise ValueError(f"it has over {_MOST_LINES} lines")
    numbers = itertools.count(1)

    def part(policy: Any = None) -> EmailMessage:
        if next(numbers) > _MOST_PARTS:
            raise ValueError(f"it has over {_MOST_PARTS} parts")
        return EmailMessage(policy)

    policy: Any = _Policy(message_factory=part)
    message: EmailMessage = email.message_from_bytes(content, policy=policy)
    return message


def _text(part: Any) -> str:
    """The text of a part, as UTF-8 where nobody knows its charset."""
    try:
        return str(part.get_content())
    except (LookupError, ValueError):
        return str(part.get_payload(decode=True).decode(errors="replace"))


def read(recipients: Collection[str], content: bytes) -> Mail:
    """A mail in the form of RFC 5322, for each of the addresses.

    Raises ValueError or lxml's LxmlError for one that cannot be read.
    """
    message = _message(content)
    part: Any = message.get_body(("html", "plain"))
    markup = _text(part) if isinstance(part, EmailMessage) else ""
    is_html = bool(markup.strip()) and part.get_content_subtype() == "html"
    body, links = _shown(markup) if is_html else (markup.strip(), _in_text(markup))
    return Mail(
        recipients=frozenset(address.lower() for address in recipients),
        received=datetime.now(UTC),
        sender=str(message.get("From", "")),
        subject=str(message.get("Subject", "")),
        body=body,
        markup=markup,
        links=tuple(links),
    )


def _shown(markup: str) -> tuple[str, list[tuple[str, str]]]:
    parser = html.HTMLParser(encoding="utf-8")
    root: Any = html.document_fromstring(markup.encode(), parser=parser)
    etree.strip_elements(root, *_UNSEEN, with_tail=False)
    links = [
        (" ".join(link.text_content().split()), link.get("href").strip())
        for link in root.iter("a")
        if link.get("href")
    ]
    for block in list(root.iter(*_BLOCKS)):
        block.tail = f"\n{block.tail or ''}"
    lines = (" ".join(line.split()) for line in root.text_content().splitlines())
    return "\n".join(filter(None, lines)), links


def _in_text(text: str) -> list[tuple[str, str]]:
    urls = [url.rstrip(_SENTENCE_END) for url in _URL.findall(text)]
    return [(url, url) for url in urls]
