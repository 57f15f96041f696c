"""The process that evaluates one XPath, which has limited time: see `xpath`."""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

from lxml import etree

from pytest_storedog_gate.local_synthetics.assertions.xpath import compile_xpath


def _answer(seconds: int) -> None:
    """Evaluate what comes over standard input, in as many seconds of CPU time."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    try:
        answer = [_selected(*json.load(sys.stdin)), ""]
    except ValueError as error:
        answer = [[], str(error)]
    json.dump(answer, sys.stdout)


def _selected(path: str, text: str) -> list[Any]:
    compiled = compile_xpath(path)
    try:
        selected: Any = compiled(_parsed(text))
    except etree.XPathError as error:
        raise ValueError(f"XPath {path!r} cannot be evaluated: {error}") from None
    return [_value(node) for node in selected] if isinstance(selected, list) else [selected]


def _parsed(text: str) -> Any:
    markup = text.lstrip("\ufeff \t\r\n")
    if not markup.startswith("<"):
        raise ValueError("the body is neither XML nor HTML")
    content = markup.encode(errors="replace")
    # Entities may name files and grow without bound; the network is nobody's business here.
    xml = etree.XMLParser(encoding="utf-8", resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(content, xml)
    except etree.XMLSyntaxError:
        pass
    else:
        if next(root.iter(etree.Entity), None) is not None:
            # Its text would be missing, and that would be taken for a text.
            raise ValueError("the body has XML entities of its own, which are not looked at")
        # A path has no way to declare a prefix: `//error` would not see one that is there.
        for element in root.iter("*"):
            element.tag = etree.QName(element).localname
        return root
    from lxml import html  # noqa: PLC0415  # well-formed XML needs none of it

    try:
        return html.document_fromstring(content, parser=html.HTMLParser(encoding="utf-8"))
    except etree.LxmlError as error:
        raise ValueError(f"the body is neither XML nor HTML: {error}") from None


def _value(node: Any) -> str:
    if isinstance(node, etree._Element):  # noqa: SLF001 lxml has no public name for it
        return str(node.xpath("string()"))
    return str(node[1] if isinstance(node, tuple) else node)  # a namespace is a pair


if __name__ == "__main__":
    _answer(int(sys.argv[1]))
