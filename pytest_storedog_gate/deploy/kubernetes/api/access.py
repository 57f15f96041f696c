"""How a cluster is reached: by a kubeconfig, or by the service account of the pod that this is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lightkube.config.kubeconfig import DEFAULT_KUBECONFIG, SERVICE_ACCOUNT, KubeConfig
from lightkube.config.models import NameValue
from lightkube.core.exceptions import ConfigError

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.outlets.child_environment import child_environment
from pytest_storedog_gate.outlets.plain_text import line

if TYPE_CHECKING:
    from lightkube.config.kubeconfig import SingleConfig

    from pytest_storedog_gate.deploy.kubernetes.target import Target

# What programs that give a token are told by, and is no secret of a run's.
_FOR_LOGINS = ("AWS_", "AZURE_", "ARM_", "CLOUDSDK_", "GOOGLE_", "KUBE", "OCI_")


def configuration(target: Target) -> SingleConfig:
    """The cluster and the login; ConfigurationError where nothing says them, or something odd."""
    path = _file(target)
    where = "the pod's service account" if path is None else str(path)
    try:
        if path is None:
            # Its token is read again when the cluster knows it no more: the kubelet renews it.
            known = KubeConfig.from_service_account(SERVICE_ACCOUNT)
        else:
            known = KubeConfig.from_file(path)
        found = known.get(target.context)
    except ConfigError as error:
        raise ConfigurationError(
            f"{where} does not say how the cluster is reached ({error}): correct it, or name "
            "another one with kubernetes.kubeconfig and kubernetes.context"
        ) from None
    # What is no kubeconfig may break in any way, and its text may hold a token.
    except Exception as error:  # noqa: BLE001
        raise ConfigurationError(
            f"{where} is no kubeconfig that can be used ({type(error).__name__}): correct it, or "
            "name another one with kubernetes.kubeconfig"
        ) from None
    if found is None:
        raise ConfigurationError(f"{where} has no current context: name kubernetes.context")
    _keep_secrets_from_login(found)
    return found


def _file(target: Target) -> Path | None:
    """In kubectl's order; None for the pod's own."""
    said = os.environ.get("KUBECONFIG", "")
    if target.kubeconfig is not None:
        return target.kubeconfig
    if os.pathsep in said:
        raise ConfigurationError(
            "KUBECONFIG names several files, which are not merged here: name one with "
            "kubernetes.kubeconfig"
        )
    if said:
        return Path(said)
    usual = Path(DEFAULT_KUBECONFIG).expanduser()
    if usual.is_file():
        return usual
    if Path(SERVICE_ACCOUNT, "token").is_file():
        return None
    raise ConfigurationError(
        f"nothing says how the cluster is reached: there is no {usual}, no KUBECONFIG, and this is "
        "no pod with a service account; name a file with kubernetes.kubeconfig"
    )


def _keep_secrets_from_login(found: SingleConfig) -> None:
    """A program that gives a token inherits what it needs: lightkube would hand it everything."""
    program = found.user.exec if found.user else None
    if program is None:
        return
    needed = child_environment()
    kept = {name for name in os.environ if name in needed or name.startswith(_FOR_LOGINS)}
    blank = [NameValue(name, "") for name in sorted(os.environ.keys() - kept)]
    program.env = [*blank, *(program.env or ())]


def shown(found: SingleConfig) -> str:
    """The cluster for people: its server's address."""
    return line(found.cluster.server)
