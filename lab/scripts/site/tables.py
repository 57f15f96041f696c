"""Rows of Markdown tables, which forges and the site's generator read alike."""

from __future__ import annotations

import html
import re

_CODE_WITH_BAR = re.compile(r"`([^`]*\|[^`]*)`")


def row(*cells: str) -> str:
    """One row. A bar within code has no escape that all readers take, but as HTML."""
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _cell(text: str) -> str:
    text = _CODE_WITH_BAR.sub(
        lambda code: f"<code>{html.escape(code[1], quote=False)}</code>", text
    )
    return text.replace("|", "&#124;")
