"""JavaScript in API tests: assertions, and scripts that give variables their values.

https://docs.datadoghq.com/synthetics/api_tests/http_tests/ ;
https://docs.datadoghq.com/synthetics/guide/http-tests-with-hmac/
"""

from __future__ import annotations

import contextlib
import functools
import re
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.extras import remedy
from pytest_storedog_gate.local_synthetics.failures import CheckFailed, InvalidTest
from pytest_storedog_gate.local_synthetics.variables.variables import first_placeholder
from pytest_storedog_gate.secrets.masking import LONGEST_SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.local_synthetics.chromium.sandbox import Sandbox
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

JAVASCRIPT = "javascript"
"""The `type` of an assertion."""
BEFORE, AFTER = "variablesFromScript", "extractedValuesFromScript"
"""The keys of scripts that run before the request of a test and after the answer to a step."""

_PLACES = {BEFORE: f"config.{BEFORE}", AFTER: AFTER}
_ASSERTS = re.compile(r"\b(?:expect|assert|should)\b")
_NAME = re.compile(r"""(["'`])(\w+)\1""")
_SET = re.compile(r"""\.\s*set(?:Obfuscated)?\s*\(\s*(["'`])(\w+)\1""")
_SHORTEST_SECRET = 8  # characters of what is only perhaps secret: masking shorter ones hides all


class ScriptFailed(Exception):
    """A script did not come to its end; the text says why."""


class Scripts:
    """Runs scripts in the sandbox that is made when the first one runs."""

    def __init__(self, sandbox: Callable[[], Sandbox]) -> None:
        self._sandbox = functools.cache(sandbox)

    def unsupported(self, holder: Json) -> list[str]:
        """Name why the scripts in a definition's `config`, or in a step, could not be run."""
        problems = [
            f"{place}: {problem}"
            for key, place in _PLACES.items()
            if holder.get(key)
            for problem in unsupported_code(holder[key])
        ]
        if _holds_script(holder):
            try:
                self._sandbox()
            except ModuleNotFoundError as error:
                problems.append(f"scripts run in a browser: {remedy(error)}")
        return problems

    async def ready(self, definition: Definition) -> None:
        """Start the browser where the definition holds a script, so that nothing is sent without.

        Raises InvalidTest where none is installed, and CheckFailed where it does not start.
        """
        if _holds_script(definition.config):
            with _browser_of_ours():
                await self._sandbox().ready()

    async def prepare(self, definition: Definition, variables: Variables) -> None:
        """Be ready, and run the script before the request, if there is one. Raises as `ready`."""
        await self.ready(definition)
        if code := definition.config.get(BEFORE):
            try:
                await self._run(code, variables, None, tells=True)
            except ScriptFailed as failed:
                raise InvalidTest(f"config.{BEFORE}: {failed}") from None

    async def extract(
        self, code: str, variables: Variables, response: Json, *, tells: bool
    ) -> list[Json]:
        """Run a script after the answer; the answer is v2 variables of a result.

        `tells`: whether it says why it failed, which may quote the response.
        """
        try:
            _, given = await self._run(code, variables, response, tells=tells)
        except ScriptFailed as failed:
            return [{"name": AFTER, "secure": False, "err": str(failed)}]
        return given

    async def evaluate(
        self, assertion: Json, variables: Variables, response: Json, *, tells: bool
    ) -> Json:
        """Evaluate a JavaScript assertion; the answer is a v2 assertion result.

        It holds where the script ends, and at least one of its assertions held. For `tells` see
        `extract`.
        """
        code = assertion["code"]
        result = {"type": JAVASCRIPT, "code": code, "target": code, "expected": code}
        reason = "the script asserted nothing, so that nothing was proved"
        try:
            held, _ = await self._run(code, variables, response, tells=tells)
        except ScriptFailed as failed:
            held, reason = 0, str(failed)
        if held:
            return {**result, "valid": True, "actual": f"{held} held"}
        # As the actual value too, since datadog-ci prints nothing else.
        return {**result, "valid": False, "actual": reason, "error_message": reason}

    async def _run(
        self, code: str, variables: Variables, response: Json | None, *, tells: bool
    ) -> tuple[int, list[Json]]:
        """How many assertions held, and the variables that were set.

        Raises ScriptFailed; InvalidTest for what Datadog may know and this service does not; and
        CheckFailed.
        """
        values = variables.all()
        with _browser_of_ours():
            came = await self._sandbox().run(code, {"variables": values, "response": response})
        if came.get("unknown"):
            raise InvalidTest(f"Refused: in a script, {came['error']}")
        if "error" in came:
            reason = variables.masked(came["error"])
            raise ScriptFailed(reason if tells else "it failed; why is not saved, nor the body")
        # What comes of a secret is as secret as it is: a header made of a password, say.
        tainted = any(values[name] in variables.secrets for name in came["read"])
        tainted |= any(hidden for _, _, hidden in came["set"])
        given = []
        for name, value, hidden in came["set"]:
            secure = hidden or (tainted and len(value) >= _SHORTEST_SECRET)
            if secure and len(value) > LONGEST_SECRET:
                raise ScriptFailed(f"{name} is over {LONGEST_SECRET} characters, and secret")
            given.append({"name": name, "secure": secure, "val": value})
        for one in given:
            variables.gain(one["name"], one["val"], secure=one["secure"])
        return came["held"], given


@contextlib.contextmanager
def _browser_of_ours() -> Iterator[None]:
    """What befalls the browser says nothing about the target of an API test."""
    try:
        yield
    except CheckFailed as failed:
        if failed.failure.code != "UNAVAILABLE_BROWSER":
            raise
        raise CheckFailed("INTERNAL_ERROR", str(failed)) from None


def unsupported_code(code: Any, *, asserts: bool = False) -> list[str]:
    """Name why code could not be run or, with `asserts`, could not prove anything."""
    if not isinstance(code, str) or not code.strip():
        return ["the code must be a string that is not empty"]
    if found := first_placeholder(code):
        return [f"{found[0]} is not replaced in code: write dd.variable.get('{found[1]}')"]
    if asserts and not _ASSERTS.search(code):
        return ["the code asserts nothing, as it calls no dd.expect, so that nothing is proved"]
    return []


def names_set(code: str) -> set[str]:
    """The variables that code surely means to set."""
    return {name for _, name in _SET.findall(code)}


def names_written(holder: Json) -> set[str]:
    """The variables that scripts of a `config` or step may set: names that the code writes out."""
    codes = [holder.get(key) or "" for key in _PLACES]
    return {name for code in codes for _, name in _NAME.findall(code)}


def _holds_script(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_holds_script, value))
    if not isinstance(value, dict):
        return False
    if value.get("type") == JAVASCRIPT or value.get(BEFORE) or value.get(AFTER):
        return True
    return any(_holds_script(value.get(key)) for key in ("assertions", "steps"))
