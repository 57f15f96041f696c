"""The table of kinds: imported when first used, and refusing when a library is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.kinds import all_kinds
from tests.local_synthetics.assertions.evaluated import xpath
from tests.local_synthetics.support.service import http_test
from tests.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = "pytest_storedog_gate.local_synthetics"


def test_each_kind_is_made_once() -> None:
    kinds = all_kinds()
    assert len(list(kinds)) == len(kinds)
    for key in kinds:
        assert kinds[key] is kinds[key]


def test_what_is_no_kind_is_none() -> None:
    assert all_kinds().get(("api", "smtp")) is None


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_kind_is_imported_before_it_is_used() -> None:
    code = (
        "import sys\n"
        f"from {PACKAGE}.kinds import all_kinds\n"
        "all_kinds()\n"
        f"print([name for name in sys.modules if name.startswith('{PACKAGE}.kinds.')])"
    )
    assert run(code) == f"['{PACKAGE}.kinds.protocol']\n"


def test_an_http_check_imports_what_it_needs_alone() -> None:
    code = (
        "import sys\n"
        f"from {PACKAGE}.kinds import all_kinds\n"
        "all_kinds()['api', 'http']\n"
        "print({'cryptography', 'docker', 'grpc', 'lxml', 'playwright', 'requests', 'spnego'}"
        " & sys.modules.keys())"
    )
    assert run(code) == "set()\n"


def test_a_check_of_one_kind_imports_no_other() -> None:
    code = (
        "import sys\n"
        f"from {PACKAGE}.definitions.definition import parse\n"
        f"from {PACKAGE}.kinds import all_kinds\n"
        "config = {'request': {'host': 'a', 'port': 1}}\n"
        "test = parse({'type': 'api', 'subtype': 'tcp', 'name': 'a', 'config': config})\n"
        "print(*all_kinds()['api', 'tcp'].unsupported(test))\n"
        "named = (name.split('.') for name in sys.modules)\n"
        "kinds = {parts[3] for parts in named if parts[2:3] == ['kinds'] and len(parts) > 3}\n"
        "print(*sorted(kinds), 'grpc' in sys.modules, 'playwright' in sys.modules)"
    )
    refused = "config.assertions is empty, so that nothing would be checked\n"
    assert run(code) == f"{refused}common protocol tcp False False\n"


@pytest.mark.parametrize(
    ("kind", "library", "extra"),
    [
        ("http", "httpx", "local"),
        ("ssl", "cryptography", "local"),
        ("dns", "dns", "local"),
        ("websocket", "websockets", "local"),
        ("icmp", "icmplib", "local"),
        ("grpc", "grpc", "grpc"),
        ("grpc", "grpc_reflection", "grpc"),
    ],
)
def test_a_missing_library_is_a_refusal_by_name(kind: str, library: str, extra: str) -> None:
    code = (
        f"import sys; sys.modules[{library!r}] = None\n"
        f"from {PACKAGE}.kinds import all_kinds\n"
        f"print(*all_kinds()['api', {kind!r}].unsupported(None))"
    )
    remedy = f"pip install 'pytest-storedog-gate[{extra}]'"
    assert run(code) == f"{library} is not installed; run: {remedy}\n"


@pytest.mark.parametrize(
    ("library", "test"),
    [
        (
            "cryptography",
            http_test(
                "http://127.0.0.1:9",
                basicAuth={"type": "jwt", "algorithm": "RS256", "payload": "{}", "secret": "x"},
            ),
        ),
        (
            "spnego",
            http_test(
                "http://127.0.0.1:9",
                basicAuth={"type": "ntlm", "username": "ann", "password": "x"},
            ),
        ),
        ("lxml", http_test("http://127.0.0.1:9", xpath("//a", "is", "1"))),
    ],
    ids=["cryptography", "spnego", "lxml"],
)
def test_what_one_test_alone_needs_is_refused_by_name(
    tmp_path: Path, library: str, test: dict[str, Any]
) -> None:
    file = tmp_path / "a.synthetics.json"
    file.write_text(json.dumps(test))
    code = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "from pytest_storedog_gate.synthetics_cli.command_line import main\n"
        f"print(main(['run', {str(file)!r}]))"
    )
    said = run(code)
    remedy = f"{library} is not installed; run: pip install 'pytest-storedog-gate[local]'"
    assert f"it could not be run: INVALID_TEST: {remedy}\n" in said
    assert said.endswith("\n8\n")
