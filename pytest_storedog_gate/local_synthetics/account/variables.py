"""The account's global variables: those that the API made, beside those given at the start.

What the environment and the `--globals` file give wins in runs, so that a Terraform configuration
of another environment can be run here, and what the API made is answered as it was made.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.account.documents import Made, known, now
from pytest_storedog_gate.local_synthetics.account.submitted import EditError
from pytest_storedog_gate.local_synthetics.variables.global_variables import (
    PREFIX,
    Globals,
    GlobalsError,
    GlobalVariable,
    global_variable,
)
from pytest_storedog_gate.secrets.masking import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.local_synthetics.account.database import Store
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

_CODES_OF = "STOREDOG"  # any base32
_FROM_A_TEST: Json = {"parse_test_name": None, "parse_test_extracted_at": None}


class AccountVariables(Mapping[str, GlobalVariable]):
    """The values by name and by ID; one that has none is not there. Changes here show at once."""

    def __init__(self, given: Globals, store: Store | None = None) -> None:
        """Begin with what is `given` by name; with a `store`, also with what is kept there."""
        self._made = Made("variable", store)
        self._given = given
        self._given_ids = {str(uuid.uuid5(uuid.NAMESPACE_OID, name)): name for name in given}

    def __getitem__(self, key: str) -> GlobalVariable:
        record = self._made.by_id.get(key) or self._named(key)
        name = record["name"] if record else self._given_ids.get(key, key)
        if name in self._given:
            return self._given[name]
        if record is None or "parse_test_public_id" in record:
            raise KeyError(key)
        try:
            return _value(record)
        except GlobalsError:  # it has none
            raise KeyError(key) from None

    def __iter__(self) -> Iterator[str]:
        """The names."""
        named = {record["name"]: None for record in self._made.by_id.values()}
        return (name for name in {**dict.fromkeys(self._given), **named} if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def documents(self) -> list[Json]:
        """Each variable as the API answers it; a name stands for one of them."""
        made = [_shown(record) for record in self._made.by_id.values()]
        names = {one["name"] for one in made}
        given = [self.document(one) for one, name in self._given_ids.items() if name not in names]
        return [*made, *given]

    def document(self, variable_id: str) -> Json:
        """One variable, without a secure value. Raises Missing."""
        if name := self._given_ids.get(variable_id):
            held = self._given[name]
            value = {"secure": held.secure, **({} if held.secure else {"value": held.value})}
            given: Json = {"id": variable_id, "name": name, "type": "variable", "tags": []}
            return {**given, "description": "given to the service at its start", "value": value}
        return _shown(self._known(variable_id))

    def create(self, body: Json) -> Json:
        """Add a variable. Raises EditError."""
        own = {"id": str(uuid.uuid4()), "type": "variable", "created_at": now()}
        return self._put({**own, **_of(body, {})})

    def edit(self, variable_id: str, body: Json) -> Json:
        """Replace a variable; a value that is not sent stays. Raises EditError, Missing."""
        old = self._known(variable_id)
        held = {key: old[key] for key in ("id", "type", "created_at")}
        return self._put({**held, **_of(body, old["value"])})

    def delete(self, variable_id: str) -> None:
        """Take a variable away. Raises EditError and Missing."""
        self._known(variable_id)
        self._made.forget(variable_id)

    def _put(self, record: Json) -> Json:
        name = record["name"]
        other = self._named(name)
        if other and other["id"] != record["id"]:
            raise EditError(f"name {name} is the name of another global variable")
        record = {**record, "modified_at": now()}
        shown = _shown(record)
        self._made.put(record["id"], record, kept=shown)
        return shown

    def _known(self, variable_id: str) -> Json:
        if name := self._given_ids.get(variable_id):
            raise EditError(
                f"global variable {name} was given to the service at its start: change it in "
                f"{PREFIX}{name} or in the --globals file"
            )
        return known(self._made.by_id, variable_id, "Synthetics global variable not found")

    def _named(self, name: str) -> Json | None:
        return next((one for one in self._made.by_id.values() if one["name"] == name), None)


def _of(body: Json, held: Json) -> Json:
    """The record that a body makes, whose value was `held` before."""
    hides = bool(body.get("is_totp") or body.get("is_fido"))
    sent = body.get("value", held)
    revealed = held.get("secure") and not sent.get("secure", hides)
    kept = {} if revealed or "value" in sent else held
    value = {"secure": hides, **kept, **sent}
    # One that came back from the database has lost its value, and an edit needs none either.
    without = body.get("is_fido") or "parse_test_public_id" in body or kept
    if sent.get("value") == MASK:
        raise EditError(
            f"value.value is {MASK}, which stands for what is not shown: send the value"
        )
    if "value" not in value and not without:
        raise EditError("value.value is missing")
    # Of the flags, Datadog answers those that are true.
    told = {key: one for key, one in body.items() if one or key not in ("is_totp", "is_fido")}
    record = {**told, "value": value}
    if "value" in value:
        # Datadog takes any text for what codes are made of; a test that needs one is refused.
        probe = {**value, "value": _CODES_OF} if record.get("is_totp") else value
        try:
            _value({**record, "value": probe})
        except GlobalsError as error:
            raise EditError(str(error)) from None
    return record


def _value(record: Json) -> GlobalVariable:
    held = record["value"]
    if record.get("is_totp"):
        held = {"options": {"totp_parameters": {}}, **held}
    return global_variable(record["name"], held)


def _shown(record: Json) -> Json:
    value = record["value"]
    if value["secure"]:
        value = {key: one for key, one in value.items() if key != "value"}
    from_a_test = _FROM_A_TEST if "parse_test_public_id" in record else {}
    return {**from_a_test, **record, "last_error": None, "value": value}
