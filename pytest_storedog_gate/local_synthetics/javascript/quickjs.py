"""Small functions in JavaScript, run in this process with a limit on time and memory: QuickJS.

They have no files and no network. Scripts of people run in Chromium instead: `scripts`.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import quickjs

if TYPE_CHECKING:
    from collections.abc import Callable

_MEGABYTES = 512  # with a document of the longest body, and what a pattern remembers of it
# JSON is the way in and out: the engine's own strings end at a NUL and know no lone surrogate.
_WRAPPED = "(json) => JSON.stringify(({source})(...JSON.parse(json)))"


class JavaScriptError(Exception):
    """What the function threw, as `Name: message`."""


class LimitReached(Exception):
    """A function took too much; the text says of what, for a sentence that begins with `it`."""


@dataclass(frozen=True)
class Function:
    """A function of JSON values that answers with one: its source, after that of a `library`."""

    source: str
    library: str = ""

    def __call__(self, *arguments: Any, seconds: float) -> Any:
        """Its answer; `seconds` are of CPU time. Raises JavaScriptError and LimitReached."""
        called = _engine.function(self, seconds)
        try:
            answer = called(json.dumps(arguments))
        except quickjs.JSException as error:
            text = str(error).partition("\n")[0]
            if text == "InternalError: interrupted":
                raise LimitReached(f"took over {seconds:g} s") from None
            if text.startswith("InternalError: out of memory"):
                raise LimitReached(f"took over {_MEGABYTES} MB") from None
            raise JavaScriptError(text) from None
        return json.loads(answer)


class _Engine(threading.local):
    """One for each thread, as QuickJS wants it."""

    def __init__(self) -> None:
        self._context = quickjs.Context()
        self._context.set_memory_limit(_MEGABYTES * 1_000_000)
        self._known: dict[Function, Callable[[str], str]] = {}

    def function(self, wanted: Function, seconds: float) -> Callable[[str], str]:
        if wanted not in self._known:
            self._context.set_time_limit(-1)
            self._context.eval(wanted.library)
            made = self._context.eval(_WRAPPED.replace("{source}", wanted.source))
            self._known[wanted] = cast("Callable[[str], str]", made)
        self._context.set_time_limit(seconds)
        return self._known[wanted]


_engine = _Engine()
