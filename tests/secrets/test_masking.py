"""What is masked, in which forms, and what must not be."""

from __future__ import annotations

import base64
import html
import json
import quopri
import shlex
import unicodedata
from dataclasses import fields, replace
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pytest_storedog_gate.datadog.models import Assertion, CheckOutcome, Result, Status, Step
from pytest_storedog_gate.secrets.masking import Masker
from tests.fuzzing.profile import examples

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SECRET = "abc-def"  # a part of the check's public ID, as it happens
WORDS = f"said {SECRET}"
NAMES: Mapping[str, str] = {
    "+": "&plus;",
    "/": "&sol;",
    "=": "&equals;",
    "&": "&amp;",
    "%": "&percnt;",
}
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "URL": lambda secret: quote(secret, safe=""),
    "path of a URL": quote,
    "form": quote_plus,
    "URL in a URL": lambda secret: quote(quote(secret, safe=""), safe=""),
    "JSON": lambda secret: json.dumps(secret)[1:-1],
    "JSON with letters as they are": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda secret: json.dumps(json.dumps(secret))[1:-1],
    "HTML": html.escape,
    "HTML in HTML": lambda secret: html.escape(html.escape(secret)),
    "HTML by numbers": lambda secret: "".join(
        one if one.isalnum() and one.isascii() else f"&#{ord(one)};" for one in secret
    ),
    "XML in ASCII": lambda secret: secret.encode("ascii", "xmlcharrefreplace").decode(),
    "Python": lambda secret: repr(secret)[1:-1],
    "Python in ASCII": lambda secret: ascii(secret)[1:-1],
    "hexadecimal": lambda secret: secret.encode().hex(),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64 after one": lambda secret: base64.b64encode(f"x{secret}".encode()).decode(),
    "base64 after two": lambda secret: base64.b64encode(f"xy{secret}z".encode()).decode(),
    "base64 in a URL": lambda secret: quote(
        base64.urlsafe_b64encode(f"user:{secret}".encode()), safe=""
    ),
    "base64 in lines": lambda secret: base64.encodebytes(b"k" * 48 + secret.encode()).decode(),
    "mail": lambda secret: quopri.encodestring(secret.encode()).decode(),
    "octets in Python": lambda secret: repr(secret.encode())[2:-1],
    "octets as letters": lambda secret: secret.encode().decode("latin-1"),
    "parts of letters": lambda secret: unicodedata.normalize("NFD", secret),
    "hexadecimal with colons": lambda secret: secret.encode().hex(":"),
    "a fingerprint": lambda secret: secret.encode().hex(":").upper(),
    "a dump": lambda secret: secret.encode().hex(" "),
    "octets in C": lambda secret: ", ".join(f"0x{one:02x}" for one in secret.encode()),
    "each octet of a URL": lambda secret: "".join(f"%{one:02X}" for one in secret.encode()),
    "a buffer of Node": lambda secret: json.dumps(list(secret.encode()), indent=2),
    "octets in Go": lambda secret: " ".join(map(str, secret.encode())),
    "each letter of HTML": lambda secret: "".join(f"&#{ord(one)};" for one in secret),
    "SQL": lambda secret: secret.replace("'", "''"),
    "CSV": lambda secret: secret.replace('"', '""'),
    "CSV in JSON": lambda secret: json.dumps(secret.replace('"', '""'))[1:-1],
    "a form in a form": lambda secret: quote_plus(quote_plus(secret)),
    "a shell's trace": lambda secret: secret.replace("'", "'\\''"),
    "a shell's word": lambda secret: shlex.quote(secret).strip("'"),
    "PHP": lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    "HTML by names": lambda secret: "".join(NAMES.get(one, one) for one in secret),
    "a folded mail": lambda secret: quopri.encodestring(
        f"{'k' * 72}{secret.replace(chr(10), ' ')}".encode()
    ).decode(),
    "base64 with a margin": lambda secret: "\n      ".join(
        base64.encodebytes(b"k" * 50 + secret.encode()).decode().splitlines()
    ),
    "base64 in a report": lambda secret: "\nE       + ".join(
        base64.encodebytes(b"k" * 50 + secret.encode()).decode().splitlines()
    ),
    "base64 in base64": lambda secret: base64.b64encode(
        base64.b64encode(f"user:{secret}".encode())
    ).decode(),
    "base64 of JSON": lambda secret: base64.b64encode(json.dumps(secret).encode()).decode(),
    "base64 of a URL's": lambda secret: base64.b64encode(quote(secret, safe="").encode()).decode(),
    "base64 of PowerShell": lambda secret: base64.b64encode(secret.encode("utf-16-le")).decode(),
    "base64 of Java": lambda secret: base64.b64encode(secret.encode("utf-16")).decode(),
    "UTF-16 in hexadecimal": lambda secret: secret.encode("utf-16-be").hex(),
    "base32": lambda secret: base64.b32encode(secret.encode()).decode(),
    "base32 after three": lambda secret: base64.b32encode(f"x: {secret}".encode()).decode().lower(),
    "one line": lambda secret: " ".join(secret.split()),
    "JSON in HTML": lambda secret: html.escape(json.dumps(secret)[1:-1]),
    "JSON in a URL": lambda secret: quote(json.dumps(secret)[1:-1], safe=""),
    "JSON in a form in a form": lambda secret: quote_plus(quote_plus(json.dumps(secret)[1:-1])),
    "YAML in lines": lambda secret: yaml.safe_dump("k " * 35 + secret, default_style='"'),
    "a difference": lambda secret: "\nE       - ".join(secret.split("\n")),
}
SECRETS = [
    "plainsecret",
    "wJalrXUtnFEMI/K7MDENG+bPxRfiCY",
    "u\u0308ber-secret",
    "\u043f\u0430\u0440\u043e\u043b\u044c-1",
    'hunter2+x "&\u00fc',
    "two\nlines of it",
    "it's a \\ back\\\\slash",
    "dog\N{DOG FACE}-1 a",
    "a=b/c%d;e",
    "<p>&amp;</p>",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_masked_in_each_form(form: str, secret: str) -> None:
    text = FORMS[form](secret)
    shown = Masker([secret])(f"before {text} after")
    assert "********" in shown
    assert text not in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")


@examples(200)
@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=6, max_size=30).filter(
        lambda secret: secret.strip() == secret and "*" not in secret
    ),
    st.sampled_from(["plain", "URL", "JSON", "HTML", "base64 after one", "hexadecimal"]),
)
def test_any_secret_is_masked(secret: str, form: str) -> None:
    assert FORMS[form](secret) not in Masker([secret])(f"({FORMS[form](secret)})")


@examples(200)
@given(st.text(max_size=40), st.lists(st.text("abc", min_size=1, max_size=4)))
def test_what_holds_no_secret_stays(text: str, secrets: list[str]) -> None:
    kept = [secret for secret in secrets if secret not in text]
    plain = text.translate(dict.fromkeys(map(ord, "%&=\\+"), "_"))
    assert all(secret not in Masker(secrets)(text) for secret in secrets)
    assert Masker([s for s in kept if s.strip() == s and s not in plain])(plain) == plain


@pytest.mark.parametrize(
    ("secrets", "shown"),
    [
        (["hunter2"], "the key is ******** today"),
        (["y", "key", "today"], "the key is hunter2 today"),
        (["", "hunte", "hunter"], "the key is ********2 today"),
        (["hunter", "hunter2"], "the key is ******** today"),
        (["is hunt", "hunter2"], "the key ******** today"),
    ],
)
def test_a_short_secret_is_a_placeholder(secrets: list[str], shown: str) -> None:
    assert Masker(secrets, shortest=6)("the key is hunter2 today") == shown


@pytest.mark.parametrize("secret", [*SECRETS, "\u043f\u0430\u0440\u043e\u043b\u044c", "123456"])
def test_what_is_no_form_of_a_secret_stays(secret: str) -> None:
    text = "at 2024-11-29 10:31, 24 ms: [49, 31, 32, 33, 34, 35, 36], 2d 0x2d &#45; status 200"
    assert Masker([secret])(text) == text


def test_each_line_of_a_key_is_a_secret() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSj0123456789"
    shown = Masker([key])("E   - MIIEvQIBADANBgkqhkiG9w0B\nE   + -----BEGIN PRIVATE KEY-----")
    assert shown == "E   - ********\nE   + -----BEGIN PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("'zzz Passwor...xyz'", "'zzz ********...xyz'"),
        ("'zzz Passwort-17...xyz'", "'zzz ********...xyz'"),
        ("'abc...rt-1742 www'", "'abc...******** www'"),
        ("'abc...742 www'", "'abc...742 www'"),
        ("Pass the salt... please", "Pass the salt... please"),
    ],
)
def test_a_part_of_a_secret_beside_three_dots(text: str, shown: str) -> None:
    assert Masker(["Passwort-1742"]).shortened(text) == shown


def test_a_part_of_a_secret_where_a_text_was_cut() -> None:
    assert Masker(["Passwort-1742"]).document(["is Passwort-1…"]) == ["is ********…"]
    assert Masker(["Passwort-1742"]).document(["Post… is"]) == ["Post… is"]


def test_many_blanks_and_backslashes_take_no_time() -> None:
    masker = Masker(["a" + " " * 50 + "\\" * 50 + "b"])
    text = "a" + " " * 5000 + "\\" * 5000
    assert masker(text) == text


def test_identifiers_of_an_outcome_are_not_masked() -> None:
    ids = {"public_id", "result_id", "initial_result_id", "result_url", "batch_id", "location"}
    ids |= {"device", "type", "execution_rule"}
    texts = {field.name: WORDS for field in fields(Result) if field.type == "str"}
    assert set(texts) == ids | {"name", "reason"}, "what another field is has to be said"
    result = Result(**texts, status=Status.PASSED)  # type: ignore[arg-type]
    (found,) = Masker([SECRET]).document(CheckOutcome(WORDS, (result,))).results
    assert {getattr(found, name) for name in ids} == {WORDS}
    assert (found.name, found.reason) == ("said ********", "said ********")


def test_identifiers_of_a_record_are_not_masked() -> None:
    record = {
        "digest": WORDS,
        "deploy_id": WORDS,
        "state": WORDS,
        "reasons": [WORDS],
        "checks": [{"public_id": WORDS, "name": WORDS, WORDS: [{"status": WORDS}]}],
    }
    assert Masker([SECRET]).document(record) == {
        "digest": WORDS,
        "deploy_id": WORDS,
        "state": WORDS,
        "reasons": ["said ********"],
        "checks": [{"public_id": WORDS, "name": "said ********", WORDS: [{"status": WORDS}]}],
    }


def test_documents_of_others_have_no_identifiers() -> None:
    headers = {"location": f"https://shop.test/?token={SECRET}"}
    assertion = Assertion("body", "is 1", headers, valid=False)
    step = Step("a step", Status.FAILED, assertions=(assertion,))
    result = Result("abc-def-ghi", "", Status.FAILED, "", steps=(step,), detail={"status": SECRET})
    found = Masker([SECRET]).document(result)
    assert found.public_id == "abc-def-ghi"
    assert found.steps[0].assertions[0].actual == {"location": "https://shop.test/?token=********"}
    assert found.detail == {"status": "********"}


def test_what_has_nothing_to_mask_is_not_made_anew() -> None:
    step = Step("a step", Status.PASSED, assertions=(Assertion("body", "is 1", 1, valid=True),))
    told = {"a list": [1, None, {"name": "value"}]}
    clean = Result("abc-def-ghi", "a name", Status.PASSED, "", steps=(step,), detail=told)
    assert Masker([SECRET]).document(clean) is clean
    # Of one that has, the rest is the same, and the document itself has not changed.
    result = replace(clean, reason=SECRET, detail={**told, "body": SECRET})
    masked = Masker([SECRET]).document(result)
    assert masked.steps is clean.steps
    assert masked.detail["a list"] is told["a list"]
    assert (masked.reason, masked.detail["body"]) == ("********", "********")
    assert (result.reason, result.detail["body"]) == (SECRET, SECRET)


def test_both_maskers_of_one_know_a_secret_that_was_cut() -> None:
    both = Masker([SECRET]).and_also(Masker(["another-secret-value"]))
    assert both.shortened(f"{SECRET[:-1]}... another-secr…") == "********... ********…"
    assert both.document([f"{SECRET[:-1]}…"]) == ["********…"]
