"""What compose files have and a service here has not, with the reason."""

from __future__ import annotations

_OF_THE_MACHINE = (
    "the gate needs the container in the environment's own network: what is published, and who "
    "answers, is proved there; take it out, and use `ports`, `networks` or `extra_hosts`"
)

REFUSED = {
    "network_mode": _OF_THE_MACHINE,
    "build": "the gate deploys images that are in a registry; build and push before, and name it",
    "container_name": "the gate names its containers, as names are its state; take it out",
    "depends_on": "services start in the order of `services` in the environment; take it out",
    "links": "services of one environment reach each other by name; take it out",
    "volumes_from": "name the volumes in both services; take it out",
    "deploy": "a service is one container here; use `mem_limit`, `cpus` and `restart`",
    "scale": "a service is one container here; take it out",
    "mem_swappiness": "is not passed on; take it out",
}
