"""Each key of a compose file's service, in each of its forms, is what [services.*] would say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.deploy.runtime import Healthcheck, Logging, Network, Port
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.settings.file import read
from tests.settings.compose.files import ENVIRONMENT, Files, indented, service

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def port(target: int, published: str, protocol: str = "tcp") -> Port:
    return Port(target, Address.parse(published), protocol)


# Keys of compose, and what they are of the service's runtime.
RUNTIME: dict[str, dict[str, Any]] = {
    "command: serve --port '80 81'": {"command": ("serve", "--port", "80 81")},
    'command: ["serve", "--port", "80"]': {"command": ("serve", "--port", "80")},
    "command:": {"command": None},
    "entrypoint: /bin/sh -c": {"entrypoint": ("/bin/sh", "-c")},
    "command: echo $${HOME}": {"command": ("echo", "${HOME}")},
    "user: 1000:1000": {"user": "1000:1000"},
    "init: ${INIT:-false}": {"init": False},
    "read_only: true": {"read_only": True},
    "stop_grace_period: 1m30s": {"stop_grace_period": 90.0},
    "restart: always": {"restart": "always"},
    "mem_limit: 512m": {"mem_limit": 512 * 2**20},
    'cpus: "0.50"': {"cpus": 0.5},
    "cpus: 1.0": {"cpus": 1.0},
    "deploy: {resources: {limits: {cpus: '0.25', memory: 1.5G, pids: 50}}}": {
        "cpus": 0.25,
        "mem_limit": 3 * 2**29,
        "pids_limit": 50,
    },
    "deploy: {replicas: 1, update_config: {order: stop-first}, restart_policy: {condition: any}}": {
        "restart": "always"
    },
    "restart: always\ndeploy: {restart_policy: {condition: on-failure}}": {"restart": "always"},
    "deploy: {resources: {reservations: {cpus: '1'}}}": {"cpus": None},
    'labels: ["a=b=c", "d"]': {"labels": {"a": "b=c", "d": ""}},
    "labels: {a: 1, b: True}": {"labels": {"a": "1", "b": "true"}},
    'extra_hosts: ["a:10.0.0.1", "b=::1"]': {"extra_hosts": {"a": "10.0.0.1", "b": "::1"}},
    "extra_hosts: {a: 10.0.0.1}": {"extra_hosts": {"a": "10.0.0.1"}},
    "ulimits: {nproc: 65535, nofile: {soft: 20000, hard: 40000}}": {
        "ulimits": {"nproc": (65535, 65535), "nofile": (20000, 40000)}
    },
    "sysctls: [net.core.somaxconn=1024]": {"sysctls": {"net.core.somaxconn": "1024"}},
    "sysctls: {net.core.somaxconn: 1024}": {"sysctls": {"net.core.somaxconn": "1024"}},
    "dns: 8.8.8.8": {"dns": ("8.8.8.8",)},
    "cap_add: [NET_ADMIN]\ncap_drop: [ALL]": {"cap_add": ("NET_ADMIN",), "cap_drop": ("ALL",)},
    "devices: [{source: /dev/snd, target: /dev/snd, permissions: rwm}]": {
        "devices": ("/dev/snd:/dev/snd:rwm",)
    },
    "healthcheck: {test: pg_isready, interval: 5s, retries: 5, disable: false}": {
        "healthcheck": Healthcheck(("CMD-SHELL", "pg_isready"), 5.0, retries=5)
    },
    "healthcheck: {disable: true}": {"healthcheck": Healthcheck(("NONE",))},
    "logging: {driver: json-file, options: {max-size: 10m, max-file: 3}}": {
        "logging": Logging("json-file", {"max-size": "10m", "max-file": "3"})
    },
    "tmpfs: /run": {"tmpfs": {"/run": ""}},
    "volumes: [{type: tmpfs, target: /run, tmpfs: {size: 64m, mode: 1777}}]": {
        "tmpfs": {"/run": "size=64m,mode=1777"}
    },
    "ports: [80:80, '127.0.0.1:8443:443', 53:53/udp]": {
        "ports": (
            port(80, "0.0.0.0:80"),
            port(443, "127.0.0.1:8443"),
            port(53, "0.0.0.0:53", "udp"),
        )
    },
    "ports: [3000-3001:4000-4001]": {
        "ports": (port(4000, "0.0.0.0:3000"), port(4001, "0.0.0.0:3001"))
    },
    "ports: [{target: 80, published: '8080', host_ip: '::1', mode: ingress}]": {
        "ports": (port(80, "[::1]:8080"),)
    },
    "networks: [back, default]": {"networks": ()},
    "networks: {back: {aliases: [shop]}}": {"networks": (Network("back", ("shop",)),)},
    "networks: [proxy, older]": {
        "networks": (
            Network("traefik", external=True),
            Network("theirs", external=True),
        )
    },
    "build: .\nprofiles: [debug]\nexpose: [80]\ndepends_on: []\nx-more: {a: 1}\ntty: false": {},
    "container_name: web\nscale: 1\nlinks: ['db', 'db:db']\npull_policy: always": {},
}
TOP = """
networks:
  back: {driver: bridge, internal: false, ipam: {config: [{subnet: 172.19.0.0/16}]}}
  proxy: {external: true, name: traefik}
  older: {external: {name: theirs}}
"""


@pytest.mark.parametrize(("keys", "facts"), RUNTIME.items())
def test_how_it_runs(files: Files, keys: str, facts: dict[str, Any]) -> None:
    files.composed(service(keys, TOP))
    (web,) = files.environment().services
    assert {name: getattr(web.runtime, name) for name in facts} == facts


ENVIRONMENTS = {
    "environment: {A: 1, B: '1.10', C: yes, D: true, E: 0.3, F: ''}": {
        "A": "1",
        "B": "1.10",
        "C": "yes",
        "D": "true",
        "E": "0.3",
        "F": "",
    },
    'environment: ["A=b=c", "HERE", "NOT_SET", "D=", \'E="q"\']': {
        "A": "b=c",
        "HERE": "from the process",
        "D": "",
        "E": '"q"',
    },
    "environment: {HERE: , NOT_SET: }": {"HERE": "from the process"},
    "environment: {A: '${HERE:-d}', B: '${NOT_SET:-d}', C: '$${HERE}', D: '$$5'}": {
        "A": "from the process",
        "B": "d",
        "C": "${HERE}",
        "D": "$5",
    },
    "environment: {A: '${ODD}', B: '${VERSION}', C: $STOREDOG_ENV}": {
        "A": "${HERE}",
        "B": "1.10",
        "C": "staging",
    },
}


@pytest.mark.parametrize(("keys", "variables"), ENVIRONMENTS.items())
def test_what_variables_it_has(files: Files, keys: str, variables: dict[str, str]) -> None:
    given = {"HERE": "from the process", "ODD": "${HERE}", "VERSION": "1.10"}
    assert files.web(keys, **given).environment == variables


def test_variables_of_files(files: Files) -> None:
    files.write("app.env", "A=1\nB=of the file\n")
    web = files.web(
        "env_file: [app.env, {path: more.env, required: false}]\nenvironment: {B: said}"
    )
    assert web.environment == {"A": "1", "B": "said"}


def test_env_beside_the_file_is_for_its_text(files: Files) -> None:
    files.write(".env", "TAG=3\nNAME='web'\nIMAGE=\"shop/${NAME}:${TAG}\"\nBOTH=file\n")
    files.composed("services: {web: {image: $IMAGE, environment: {BOTH: $BOTH}}}")
    (web,) = files.environment(BOTH="process").services
    assert (web.image, web.environment) == ("shop/web:3", {"BOTH": "process"})


def test_values_of_variables_that_a_container_gets_are_secret(files: Files) -> None:
    files.write(".env", "PASSWORD=hunter2-secret\nTAG=3.11-slim\nUNUSED=nobody's-own\n")
    files.composed(
        "services: {web: {image: 'w:$TAG', command: 'serve $KEY', environment: [P=$PASSWORD, U]}}"
    )
    found = files.read(KEY="key-of-the-process", U="passed-on")
    assert found.secrets == {"hunter2-secret", "key-of-the-process", "passed-on"}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("ports: ['8080:80', '90:90']", 80),
        ("ports: [53:53/udp, '8443:443']", 443),
        ("expose: ['2814', '9']", 2814),
        ("image: w", None),
    ],
)
def test_its_port_is_the_first_one(files: Files, keys: str, expected: int | None) -> None:
    files.composed(f"services:\n  web:\n    build: .\n{indented(keys)}")
    files.configured('[services.web]\nimage = "w"\n')
    assert files.environment().services[0].port == expected


def test_a_default_network_of_others_is_joined_by_who_names_none(files: Files) -> None:
    default = "networks: {default: {external: true, name: proxy}}\n"
    files.composed(service("", default))
    assert files.environment().services[0].runtime.networks == (Network("proxy", external=True),)


def test_services_start_as_they_depend_on_each_other(files: Files) -> None:
    files.composed(
        "services:\n"
        "  web: {image: w, depends_on: {worker: {condition: service_started}, "
        "migrate: {condition: service_completed_successfully}}}\n"
        "  worker: {image: w, depends_on: [db, cache]}\n"
        "  cache: {image: c, depends_on: {mail: {condition: service_started, required: false}}}\n"
        "  db: {image: d}\n"
        "  migrate: {image: w, command: bin/migrate}\n"
    )
    staging = ENVIRONMENT.replace('["web"]', '["web", "db", "worker", "cache"]')
    files.configured("", staging)
    with pytest.raises(ConfigurationError) as caught:
        files.read()
    assert str(caught.value) == (
        "compose.yaml:2: services.web.depends_on.migrate: web starts when migrate has ended: write "
        '`before_swap = { command = "bin/migrate" }` in [services.web] of the configuration, which '
        "the gate runs before each version"
    )
    files.configured('[services.web]\nbefore_swap = { command = "bin/migrate" }\n', staging)
    assert [each.name for each in files.environment().services] == ["db", "cache", "worker", "web"]


def test_services_that_wait_for_each_other(files: Files) -> None:
    files.composed(
        "services: {web: {image: w, depends_on: [db]}, db: {image: d, links: [web], "
        "depends_on: [web]}}"
    )
    files.configured("", ENVIRONMENT.replace('["web"]', '["web", "db"]'))
    with pytest.raises(ConfigurationError, match="web waits for db waits for web"):
        files.read()


JOINED = """
[services.web]
image = "registry.example.com/web"
port = 9000
readiness = { http = "/ready" }
environment = { MODE = "gated", FROM = "${HERE}" }
ports = []
without = ["container_name"]
"""


def test_what_the_configuration_says_goes_before(files: Files) -> None:
    files.configured(JOINED)
    files.composed(
        "services:\n  web:\n    build: .\n    container_name: shop\n    ports: [80:80]\n"
        "    environment: {MODE: $NONE_HERE, KEPT: 1}\n    user: www\n".replace("$NONE_HERE", "dev")
    )
    (web,) = files.environment(HERE="process").services
    assert (web.image, web.port, web.runtime.user) == ("registry.example.com/web", 9000, "www")
    assert web.environment == {"MODE": "gated", "FROM": "process", "KEPT": "1"}
    assert web.runtime.ports == ()


def test_where_the_environment_publishes_it_the_compose_file_does_not(files: Files) -> None:
    files.composed(service("ports: [8080:80, 9090:90]"))
    files.configured("", f'{ENVIRONMENT}publish = {{ web = "127.0.0.1:18080" }}\n')
    environment = files.environment()
    assert environment.publish["web"] == Address("127.0.0.1", 18080)
    assert [each.target for each in environment.services[0].runtime.ports] == [90]


FAULTS = {
    'port = "80"': "storedog.toml:3: services.web.port: must be an integer",
    'readiness = { htpp = "/" }\nport = 1': "storedog.toml:3: services.web.readiness.htpp: unknown",
    "environment = { A = 1 }": "storedog.toml:3: services.web.environment.A: must be a string",
    'without = ["tty"]': "storedog.toml:3: services.web.without[0]: 'tty' is not among the keys of "
    "web in compose.yaml; take it out",
    'restart = "on-failure"': "storedog.toml:3: services.web.restart: 'on-failure' would leave",
    'imag = "w"': "storedog.toml:3: services.web.imag: unknown key; did you mean 'image'?",
}  # fmt: skip


@pytest.mark.parametrize(("said", "sentence"), FAULTS.items())
def test_a_fault_stands_where_it_is_said(files: Files, said: str, sentence: str) -> None:
    files.composed(service("restart: always\nenvironment: {A: 1}"))
    files.configured(f"[services.web]\n{said}\n")
    with pytest.raises(ConfigurationError) as caught:
        files.read()
    assert sentence in str(caught.value)


def test_in_pyproject_too(files: Files) -> None:
    text = f'[tool.storedog-gate]\ncompose = "compose.yaml"\n{ENVIRONMENT}'
    files.write("pyproject.toml", text.replace("[env", "[tool.storedog-gate.env"))
    files.composed(service("restart: 'no'"))
    with pytest.raises(ConfigurationError, match=r"^compose\.yaml:4: services\.web\.restart: 'no'"):
        read(files.folder / "pyproject.toml", "staging", {})


MOUNTS = """
services:
  web:
    image: w
    volumes:
      - data:/data
      - data:/more:ro
      - ./conf:/etc/shop:ro
      - type: bind
        source: ../up
        target: /up
        read_only: true
        bind: {create_host_path: true}
      - type: volume
        source: shared
        target: /shared
    secrets: [key, {source: token, target: other, uid: "103", mode: 0440}]
    configs: [{source: site, target: /etc/site.conf}, site]
volumes:
  data:
  shared: {external: true, name: everyones}
secrets:
  key: {file: ./key.txt}
  token: {environment: TOKEN}
configs:
  site: {file: ./site.conf}
"""


def test_what_it_finds_in_its_folders(files: Files) -> None:
    files.write("key.txt", "k")
    files.composed(MOUNTS)
    files.configured('[services.web]\ncandidate = "off"\n')
    (web,) = files.environment(TOKEN="t").services
    here = str(files.folder.resolve())
    mounts = {(m.type, m.source, m.target, m.read_only, m.external) for m in web.runtime.mounts}
    mounts |= {("volume", s, t, False, False) for s, t in web.volumes.items()}
    assert mounts == {
        ("volume", "data", "/data", False, False),
        ("volume", "data", "/more", True, False),
        ("bind", f"{here}/conf", "/etc/shop", True, False),
        ("bind", str(files.folder.resolve().parent / "up"), "/up", True, False),
        ("volume", "everyones", "/shared", False, True),
        ("bind", f"{here}/site.conf", "/etc/site.conf", True, False),
        ("bind", f"{here}/site.conf", "/site", True, False),
    }
    key, token = web.runtime.secrets
    assert (key.path, key.file) == ("/run/secrets/key", f"{here}/./key.txt".replace("/./", "/"))
    assert (token.path, token.environment, token.uid, token.mode) == (
        "/run/secrets/other",
        "TOKEN",
        103,
        "0440",
    )
