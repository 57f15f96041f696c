"""Shell scripts as tree-sitter reads them: nodes, words, simple commands."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import tree_sitter_bash
from tree_sitter import Language, Parser

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tree_sitter import Node

_PARSER = Parser(Language(tree_sitter_bash.language()))
_SHELLS = ("sh", "bash", "dash", "ash")
_REDIRECTS = ("file_redirect", "heredoc_redirect", "herestring_redirect")


def parsed(text: str) -> Node:
    """The tree of a script; what is no shell script is a node of its own in it."""
    return _PARSER.parse(text.encode()).root_node


def walk(node: Node) -> Iterable[Node]:
    """The node and all below it, in the order of the text."""
    yield node
    for child in node.children:
        yield from walk(child)


def outermost(node: Node, kind: str) -> Iterable[Node]:
    """The nodes of that kind below it that are in no other of the kind."""
    for child in node.named_children:
        if child.type == kind:
            yield child
        else:
            yield from outermost(child, kind)


def simple_commands(root: Node) -> Iterable[tuple[Node, tuple[str, ...]]]:
    """Each simple command with its words; those given to `sh -c` stand where that stands."""
    for node in walk(root):
        if node.type == "command":
            words = words_of(node)
            yield node, words
            if (inner := given_to_shell(words)) is not None:
                yield from ((node, found) for _, found in simple_commands(parsed(inner)))


def is_fed(node: Node) -> bool:
    """Whether something else than the script's own standard input is what the command reads."""
    while node.parent is not None:
        around = node.parent
        if around.type == "pipeline" and around.named_children[0] != node:
            return True
        redirects = [child for child in around.children if child.type in _REDIRECTS]
        if any(text_of(r).lstrip("0").startswith("<") for r in redirects):
            return True
        node = around
    return False


def clauses(node: Node) -> tuple[list[Node], list[Node], list[Node]]:
    """Condition, body, and the elif and else clauses of an `if` or `elif`."""
    then = next(i for i, child in enumerate(node.children) if child.type == "then")
    others = [c for c in node.children if c.type in ("elif_clause", "else_clause")]
    body = [c for c in node.children[then + 1 :] if c not in others]
    return list(node.children[:then]), body, others


def words_of(command: Node) -> tuple[str, ...]:
    """A simple command's words, with the assignments before it and without redirections."""
    return tuple(word_of(child) for child in command.named_children if child.type not in _REDIRECTS)


def word_of(node: Node) -> str:
    """A word without its quotes; what is expanded in it stays as it is written."""
    if node.type in ("string", "raw_string"):
        return text_of(node)[1:-1]
    if node.type in ("concatenation", "command_name", "variable_assignment"):
        children = node.children if node.type != "command_name" else node.named_children
        return "".join(word_of(child) for child in children)
    return text_of(node)


def text_of(node: Node) -> str:
    """The node as it is written."""
    return (node.text or b"").decode()


def given_to_shell(words: Sequence[str]) -> str | None:
    """The script in `sh -c SCRIPT`, if the words are that."""
    if not words or words[0].rpartition("/")[2] not in _SHELLS:
        return None
    for flags, text in pairwise(words):
        if re.fullmatch(r"-\w*c\w*", flags):
            return text
    return None
