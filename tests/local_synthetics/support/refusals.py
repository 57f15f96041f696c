"""What a command says that does not start; it is run in this process, as a start costs more."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import pytest

from pytest_storedog_gate.synthetics_cli.command_line import main


def refused(*arguments: str) -> str:
    """The one sentence of a command that does not start, with nothing on its standard input."""
    said, wrong = io.StringIO(), io.StringIO()
    with (
        Path("/dev/null").open(encoding="utf-8") as nothing,
        mock.patch("sys.stdin", nothing),
        redirect_stdout(said),
        redirect_stderr(wrong),
        pytest.raises(SystemExit) as ended,
    ):
        sys.exit(main(arguments))
    assert (ended.value.code, said.getvalue()) == (4, "")
    assert wrong.getvalue().count("\n") == 1
    return wrong.getvalue()
