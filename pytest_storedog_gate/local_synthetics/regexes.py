"""JavaScript regular expressions, as definitions hold them, for Python's `re`.

What `re` cannot compile is refused; what it compiles is taken as it is, but for `$`. A pattern
that backtracks without end holds up the whole service: `re` has no time limit.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(r"(\\.|\[(?:\\.|[^\]\\])*\])|\$", re.DOTALL)
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "u": re.NOFLAG, "g": re.NOFLAG}


def compile_javascript(pattern: str, flags: str = "") -> re.Pattern[str]:
    r"""Compile `pattern`. Raises ValueError with a sentence that names the pattern.

    Python's `$` also matches before a last newline, which would let `^ok$` pass on "ok\n".
    """
    combined = re.ASCII
    for flag in flags:
        if flag not in _FLAGS:
            raise ValueError(f"regular expression flag {flag!r} is not supported")
        combined |= _FLAGS[flag]
    if "m" not in flags:
        pattern = _TOKEN.sub(lambda token: token[1] or r"\Z", pattern)
    try:
        return re.compile(pattern, combined)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"regular expression {pattern!r} is not supported: {error}") from None
