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
        substitution = test.get("startUrlSubstitutionRegex")
        url_substitution = (
            None
            if substitution is None
            else parse_substitution(_string(substitution, "startUrlSubstitutionRegex"))
        )
        resource_substitutions = _resource_substitutions(test)
        variables = _strings(test.get("variables", {}), "variables")
        for original in _definitions(test, catalog):
            definition = _overridden(original, test)
            yield Run(definition, variables, url_substitution, resource_substitutions)
    except ValueError as error:
        raise TriggerError(f"{where}: {error}") from None


def _overridden(original: Definition, test: Json) -> Definition:
    data = copy.deepcopy(original.data)
    try:
        for key, apply in _APPLY.items():  # in this order: cookies go on top of headers
            if key in test:
                apply(data, test[key])
        return replace(parse(data), fault=original.fault)
    except DefinitionError as fault:
        return unusable(original.data, fault)


def _resource_substitutions(test: Json) -> list[Substitution]:
    value = test.get("resourceUrlSubstitutionRegexes", [])
    if not isinstance(value, list):
        raise TriggerError("resourceUrlSubstitutionRegexes must be a list of strings")
    return [
        parse_substitution(_string(one, f"resourceUrlSubstitutionRegexes[{index}]"))
        for index, one in enumerate(value)
    ]


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


def _request(data: Json) -> Json:
    request: Json = data["config"].get("request") or {}
    data["config"]["request"] = request
    return request


def _options(data: Json) -> Json:
    options: Json = data.get("options") or {}
    data["options"] = options
    return options


def _request_headers(data: Json) -> Json:
    return _own_object(_request(data), "headers")


def _own_object(request: Json, key: str) -> Json:
    own: Any = {} if request.get(key) is None else request[key]
    if not isinstance(own, dict):
        raise DefinitionError(f"config.request.{key} must be an object")
    return own


def _start_url(data: Json, value: object) -> None:
    _request(data)["url"] = _string(value, "startUrl")


def _headers(data: Json, value: object) -> None:
    _request(data)["headers"] = _merged(_request_headers(data), _strings(value, "headers"))


def _body(data: Json, value: object) -> None:
    if not isinstance(value, str):
        raise TriggerError("body must be a string")
    _request(data)["body"] = value


def _body_type(data: Json, value: object) -> None:
    _request(data)["bodyType"] = _string(value, "bodyType")


def _cookies(data: Json, value: object) -> None:
    cookies = {"value": value} if isinstance(value, str) else _object(value, "cookies")
    text = _string(cookies.get("value"), "cookies.value")
    headers = _request_headers(data)
    if _flag(cookies.get("append", False), "cookies.append"):
        present = [value for name, value in headers.items() if name.lower() == "cookie"]
        text = "; ".join([*present, text])
    _request(data)["headers"] = _merged(headers, {"Cookie": text})


def _basic_auth(data: Json, value: object) -> None:
    credentials = _strings(value, "basicAuth")
    request = _request(data)
    request["basicAuth"] = {**_own_object(request, "basicAuth"), **credentials}


def _follow_redirects(data: Json, value: object) -> None:
    _options(data)["follow_redirects"] = _flag(value, "followRedirects")


def _allow_insecure(data: Json, value: object) -> None:
    _options(data)["allow_insecure"] = _flag(value, "allowInsecureCertificates")


def _retry(data: Json, value: object) -> None:
    retry = _object(value, "retry")
    try:
        check_retry(retry)
    except DefinitionError as error:
        raise TriggerError(str(error)) from None
    options = _options(data)
    options["retry"] = {**(options.get("retry") or {}), **retry}


def _locations(data: Json, value: object) -> None:
    if not isinstance(value, list) or not value:
        raise TriggerError("locations must be a list with at least one name")
    data["locations"] = [_string(name, "locations") for name in value]


def _device_ids(data: Json, value: object) -> None:
    if not isinstance(value, list) or not value:
        raise TriggerError("deviceIds must be a list with at least one ID")
    _options(data)["device_ids"] = [_string(device, "deviceIds") for device in value]


def _execution_rule(data: Json, value: object) -> None:
    if value not in EXECUTION_RULES:
        raise TriggerError(f"executionRule must be one of {', '.join(EXECUTION_RULES)}")
    own = Definition(data).execution_rule
    lenient = max(own, str(value), key=EXECUTION_RULES.index)
    _options(data)["ci"] = {**(_options(data).get("ci") or {}), "executionRule": lenient}


_APPLY: Mapping[str, Callable[[Json, object], None]] = {
    "startUrl": _start_url,
    "headers": _headers,
    "body": _body,
    "bodyType": _body_type,
    "cookies": _cookies,
    "basicAuth": _basic_auth,
    "followRedirects": _follow_redirects,
    "allowInsecureCertificates": _allow_insecure,
    "retry": _retry,
    "locations": _locations,
    "deviceIds": _device_ids,
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


def _merged(headers: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    replaced = {name.lower() for name in added}
    kept = {name: value for name, value in headers.items() if name.lower() not in replaced}
    return {**kept, **added}


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


def _flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise TriggerError(f"{name} must be true or false")
    return value
