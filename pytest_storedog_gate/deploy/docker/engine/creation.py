"""What the engine is told of a container to be."""

from __future__ import annotations

import io
import math
import tarfile
from typing import TYPE_CHECKING, Any

from docker.types import (
    DeviceRequest,
    EndpointConfig,
    Healthcheck,
    LogConfig,
    Mount,
    NetworkingConfig,
    Ulimit,
)

from pytest_storedog_gate.deploy.docker.names import UNSAID
from pytest_storedog_gate.deploy.runtime import SECRETS

if TYPE_CHECKING:
    import docker

    from pytest_storedog_gate.deploy.docker.specification import Spec
    from pytest_storedog_gate.deploy.runtime import Runtime
    from pytest_storedog_gate.deploy.runtime import Secret as SecretFile

_CPU = 1_000_000_000  # the engine counts parts of one
_SECOND = 1_000_000_000  # ns


def request(api: docker.APIClient, spec: Spec, loopback: str) -> dict[str, Any]:
    """The arguments of the SDK's `create_container`, but for the name.

    What is published at a port of the engine's choice is so only at `loopback`.
    """
    runtime = spec.runtime
    endpoint = EndpointConfig(api.api_version, aliases=list(spec.aliases))
    udp = ((port.target, port.protocol) for port in runtime.ports if port.protocol != "tcp")
    tcp = (port.target for port in runtime.ports if port.protocol == "tcp")
    return {
        "image": spec.image,
        "command": _listed(runtime.command),
        "entrypoint": _listed(runtime.entrypoint),
        "user": runtime.user,
        "working_dir": runtime.working_dir,
        "hostname": runtime.hostname,
        "environment": dict(spec.environment),
        "labels": {**UNSAID, **spec.labels},
        "ports": [*dict.fromkeys((*spec.ports, *tcp)), *udp] or None,
        "stop_signal": runtime.stop_signal,
        "stop_timeout": _whole_seconds(runtime.stop_grace_period),
        "healthcheck": _healthcheck(runtime),
        "host_config": api.create_host_config(**_host(spec, loopback)),
        "networking_config": NetworkingConfig({spec.network: endpoint}),  # type: ignore[arg-type]
        "detach": True,
        "use_config_proxy": False,
    }


def archive(secrets: tuple[SecretFile, ...]) -> bytes:
    """The files of `SECRETS`, as the engine unpacks them."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for secret in secrets:
            content = secret.content or b""
            entry = tarfile.TarInfo(secret.target or secret.name)
            entry.size, entry.mode = len(content), int(secret.mode, 8)
            entry.uid, entry.gid = secret.uid, secret.gid
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _host(spec: Spec, loopback: str) -> dict[str, Any]:
    runtime = spec.runtime
    return {
        "binds": [f"{volume}:{folder}" for volume, folder in spec.volumes.items()],
        "mounts": _mounts(runtime) or None,
        "tmpfs": dict(runtime.tmpfs) or None,
        "port_bindings": spec.port_bindings(loopback),
        "network_mode": spec.network,
        "restart_policy": {"Name": "no"},
        "init": runtime.init,
        "read_only": runtime.read_only,
        "privileged": runtime.privileged,
        "extra_hosts": dict(runtime.extra_hosts) or None,
        "dns": _listed(runtime.dns),
        "mem_limit": runtime.mem_limit,
        "shm_size": runtime.shm_size,
        "nano_cpus": None if runtime.cpus is None else round(runtime.cpus * _CPU),
        "pids_limit": runtime.pids_limit,
        "ulimits": [
            Ulimit(name=name, soft=soft, hard=hard)
            for name, (soft, hard) in runtime.ulimits.items()
        ],
        "sysctls": dict(runtime.sysctls) or None,
        "cap_add": _listed(runtime.cap_add),
        "cap_drop": _listed(runtime.cap_drop),
        "security_opt": _listed(runtime.security_opt),
        "devices": _listed(runtime.devices),
        "device_requests": [
            DeviceRequest(
                driver=gpus.driver,
                count=gpus.count,
                device_ids=list(gpus.device_ids),
                capabilities=[list(gpus.capabilities)],
            )
            for gpus in runtime.gpus
        ]
        or None,
        "log_config": _logging(runtime),
    }


def _mounts(runtime: Runtime) -> list[Mount]:
    mounts = [
        Mount(each.target, each.source, type=each.type, read_only=each.read_only)
        for each in runtime.mounts
    ]
    if runtime.secrets:
        # A volume of the container's own: neither an image that is made of the container has it,
        # nor is it gone when the engine starts anew, and a read-only root is no hindrance.
        mounts.append(Mount(SECRETS, None, type="volume"))
    return mounts


def _healthcheck(runtime: Runtime) -> Healthcheck | None:
    said = runtime.healthcheck
    if said is None:
        return None
    return Healthcheck(
        test=list(said.test) or None,
        interval=_nanoseconds(said.interval),
        timeout=_nanoseconds(said.timeout),
        retries=said.retries,
        start_period=_nanoseconds(said.start_period),
    )


def _logging(runtime: Runtime) -> LogConfig | None:
    said = runtime.logging
    return LogConfig(type=said.driver, config=dict(said.options)) if said else None


def _listed(words: tuple[str, ...] | None) -> list[str] | None:
    return list(words) if words else None


def _nanoseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * _SECOND)


def _whole_seconds(seconds: float | None) -> int | None:
    return None if seconds is None else math.ceil(seconds)
