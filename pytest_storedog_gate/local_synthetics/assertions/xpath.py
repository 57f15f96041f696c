"""XPath 1.0 on XML and HTML, as Datadog's assertions and extracted values use it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any, cast

from lxml import etree, html

from pytest_storedog_gate.outlets.child_environment import child_environment

_SECONDS = 5  # of CPU time


def compile_xpath(path: str) -> etree.XPath:
    """Compile `path`. Raises ValueError with a sentence."""
    if not path.strip():
        raise ValueError("the XPath is empty")
    try:
        return etree.XPath(path)
    except (etree.XPathError, ValueError) as error:
        raise ValueError(f"XPath {path!r} is not valid: {error}") from None


def select_xpath(path: str, text: str) -> list[Any]:
    """What `path` selects in `text`, read as XML or, where that fails, as HTML.

    A node is its text. A number, a truth value or a string is itself, the only one of the list.
    Raises ValueError with a sentence.

    A process of its own evaluates it, as libxml2 knows no limit: `//*[count(//*) > count(..//*)]`
    takes hours on a long page.
    """
    ran = subprocess.run(
        [sys.executable, "-P", "-m", __name__],
        input=json.dumps([path, text]),
        capture_output=True,
        encoding="ascii",
        check=False,
        env=child_environment(),
    )
    if ran.returncode:
        spent = ran.returncode == -signal.SIGXCPU
        reason = f"took over {_SECONDS} s" if spent else "cannot be evaluated: libxml2 ended"
        raise ValueError(f"XPath {path!r} {reason}")
    selected, problem = json.loads(ran.stdout)
    if problem:
        raise ValueError(problem)
    return cast("list[Any]", selected)


def _answer() -> None:
    """Evaluate what comes over standard input, in limited time."""
    import resource  # noqa: PLC0415  # of no use to whoever imports this

    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS + 1))
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
        return _without_namespaces(root)
    try:
        return html.document_fromstring(content, parser=html.HTMLParser(encoding="utf-8"))
    except etree.LxmlError as error:
        raise ValueError(f"the body is neither XML nor HTML: {error}") from None


def _without_namespaces(root: Any) -> Any:
    # A path has no way to declare a prefix: `//error` would not see one that is there.
    for element in root.iter("*"):
        element.tag = etree.QName(element).localname
    return root


def _value(node: Any) -> str:
    if isinstance(node, etree._Element):  # noqa: SLF001 lxml has no public name for it
        return str(node.xpath("string()"))
    return str(node[1] if isinstance(node, tuple) else node)  # a namespace is a pair


if __name__ == "__main__":
    _answer()
