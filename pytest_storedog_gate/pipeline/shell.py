"""What becomes of one command's exit status in a step's script: every way through it, each once.

Drone joins a step's commands to one script for `/bin/sh`, with `set -e` first and an `echo` before
each of them. The script is not run but followed: a command whose end nobody knows ends both ways.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .shell_syntax import (
    clauses,
    given_to_shell,
    outermost,
    parsed,
    simple_commands,
    text_of,
    walk,
    word_of,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tree_sitter import Node

    from .script import Command, Script

_UNKNOWN = -1  # some exit status other than 0
_NO_FAILURE = (0, 78)  # Drone reads 78 as a pass that skips what follows
_ALWAYS_FINE = ("true", ":", "echo", "printf", "unset", "shift", "umask")
_COMMANDS = ("command", "pipeline", "list")


@dataclass(frozen=True)
class Leak:
    """A way to end the script as a success though the command has not passed.

    `how` is the construct: `||`, `&&`, `|`, `&`, `!`, `$()`, `if`, `loop`, `case`, `set +e`,
    `set -e` (which does not hold there), `exit`, `trap` or `?`. `statuses` are the exit
    statuses that get through; none of them: the command is not run at all. `status` is what the
    script ends with.
    """

    how: str
    line: int
    statuses: tuple[int, ...]
    status: int


def leaks(
    script: Script, command: Command, statuses: Sequence[int], *, goal: Command | None = None
) -> list[Leak]:
    """Every way in which `command`, ending with one of `statuses`, lets the script succeed.

    The script has succeeded once it reaches `goal`, if there is one.
    """
    found: dict[tuple[str, int, bool, int], set[int]] = {}
    ends = _Shell(script.text, command.words, statuses, goal.words if goal else None).ends()
    for end in ends or [_State(loss=("?", 0))]:
        if end.status not in _NO_FAILURE or end.gate == 0:
            continue
        how, row = end.loss or ("?", 0)
        key = (how, script.lines[row], end.gate is None, end.status)
        found.setdefault(key, set()).update(() if end.gate is None else (end.gate,))
    return [
        Leak(how, line, tuple(sorted(through)), status)
        for (how, line, _skipped, status), through in found.items()
    ]


@dataclass(frozen=True)
class _State:
    """Where the shell stands; `gate` is the command's exit status, None before it ran."""

    status: int = 0
    gate: int | None = None
    loss: tuple[str, int] | None = None
    errexit: bool = True
    pipefail: bool = False
    variables: tuple[tuple[str, int], ...] = ()
    trap: tuple[str, int] | None = None
    done: bool = False
    jump: int = 0  # loops that `break` is leaving
    again: bool = False  # by `continue`

    @property
    def stopped(self) -> bool:
        """Whether what follows is not run."""
        return self.done or self.jump > 0

    def leave(self, inner: _State) -> _State:
        """After a subshell: of what happened in there, its status counts."""
        return replace(self, status=inner.status, gate=inner.gate, loss=inner.loss)


class _Shell:
    """Follows one script. `ignored`: POSIX ignores `set -e` in there (conditions, `!`, `&&`)."""

    def __init__(
        self,
        text: str,
        wanted: tuple[str, ...],
        statuses: Sequence[int],
        goal: tuple[str, ...] | None,
    ) -> None:
        self._root = parsed(text)
        self._wanted, self._statuses, self._goal = wanted, (0, *statuses), goal
        self._functions: dict[str, Node] = {}
        self._row: int | None = None  # of the outer script, while one in `sh -c` is followed

    def ends(self) -> list[_State]:
        """Every state in which the script can end."""
        return self._shell(self._root.children, _State())

    def _shell(
        self, nodes: Sequence[Node], start: _State, *, ignored: bool = False
    ) -> list[_State]:
        """A shell of its own, or a subshell, to its end and through its trap."""
        ends = []
        for end in self._sequence(nodes, replace(start, trap=None), ignored=ignored):
            if end.trap is None:
                ends.append(end)
                continue
            text, row = end.trap
            inner = self._sequence(parsed(text).children, replace(end, done=False, trap=None))
            # Only its own `exit` gives the shell another exit status.
            ends += [replace(s, loss=("trap", row)) if s.done else end for s in inner]
        return ends

    # -- statements ----------------------------------------------------------------------------

    def _sequence(
        self, nodes: Sequence[Node], start: _State, *, ignored: bool = False
    ) -> list[_State]:
        states = [start]
        for node, following in zip(nodes, [*nodes[1:], None], strict=True):
            if not node.is_named or node.type == "comment":
                continue
            background = following is not None and following.type == "&"
            after: list[_State] = []
            for state in states:
                if state.stopped:
                    after.append(state)
                elif background:
                    inner = self._shell([node], state, ignored=ignored)
                    after += [
                        replace(state.leave(self._lost(s, "&", node)), status=0) for s in inner
                    ]
                else:
                    after += self._run(node, state, ignored=ignored)
            states = list(dict.fromkeys(after))
        return states

    def _run(self, node: Node, state: _State, *, ignored: bool) -> list[_State]:
        follow: dict[str, Callable[..., list[_State]]] = {
            "command": self._command,
            "list": self._list,
            "pipeline": self._pipeline,
            "subshell": self._subshell,
            "compound_statement": self._group,
            "do_group": self._group,
            "negated_command": self._negated,
            "redirected_statement": self._redirected,
            "if_statement": self._if,
            "while_statement": self._while,
            "for_statement": self._for,
            "case_statement": self._case,
            "function_definition": self._function,
            "variable_assignment": self._assignment,
            "variable_assignments": self._assignment,
            "declaration_command": self._declaration,
            "test_command": self._test,
        }
        return follow.get(node.type, self._unclear)(node, state, ignored=ignored)

    def _group(self, node: Node, state: _State, *, ignored: bool) -> list[_State]:
        return self._sequence(node.children, state, ignored=ignored)

    def _subshell(self, node: Node, state: _State, *, ignored: bool) -> list[_State]:
        inner = self._shell(node.children, state, ignored=ignored)
        return [self._checked(state.leave(s), node, ignored=ignored) for s in inner]

    def _list(self, node: Node, state: _State, *, ignored: bool) -> list[_State]:
        left, right = node.named_children[0], node.named_children[-1]
        operator = next(c.type for c in node.children if c.type in ("&&", "||"))
        after: list[_State] = []
        for s in self._run(left, state, ignored=True):
            if s.stopped:
                after.append(s)
            elif (s.status == 0) == (operator == "&&"):
                # `a || b` runs b because a failed: a's failure is no longer the script's.
                known = s if operator == "&&" else self._lost(s, operator, node)
                after += self._run(right, known, ignored=ignored)
            else:
                after.append(self._skipped(self._lost(s, operator, node), operator, node, right))
        return after

    def _pipeline(self, node: Node, state: _State, *, ignored: bool) -> list[_State]:
        states = [replace(state, status=0)]
        for part in node.named_children:
            last = part == node.named_children[-1]
            after = []
            for s in states:
                start = replace(state, gate=s.gate, loss=s.loss)
                for inner in self._shell([part], start, ignored=ignored):
                    status = inner.status or (s.status if state.pipefail else 0)
                    piped = inner if last else self._lost(inner, "|", node)
                    after.append(replace(state.leave(piped), status=status))
            states = list(dict.fromkeys(after))
        return [self._checked(s, node, ignored=ignored) for s in states]

    def _negated(self, node: Node, state: _State, *, ignored: bool) -> list[_State]:  # noqa: ARG002  # one signature
        inner = self._run(node.named_children[-1], state, ignored=True)
        return [
            s if s.stopped else replace(self._lost(s, "!", node), status=int(s.status == 0))
            for s in inner
        ]

    def _redirected(self, node: Node, state: _State, *, ignored: bool) -> list[_State]:
        body = node.child_by_field_name("body")
        heredoc = [n for n in walk(node) if n.type == "heredoc_redirect"]
        if body is None or any(c.type in _COMMANDS for n in heredoc for c in n.named_children):
            return self._unclear(node, state, ignored=ignored)
        return self._run(body, state, ignored=ignored)

    # -- what runs only sometimes --------------------------------------------------------------

    def _if(self, node: Node, state: _State, *, ignored: bool) -> list[_State]:
        condition, body, others = clauses(node)
        after: list[_State] = []
        for s in self._sequence(condition, state, ignored=True):
            if s.stopped:
                after.append(s)
            elif s.status == 0:
                taken = self._skipped(s, "if", node, *others)
                after += self._sequence(body, taken, ignored=ignored)
            else:
                lost = self._skipped(self._lost(s, "if", node), "if", node, *body)
                after += self._otherwise(others, lost, ignored=ignored)
        return after

    def _otherwise(self, others: Sequence[Node], state: _State, *, ignored: bool) -> list[_State]:
        if not others:
            return [replace(state, status=0)]
        if others[0].type == "else_clause":
            return self._sequence(others[0].children, state, ignored=ignored)
        condition, body, _ = clauses(others[0])
        after: list[_State] = []
        for s in self._sequence(condition, state, ignored=True):
            if s.status == 0 or s.stopped:
                after += self._sequence(body, s, ignored=ignored)
            else:
                lost = self._skipped(self._lost(s, "if", others[0]), "if", others[0], *body)
                after += self._otherwise(others[1:], lost, ignored=ignored)
        return after

    def _while(self, node: Node, state: _State, *, ignored: bool) -> list[_State]:
        until = node.children[0].type == "until"
        body = node.named_children[-1]
        condition = [c for c in node.named_children if c != body]

        def round_of(s: _State) -> tuple[list[_State], list[_State]]:
            ended, again = [], []
            for c in self._sequence(condition, s, ignored=True):
                if c.stopped:
                    ended.append(c)
                elif (c.status == 0) == until:
                    ended.append(replace(self._skipped(c, "loop", node, body), status=0))
                else:
                    again += self._run(body, self._lost(c, "loop", node), ignored=ignored)
            return ended, again

        return self._rounds(state, round_of)

    def _for(self, node: Node, state: _State, *, ignored: bool) -> list[_State]:
        body = node.named_children[-1]

        def round_of(s: _State) -> tuple[list[_State], list[_State]]:
            return [self._skipped(s, "loop", node, body)], self._run(body, s, ignored=ignored)

        return self._rounds(replace(state, status=0), round_of)

    @staticmethod
    def _rounds(
        state: _State, round_of: Callable[[_State], tuple[list[_State], list[_State]]]
    ) -> list[_State]:
        seen, ends, todo = set(), [], [state]
        while todo:
            s = todo.pop()
            if s in seen:
                continue
            seen.add(s)
            ended, went_on = round_of(s)
            ends += ended
            for each in went_on:
                if each.again:
                    todo.append(replace(each, jump=0, again=False))
                elif each.stopped:
                    ends.append(each)
                else:
                    todo.append(each)
        return [replace(s, jump=s.jump - 1) if s.jump else s for s in dict.fromkeys(ends)]

    def _case(self, node: Node, state: _State, *, ignored: bool) -> list[_State]:
        items = [c for c in node.named_children if c.type == "case_item"]
        none = self._skipped(self._lost(state, "case", node), "case", node, *items)
        after = [replace(none, status=0)]
        for item in items:
            others = [other for other in items if other != item]
            start = self._skipped(self._lost(state, "case", node), "case", node, *others)
            values = {child.id for child in item.children_by_field_name("value")}
            body = [c for c in item.children if c.id not in values]
            after += self._sequence(body, start, ignored=ignored)
        return after

    def _function(self, node: Node, state: _State, *, ignored: bool) -> list[_State]:  # noqa: ARG002  # one signature
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None:
            self._functions[text_of(name)] = body
        return [replace(state, status=0)]

    # -- simple commands -----------------------------------------------------------------------

    def _command(self, node: Node, state: _State, *, ignored: bool) -> list[_State]:
        words = words_of(node)
        return [
            after
            for start in self._substitutions(node, state)
            for after in self._simple(words, node, start, ignored=ignored)
        ]

    def _simple(
        self, words: tuple[str, ...], node: Node, state: _State, *, ignored: bool
    ) -> list[_State]:
        if words == self._wanted:
            ran = [replace(state, status=n, gate=n) for n in self._statuses]
            return [self._checked(s, node, ignored=ignored) for s in ran]
        if words == self._goal:
            return [replace(state, status=0, done=True)]
        while words and _ASSIGNMENT.match(words[0]):
            words = words[1:]
        if not words:
            return [replace(state, status=0)]
        name, arguments = words[0].rpartition("/")[2], words[1:]
        if name == "exec" and arguments:
            inner = self._simple(arguments, node, state, ignored=ignored)
            return [self._skipped(replace(s, done=True), "exit", node) for s in inner]
        if name == "exit":
            ended = self._valued(arguments[0] if arguments else "$?", state)
            return [self._skipped(replace(s, done=True), "exit", node) for s in ended]
        if name in ("break", "continue"):
            levels = int(arguments[0]) if arguments and arguments[0].isdecimal() else 1
            # `continue 2` leaves one loop, and goes on in the next one: taken for its end.
            goes_on = name == "continue" and levels == 1
            return [replace(state, status=0, jump=levels, again=goes_on)]
        if name == "set":
            return [_with_options(state, arguments)]
        if name == "trap":
            on_exit = {"EXIT", "0"} & set(arguments[1:])
            trap = (arguments[0], self._at(node)) if on_exit else state.trap
            return [replace(state, status=0, trap=trap)]
        return [
            self._checked(s, node, ignored=ignored)
            for s in self._status(name, arguments, node, state, ignored=ignored)
        ]

    def _status(
        self, name: str, arguments: tuple[str, ...], node: Node, state: _State, *, ignored: bool
    ) -> list[_State]:
        if name in _ALWAYS_FINE:
            return [replace(state, status=0)]
        if name == "false":
            return [replace(state, status=1)]
        if name == "return":
            return self._valued(arguments[0] if arguments else "$?", state)
        if name == "test":
            return self._compared(arguments, state)
        if name in self._functions:
            body = self._functions.pop(name)  # not again inside itself
            after = self._run(body, state, ignored=ignored)
            self._functions[name] = body
            return after
        if (inner := given_to_shell((name, *arguments))) is not None:
            return self._inner_shell(inner, arguments[0], node, state)
        return [replace(state, status=0), replace(state, status=_UNKNOWN)]

    def _inner_shell(self, text: str, flags: str, node: Node, state: _State) -> list[_State]:
        outer, self._row = self._row, self._at(node)
        start = replace(state, errexit="e" in flags, pipefail=False, variables=())
        inner = self._shell(parsed(text).children, start)
        self._row = outer
        return [state.leave(s) for s in inner]

    def _assignment(self, node: Node, state: _State, *, ignored: bool) -> list[_State]:
        states = [state]
        many = node.type == "variable_assignments"
        for one in node.named_children if many else [node]:
            name, value = one.child_by_field_name("name"), one.child_by_field_name("value")
            after = []
            for s in states:
                word = "" if value is None else word_of(value)
                known = _value(word, s)  # `x=$?` sees the status from before
                if not (word.isdecimal() or (known and known == s.gate)):
                    known = None  # only a gate's failure is worth states of its own
                after += [
                    _assigned(inner, "" if name is None else text_of(name), known)
                    for inner in self._substitutions(one, s, lost=False)
                ]
            states = after
        return [self._checked(s, node, ignored=ignored) for s in states]

    def _declaration(self, node: Node, state: _State, *, ignored: bool) -> list[_State]:  # noqa: ARG002  # one signature
        return [replace(s, status=0) for s in self._substitutions(node, state)]

    def _test(self, node: Node, state: _State, *, ignored: bool) -> list[_State]:
        words = tuple(text_of(node).strip("[] \t\n").split())
        compared = self._compared(words, state)
        return [self._checked(s, node, ignored=ignored) for s in compared]

    def _unclear(self, node: Node, state: _State, *, ignored: bool) -> list[_State]:  # noqa: ARG002  # one signature
        either = [replace(state, status=0), replace(state, status=_UNKNOWN)]
        return [self._skipped(self._lost(s, "?", node), "?", node, node) for s in either]

    # -- values --------------------------------------------------------------------------------

    def _substitutions(self, node: Node, state: _State, *, lost: bool = True) -> list[_State]:
        """Runs each `$(...)` in there; only an assignment keeps its exit status."""
        states = [state if lost else replace(state, status=0)]
        for inner in outermost(node, "command_substitution"):
            after = []
            for s in states:
                for r in self._shell(inner.children, s):
                    kept = self._lost(r, "$()", inner) if lost else r
                    after.append(replace(s.leave(kept), status=s.status if lost else r.status))
            states = after
        return states

    def _valued(self, word: str, state: _State) -> list[_State]:
        value = _value(word, state)
        if value is not None:
            return [replace(state, status=value)]
        return [replace(state, status=0), replace(state, status=_UNKNOWN)]

    @staticmethod
    def _compared(words: tuple[str, ...], state: _State) -> list[_State]:
        held = None
        if len(words) == 3 and words[1] in _OPERATORS:
            left, right = _value(words[0], state), _value(words[2], state)
            unknown = _UNKNOWN in (left, right)
            if (
                left is not None
                and right is not None
                and not (unknown and {left, right} != {_UNKNOWN, 0})
            ):
                held = _OPERATORS[words[1]](left, right)
        if held is None:
            return [replace(state, status=0), replace(state, status=1)]
        return [replace(state, status=int(not held))]

    # -- what is lost --------------------------------------------------------------------------

    def _checked(self, state: _State, node: Node, *, ignored: bool) -> _State:
        if state.status == 0 or state.stopped:
            return state
        if state.errexit and not ignored:
            return replace(state, done=True)
        if state.status != state.gate:
            return state
        return self._lost(state, "set -e" if state.errexit else "set +e", node)

    def _lost(self, state: _State, how: str, node: Node) -> _State:
        if state.gate and state.status == state.gate:
            return replace(state, loss=(how, self._at(node)))
        return state

    def _skipped(self, state: _State, how: str, node: Node, *skipped: Node) -> _State:
        """Notes that what is not run holds the command; without nodes, all that follows."""
        if state.gate is None and (not skipped or any(self._holds(n) for n in skipped)):
            return replace(state, loss=(how, self._at(node)))
        return state

    def _holds(self, node: Node) -> bool:
        return any(words == self._wanted for _, words in simple_commands(node))

    def _at(self, node: Node) -> int:
        return node.start_point.row if self._row is None else self._row


_ASSIGNMENT = re.compile(r"\w+=")
_OPERATORS: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda a, b: a == b,
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
    "-ne": lambda a, b: a != b,
    "!=": lambda a, b: a != b,
    "-gt": lambda a, b: a > b or a == _UNKNOWN,
    "-ge": lambda a, b: a >= b,
    "-lt": lambda a, b: a < b and a != _UNKNOWN,
    "-le": lambda a, b: a <= b and a != _UNKNOWN,
}


def _with_options(state: _State, arguments: Sequence[str]) -> _State:
    after = replace(state, status=0)
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        on = word.startswith("-")
        if re.fullmatch(r"[-+][a-z]*e[a-z]*", word) or (word[1:] == "o" and following == "errexit"):
            after = replace(after, errexit=on)
        if re.fullmatch(r"[-+][a-z]*o", word) and following == "pipefail":
            after = replace(after, pipefail=on)
    return after


def _assigned(state: _State, name: str, value: int | None) -> _State:
    others = tuple(held for held in state.variables if held[0] != name)
    return replace(state, variables=others if value is None else (*others, (name, value)))


def _value(word: str, state: _State) -> int | None:
    bare = word.strip("\"'")
    if bare.isdecimal():
        return int(bare)
    if bare in ("$?", "${?}"):
        return state.status
    named = re.fullmatch(r"\$(\w+)|\$\{(\w+)(:?-\d+)?\}", bare)
    return dict(state.variables).get(named[1] or named[2]) if named else None
