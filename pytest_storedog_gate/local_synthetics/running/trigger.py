"""The body of a trigger: which tests, with which overrides.

Overrides are flat keys beside `public_id`, as datadog-ci sends them. What this service does not
know or cannot honour is an error, so that nothing is passed over.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.definitions.definition import (
    DAY,
    EXECUTION_RULES,
    Definition,
    DefinitionError,
    Json,
    check_retry,
    parse,
    unusable,
)
from pytest_storedog_gate.local_synthetics.definitions.known_keys import Value, key_faults, keys
from pytest_storedog_gate.local_synthetics.javascript.regular_expressions import parse_substitution
from pytest_storedog_gate.local_synthetics.kinds.protocol import Run
from pytest_storedog_gate.secrets.places import mask_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_storedog_gate.local_synthetics.definitions.files import Catalog
    from pytest_storedog_gate.local_synthetics.javascript.regular_expressions import Substitution

    Apply = Callable[[Json, Any, str], None]  # an override's value and name, into a definition

DEFAULT_BATCH_TIMEOUT = 1_800_000  # ms, datadog-ci's
THE_VERSION = 1  # definitions come from files, which have one version


class TriggerError(ValueError):
    """The body of a trigger is unusable; the text says why."""


@dataclass(frozen=True)
class Trigger:
    """What a trigger asks for; `batch_timeout` in ms."""

    runs: list[Run]
    batch_timeout: float
    metadata: Json


def parse_trigger(body: object, catalog: Catalog) -> Trigger:
    """Read a trigger's body. Raises TriggerError."""
    payload = _object(body, "the body")
    if unknown := key_faults(payload, _TRIGGER):
        raise TriggerError("; ".join(unknown))
    options = _object(payload.get("options", {}), "options")
    # Here every test runs every time, which is what selective_rerun allows at most.
    _flag(options.get("selective_rerun", False), "options.selective_rerun")
    tests = payload.get("tests")
    if not isinstance(tests, list) or not tests:
        raise TriggerError("tests must be a list with at least one test")
    entries = [_object(test, f"tests[{index}]") for index, test in enumerate(tests)]
    _check_known(entries, catalog)
    return Trigger(
        runs=[run for i, test in enumerate(entries) for run in _runs(test, f"tests[{i}]", catalog)],
        batch_timeout=_batch_timeout(options),
        metadata=mask_names(_object(payload.get("metadata", {}), "metadata")),
    )


def _batch_timeout(options: Json) -> float:
    timeout: Any = options.get("batch_timeout", DEFAULT_BATCH_TIMEOUT)
    known = isinstance(timeout, int | float) and not isinstance(timeout, bool)
    if not known or not 0 < timeout <= DAY:
        raise TriggerError(f"options.batch_timeout must be milliseconds, above 0 and up to {DAY}")
    return float(timeout)


def _check_known(tests: list[Json], catalog: Catalog) -> None:
    ids = {str(test.get("public_id")) for test in tests if "local_test_definition" not in test}
    unknown = sorted(ids - catalog.tests.keys() - catalog.suites.keys())
    if unknown:
        # Datadog's words: datadog-ci reads the ids out of them.
        names = ", ".join(f"'{public_id}'" for public_id in unknown)
        raise TriggerError(f"Cannot write tests or results (test ids: [{names}])")


def _runs(test: Json, where: str, catalog: Catalog) -> Iterator[Run]:
    """One run, or those of a suite's tests, each with the same overrides."""
    try:
        rule = test.get("startUrlSubstitutionRegex")
        url_substitution = (
            None if rule is None else _substitution(rule, "startUrlSubstitutionRegex")
        )
        rules = test.get("resourceUrlSubstitutionRegexes", [])
        if not isinstance(rules, list):
            raise TriggerError("resourceUrlSubstitutionRegexes must be a list of strings")
        resource_substitutions = [
            _substitution(one, f"resourceUrlSubstitutionRegexes[{index}]")
            for index, one in enumerate(rules)
        ]
        variables = _strings(test.get("variables", {}), "variables")
        for original in _definitions(test, catalog):
            definition = _overridden(original, test)
            yield Run(definition, variables, url_substitution, resource_substitutions)
    except ValueError as error:
        raise TriggerError(f"{where}: {error}") from None


def _overridden(original: Definition, test: Json) -> Definition:
    data = copy.deepcopy(original.data)
    try:
        for name, apply in _APPLY.items():
            if name in test:
                apply(data, test[name], name)
        return replace(parse(data), fault=original.fault)
    except DefinitionError as fault:
        return unusable(original.data, fault)


def _substitution(value: Any, name: str) -> Substitution:
    return parse_substitution(_string(value, name))


def _definitions(test: Json, catalog: Catalog) -> list[Definition]:
    if "local_test_definition" in test:
        if "public_id" in test:
            raise TriggerError("give either public_id or local_test_definition")
        if "version" in test:
            raise TriggerError("a local_test_definition has no version")
        local = test["local_test_definition"]
        try:
            return [parse(local)]
        except DefinitionError as fault:
            return [unusable(local, fault)]  # the other tests can be run
    public_id = test["public_id"]
    if suite := catalog.suites.get(public_id):
        if "version" in test:
            raise TriggerError(f"{public_id} is a suite, and a suite has no version")
        if not suite.tests:
            raise TriggerError(f"suite {public_id} has no tests, so that nothing would be checked")
        if missing := [member for member in suite.tests if member not in catalog.tests]:
            raise TriggerError(f"suite {public_id} has {', '.join(missing)}, which is not there")
        return [catalog.tests[member] for member in suite.tests]
    version = test.get("version", THE_VERSION)
    if version != THE_VERSION or isinstance(version, bool):
        raise TriggerError(f"version {version} of test {public_id} does not exist")
    return [catalog.tests[public_id]]


def _object_at(data: Json, path: str) -> Json:
    """The object there, which `parse` found to be one or absent: then it is made."""
    for key in path.split("."):
        held: Json = data.get(key) or {}
        data[key] = held
        data = held
    return data


def _put(path: str, read: Callable[[Any, str], Any]) -> Apply:
    """An override that takes the place of one value."""
    parent, _, key = path.rpartition(".")

    def apply(data: Json, value: Any, name: str) -> None:
        held = _object_at(data, parent) if parent else data
        held[key] = read(value, name)

    return apply


def _own(data: Json, key: str) -> Json:
    """The object of the request that the definition has itself."""
    own: Any = _object_at(data, "config.request").get(key)
    if own is not None and not isinstance(own, dict):
        raise DefinitionError(f"config.request.{key} must be an object")
    return own or {}


def _headers(data: Json, value: Any, name: str) -> None:
    _merge_headers(data, _strings(value, name))


def _cookies(data: Json, value: Any, name: str) -> None:
    cookies = {"value": value} if isinstance(value, str) else _object(value, name)
    text = _string(cookies.get("value"), "cookies.value")
    if _flag(cookies.get("append", False), "cookies.append"):
        headers = _own(data, "headers").items()
        text = "; ".join([*(one for key, one in headers if key.lower() == "cookie"), text])
    _merge_headers(data, {"Cookie": text})


def _merge_headers(data: Json, added: Mapping[str, str]) -> None:
    replaced = {name.lower() for name in added}
    own = _own(data, "headers").items()
    kept = {name: value for name, value in own if name.lower() not in replaced}
    data["config"]["request"]["headers"] = {**kept, **added}


def _basic_auth(data: Json, value: Any, name: str) -> None:
    credentials = {**_own(data, "basicAuth"), **_strings(value, name)}
    data["config"]["request"]["basicAuth"] = credentials


def _retry(data: Json, value: Any, name: str) -> None:
    retry = _object(value, name)
    try:
        check_retry(retry)
    except DefinitionError as error:
        raise TriggerError(str(error)) from None
    _object_at(data, "options.retry").update(retry)


def _execution_rule(data: Json, value: Any, name: str) -> None:
    if value not in EXECUTION_RULES:
        raise TriggerError(f"{name} must be one of {', '.join(EXECUTION_RULES)}")
    own = Definition(data).execution_rule
    lenient = max(own, value, key=EXECUTION_RULES.index)
    _object_at(data, "options.ci")["executionRule"] = lenient


def _object(value: Any, name: str) -> Json:
    if not isinstance(value, dict):
        raise TriggerError(f"{name} must be a JSON object")
    return value


def _strings(value: Any, name: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise TriggerError(f"{name} must be an object of strings")
    return value


def _string(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise TriggerError(f"{name} must be a string that is not empty")
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise TriggerError(f"{name} must be a string")
    return value


def _names(value: Any, name: str) -> list[str]:
    if not isinstance(value, list) or not value:
        raise TriggerError(f"{name} must be a list with at least one string")
    return [_string(one, name) for one in value]


def _flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise TriggerError(f"{name} must be true or false")
    return value


_APPLY: Mapping[str, Apply] = {  # in this order: cookies go on top of headers
    "startUrl": _put("config.request.url", _string),
    "headers": _headers,
    "body": _put("config.request.body", _text),
    "bodyType": _put("config.request.bodyType", _string),
    "cookies": _cookies,
    "basicAuth": _basic_auth,
    "followRedirects": _put("options.follow_redirects", _flag),
    "allowInsecureCertificates": _put("options.allow_insecure", _flag),
    "retry": _retry,
    "locations": _put("locations", _names),
    "deviceIds": _put("options.device_ids", _names),
    "executionRule": _execution_rule,
}
_OF_DATADOG_CI = (
    "defaultStepTimeout", "mobileApplicationVersion", "mobileApplicationVersionFilePath",
    "setCookies", "testTimeout", "tunnel",
)  # fmt: skip
_TRIGGER = keys(
    "metadata",
    options=keys("batch_timeout", "selective_rerun"),
    tests=[
        {
            **dict.fromkeys(_APPLY, Value.ANY),
            **dict.fromkeys(_OF_DATADOG_CI, Value.REFUSED),
            **keys(
                "public_id variables startUrlSubstitutionRegex resourceUrlSubstitutionRegexes",
                "followRedirects allowInsecureCertificates",
                basicAuth=keys("username password"),
                cookies=keys("value", "append"),
                local_test_definition=Value.ANY,
                version=Value.ANY,
            ),
        }
    ],
)
