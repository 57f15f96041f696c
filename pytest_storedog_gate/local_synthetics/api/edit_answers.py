"""How a client of the API learns that a change which it asked for cannot be made."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from pytest_storedog_gate.local_synthetics.account.submitted import EditError, Missing
from pytest_storedog_gate.local_synthetics.running.trigger import TriggerError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def told() -> Iterator[None]:
    """What cannot be done is answered with 404 or 400."""
    try:
        yield
    except Missing as missing:
        raise HTTPException(404, missing.args[0]) from None
    except (EditError, TriggerError) as error:
        raise HTTPException(400, str(error)) from None
    except RecursionError:
        raise HTTPException(400, "the body is nested too deeply") from None
