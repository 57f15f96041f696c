"""The one place where the cluster's errors become the gate's."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx2
from lightkube.core.exceptions import ApiError, ConfigError

from pytest_storedog_gate.errors import DeploymentFailed, NoVerdict
from pytest_storedog_gate.outlets.plain_text import line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NO_RIGHT = re.compile(r'cannot (\S+) resource "([^"]+)"')
# What is wrong with the request itself; too slow, gone, misdirected and too early may pass.
_REFUSED = frozenset(range(400, 429)) - {408, 410, 421, 425}
_LOOKS = ("get", "list")
ROLE = "docs/how-to/deploying/kubernetes.md has the Role that the gate needs"


class Absent(Exception):  # a state of the cluster, which its asker knows to take
    """There is no such object."""


class Unanswered(NoVerdict):
    """The cluster did not answer, or something before it did, or it cannot at the moment.

    Asked again, it may; and what it was told to do it may have done.
    """


class NotLet(NoVerdict):
    """The cluster does not know this login, or does not let it do that."""


class Changed(NoVerdict):
    """Somebody else has changed the object since it was read: nothing was overwritten."""


@contextmanager
def cluster_errors(
    server: str, verb: str, what: str, redact: Callable[[str], str]
) -> Iterator[None]:
    """The cluster was out of reach or let us not (`NoVerdict`), or refused (`DeploymentFailed`).

    So it is where the answer is none of its API's, as a proxy's page. What it does not answer at
    the moment is `Unanswered`.

    `what` is the resource with its name.
    """
    done = "" if verb in _LOOKS else ", and may have done it"
    try:
        yield
    except ApiError as error:
        raise _of_answer(error, server, verb, what, redact) from None
    except ConfigError as error:
        raise NoVerdict(
            f"no login to the cluster {server} could be had: {redact(line(str(error)))}"
        ) from None
    except httpx2.TimeoutException as error:
        raise Unanswered(
            f"the cluster {server} did not answer in time to {verb} {what} "
            f"({type(error).__name__}){done}: see why it is busy, and run again, which looks first"
        ) from None
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        text = redact(line(str(error))) or type(error).__name__
        raise Unanswered(
            f"the cluster {server} does not answer to {verb} {what} ({text}): see that it runs and "
            "that this process may reach it, or correct the environment's `kubernetes`"
        ) from None
    except Exception as error:  # noqa: BLE001  # whatever lightkube's decoder raises
        raise Unanswered(
            f"the cluster {server} answers to {verb} {what} with something else "
            f"({type(error).__name__}: {redact(line(str(error)))}){done}: see what answers there, "
            "and run again, which looks first"
        ) from None


def _of_answer(
    error: ApiError, server: str, verb: str, what: str, redact: Callable[[str], str]
) -> Exception:
    code = error.status.code or error.response.status_code
    text = redact(line(error.status.message or str(code)))
    # A namespace that is not there is not what was asked for.
    if code == httpx2.codes.NOT_FOUND and verb not in ("create", "list"):
        return Absent(what)
    if code == httpx2.codes.CONFLICT:
        return Changed(
            f"somebody else has changed {what} at the same time ({text}): nothing was overwritten; "
            "see what they did, and run again"
        )
    if code == httpx2.codes.UNAUTHORIZED:
        return NotLet(
            f"the cluster {server} does not know this login ({text}): renew the kubeconfig's token "
            "or certificate"
        )
    # A quota and an admission policy answer 403 as well.
    if code == httpx2.codes.FORBIDDEN and (right := _NO_RIGHT.search(text)):
        return NotLet(
            f"the cluster {server} does not let this login {right[1]} {right[2]} ({text}): give it "
            f"the verb {right[1]} on {right[2]}; {ROLE}"
        )
    if code in _REFUSED and verb not in _LOOKS:
        return DeploymentFailed(f"the cluster {server} refused to {verb} {what}: {text}")
    return Unanswered(f"the cluster {server} answers {code} to {verb} {what} ({text}): run again")
