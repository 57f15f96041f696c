"""The keys of compose files that are not a service's here: which change nothing, and which would.

https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json
"""

from __future__ import annotations

FILE = ("services", "volumes", "networks", "secrets", "configs", "name", "version")

# A deployment of one container of an image that stands in a registry is the same with them.
CHANGES_NOTHING = {
    "attach",
    "build",
    "depends_on",  # read by who puts services in order
    "develop",
    "expose",
    "profiles",
    "pull_policy",
    "pull_refresh_after",
}
# So it is with these where they say what is so anyway.
NEUTRAL = {
    "scale": ("1",),
    "tty": ("false",),
    "stdin_open": ("false",),
    "oom_kill_disable": ("false",),
    "use_api_socket": ("false",),
    "platform": ("",),
    "runtime": ("", "runc"),
    "userns_mode": ("",),
    "network_mode": ("bridge",),
}

_OTHER = "is nothing that the gate gives a container"
_ONE = "a service is one container here"
REFUSED = {
    "network_mode": "the gate needs the container in the environment's own network",
    "container_name": (
        "the gate names its containers, as names are its state; others reach it by its service name"
    ),
    "extends": "is not followed; merge what is common with an anchor and `<<`",
    "external_links": "name the other's network in `networks`, as `external`",
    "volumes_from": "name the volumes in both services",
    "scale": _ONE,
    "post_start": "is not run; what has to run before a version starts is `before_swap`",
    "pre_stop": "is not run; the container gets its `stop_signal`",
    "provider": "is no container",
    "models": "is no container's",
    "label_file": "is not read; write `labels`",
    "credential_spec": "is for Windows",
    "isolation": "is for Windows",
    "cpu_count": "is for Windows",
    "cpu_percent": "is for Windows",
} | dict.fromkeys(
    (
        "annotations",
        "blkio_config",
        "cgroup",
        "cgroup_parent",
        "cpu_period",
        "cpu_quota",
        "cpu_rt_period",
        "cpu_rt_runtime",
        "cpu_shares",
        "cpuset",
        "device_cgroup_rules",
        "dns_opt",
        "dns_search",
        "domainname",
        "group_add",
        "ipc",
        "mac_address",
        "mem_reservation",
        "mem_swappiness",
        "memswap_limit",
        "oom_kill_disable",
        "oom_score_adj",
        "pid",
        "platform",
        "runtime",
        "stdin_open",
        "storage_opt",
        "tty",
        "use_api_socket",
        "userns_mode",
        "uts",
    ),
    _OTHER,
)
