"""Secrets in texts in which values have names: URLs, JSON, GraphQL, XML and forms."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from pytest_storedog_gate.secrets.names import names_kind, names_secret

if TYPE_CHECKING:
    from collections.abc import Callable

    StandIn = Callable[[str, str], str]
    """What stands for a credential, given its name and its value."""

IN_URL = "URL_CREDENTIALS"
"""The name of a URL's user and password."""
_SCHEME = r"(?:apikey|basic|bearer|digest|jwt|token)"
# A word for a scheme is harmless before a variable only: alone it may be a password.
_HARMLESS = re.compile(
    rf"(?:[\w.-]+=)?(?:\b(?i:{_SCHEME})\b[\s:]*)?\{{\{{\s*[A-Z][A-Z0-9_]*\s*\}}\}}|[\s:;,&]"
)
_FLAGS = {"true", "false", "yes", "no", "on", "off", "null", "none"}
# What may stand under the name of all that a client shows: how it does, instead of what.
_WAYS = re.compile(rf"{_SCHEME}|aws4|ntlm|oauth2?|required|include|omit|same-origin", re.IGNORECASE)
_SAYS_A_WAY = re.compile(r"(?i:auth|authentication|authorization|credentials)")
_SMALL = re.compile(r"[-+]?[\d.]{1,3}")  # numbers: of counts, as in `{"pass": 3, "fail": 0}`
_AFTER_SCHEME = re.compile(rf"\s*{_SCHEME}\s+(.*)", re.IGNORECASE | re.DOTALL)
_ABOUT_A_COOKIE = {"domain", "expires", "max-age", "path", "priority", "samesite"}
_VALUE = r"(?:\{\{[^{}]*\}\}|[^&;#\s])+"
_USERINFO = re.compile(r"(?<=://)((?:\{\{[^{}]*\}\}|\{(?!\{)|[^/?#@\s{])*)(?=@)")
_PARAMETER = re.compile(rf"(?<=[?&#;])([^=&#;?\s]+)=({_VALUE})")
_FIELD = re.compile(rf"((?:(?<=[&;\n])|^)[ \t]*)([\w.%\[\]-]+)=({_VALUE})")
_PART = re.compile(
    r"""((?:\n|^)content-disposition:[^\n]*[;\s]name="?([^"\r\n;]+)"?[^\n]*\n"""
    r"(?:[^\s:]+:[^\n]*\n)*\r?\n)([^\r\n]+)()",
    re.IGNORECASE,
)
# Of JSON, and of JSON in a string of JSON, whose quotes have backslashes.
_MEMBER = re.compile(r'(?<!\\)(\\*)"((?:[\w.$ -]|\\+u[0-9A-Fa-f]{4})+)\1"(\s*:\s*)')
_ESCAPE = re.compile(r"\\+u([0-9A-Fa-f]{4})")
_STRING = r'"((?:[^"\\]|\\.)*?)'
_PAIR = re.compile(
    rf'((?<!\\)(\\*)"(?:name|key)\2"\s*:\s*\2"([\w.-]+)\2"\s*,\s*\2"value\2"\s*:\s*\2){_STRING}(\2")'
)
_ARGUMENT = re.compile(rf'((?<![\w"\\])([A-Za-z_]\w*)\s*:\s*(\\*)){_STRING}(\3")')
_ELEMENT = re.compile(
    r"(<([\w.:-]+)(?:\s[^<>]*)?>(?:\s*<!\[CDATA\[)?)([^<>\]]+)((?:\]\]>\s*)?</\2>)"
)
_TAG = re.compile(r"<[\w.:-]+\s[^<>]*>")
_ATTRIBUTE = re.compile(r"""((?<![\w.:-])([\w.:-]+)\s*=\s*(["']))([^"'<>]*)(\3)""")
_DECODER = json.JSONDecoder()


def holds_secret(value: str) -> bool:
    """Whether it holds more than variables, the word for a scheme, a flag or a count."""
    plain = value.strip().lower()
    return bool(_HARMLESS.sub("", value)) and plain not in _FLAGS and not _SMALL.fullmatch(plain)


def parts_of(name: str, credential: str) -> set[str]:
    """The credential that stands under `name`, and those parts of it that may turn up alone.

    That are the token after the word for its scheme, the password after a user's name, and the
    values of cookies.
    """
    found = {credential}
    if after := _AFTER_SCHEME.fullmatch(credential):
        found.add(after[1])
    if name == IN_URL and ":" in credential:
        password = credential.partition(":")[2]
        found |= {password, unquote(password)}
    if "cookie" in name.lower():
        pairs = [part.partition("=") for part in re.split("[;\n]", credential)]
        values = {v.strip() for k, _, v in pairs if k.strip().lower() not in _ABOUT_A_COOKIE}
        found = values - {""} or found
    return set(filter(holds_secret, found))


def one(name: str, value: str, stand_in: StandIn) -> str:
    """The value, or what stands for it where the name says a secret and the value holds one."""
    return _replaced(name, value, stand_in) if names_secret(name) else value


def _replaced(name: str, value: str, stand_in: StandIn) -> str:
    way = _SAYS_A_WAY.fullmatch(name) and _WAYS.fullmatch(value.strip())
    return stand_in(name, value) if holds_secret(value) and not way else value


def leaves(name: str, value: Any, stand_in: StandIn) -> Any:
    """Everything below a name that says a secret, replaced; flags, kinds and nothing stay."""
    if isinstance(value, dict):
        return {
            key: each if names_kind(key) and isinstance(each, str) else leaves(name, each, stand_in)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [leaves(name, each, stand_in) for each in value]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    text = str(value)
    shown = _replaced(name, text, stand_in)
    return value if shown == text else shown


def in_url(url: str, stand_in: StandIn) -> str:
    """The URL with its user's name and password, and its secret parameters, replaced."""

    def parameter(match: re.Match[str]) -> str:
        name, value = unquote(match[1]), match[2]
        shown = one(name, value, stand_in)
        if shown == value and "%3" in value:  # a URL in a URL
            inner = unquote(value)
            replaced = in_url(inner, stand_in)
            shown = value if replaced == inner else quote(replaced, safe="*")
        return f"{match[1]}={shown}"

    url = _USERINFO.sub(lambda match: _userinfo(match[1], stand_in), url)
    return _PARAMETER.sub(parameter, url)


def in_host(host: str, stand_in: StandIn) -> str:
    """The same of a host, which may be a URL, or lack the scheme of one."""
    return in_url(f"://{host}", stand_in).removeprefix("://")


def in_text(text: str, stand_in: StandIn) -> str:
    """A body: members of JSON, arguments of GraphQL, XML and fields of forms have names."""

    def second(match: re.Match[str]) -> str:  # before, name, quotes, value, after
        before, name, _, value, after = match.groups()
        quotes = '"' if match.re is _ARGUMENT else ""
        return f"{before}{quotes}{one(name, value, stand_in)}{after}"

    def pair(match: re.Match[str]) -> str:
        return f'{match[1]}"{one(match[3], match[4], stand_in)}{match[5]}'

    def element(match: re.Match[str]) -> str:  # before, name, value, after
        return f"{match[1]}{one(match[2], match[3], stand_in)}{match[4]}"

    def field(match: re.Match[str]) -> str:
        return f"{match[1]}{match[2]}={one(unquote(match[2]), match[3], stand_in)}"

    text = _ARGUMENT.sub(second, _PAIR.sub(pair, _members(text, stand_in)))
    text = _TAG.sub(lambda tag: _ATTRIBUTE.sub(second, tag[0]), _ELEMENT.sub(element, text))
    return _FIELD.sub(field, _PART.sub(element, text))


def _userinfo(text: str, stand_in: StandIn) -> str:
    password = text.partition(":")[2] or text  # a token stands there alone
    return stand_in(IN_URL, text) if holds_secret(password) else text


def _members(text: str, stand_in: StandIn) -> str:
    """The text with the members of JSON replaced whose name says a secret, however deep."""
    shown, end = [], 0
    while found := _MEMBER.search(text, end):
        shown.append(text[end : found.end()])
        end = found.end()
        name = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), found[2])
        if names_secret(name):
            value, end = _member(text, end, found[1], name, stand_in)
            shown.append(value)
    return "".join((*shown, text[end:]))


def _member(text: str, start: int, quotes: str, name: str, stand_in: StandIn) -> tuple[str, int]:
    """What stands for the value that begins at `start`, and where that value ends."""
    if not quotes:
        try:
            value, end = _DECODER.raw_decode(text, start)
        except ValueError:
            return "", start
        except RecursionError:  # so would be what is within it, which takes too long to try
            return stand_in(name, text[start:]), len(text)
        shown = leaves(name, value, stand_in)
        return (text[start:end] if shown == value else json.dumps(shown, ensure_ascii=False)), end
    escaped = re.compile(rf"{re.escape(quotes)}{_STRING}{re.escape(quotes)}\"").match(text, start)
    if escaped is None:
        return "", start
    return f'{quotes}"{one(name, escaped[1], stand_in)}{quotes}"', escaped.end()
