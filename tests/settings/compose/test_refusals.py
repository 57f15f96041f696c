"""What a compose file says and the gate does not do: one sentence with file, line and key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.settings.file import read
from pytest_storedog_gate.settings.services.compose import described
from pytest_storedog_gate.settings.services.compose.known import CHANGES_NOTHING, REFUSED
from tests.settings.compose.files import ENVIRONMENT, Files, service

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


TOP = """
volumes:
  named: {name: n}
  nfs: {driver: nfs}
  data:
networks:
  inside: {internal: true}
  swarm: {driver: overlay}
secrets:
  theirs: {external: true}
configs:
  text: {content: hello}
  file: {file: f}
"""

# Keys of a service from line 4 on, and the other ones after them.
FAULTS = {
    "comand: x": "4: services.web.comand: unknown key; did you mean 'command'?",
    "quux_frob: 1": "4: services.web.quux_frob: unknown key; take it out",
    "tty: true": "4: services.web.tty: is nothing that the gate gives a container; take it out, "
    'or write `without = ["tty"]` in [services.web] of the configuration',
    "container_name: other": "4: services.web.container_name: the gate names its containers",
    "network_mode: host": "4: services.web.network_mode: the gate needs the container in the",
    "extends: {service: db}": "4: services.web.extends: is not followed; merge what is common",
    "scale: 2": "4: services.web.scale: a service is one container here",
    "deploy:\n  replicas: 3": "5: services.web.deploy.replicas: must be 1",
    "deploy: {mode: global}": "4: services.web.deploy.mode: must be replicated",
    "deploy:\n  resources:\n    reservations:\n      memory: 1G":
        "7: services.web.deploy.resources.reservations.memory: is not kept free",
    "deploy: {resource: {}}": "4: services.web.deploy.resource: is nothing that the gate knows of",
    "restart: on-failure": "4: services.web.restart: 'on-failure' would leave nobody",
    "deploy:\n  restart_policy:\n    condition: on-failure":
        "6: services.web.deploy.restart_policy.condition: 'on-failure' would leave nobody",
    "deploy: {resources: {limits: {memory: lots}}}":
        "4: services.web.deploy.resources.limits.memory: 'lots' is no size",
    "logging: {options: x}": "4: services.web.logging.options: must be a mapping",
    "privileged: perhaps": "4: services.web.privileged: must be true or false",
    "healthcheck:\n  test: x\n  start_interval: 5s":
        "6: services.web.healthcheck.start_interval: is nothing that the gate knows",
    "healthcheck:\n  test: x\n  interval: soon": "6: services.web.healthcheck.interval: 'soon' is no",
    "ports:\n  - 80:80\n  - '80'": "6: services.web.ports[1]: 80 would be published where the engine",
    "ports: [3000-3002:80]": "4: services.web.ports[0]: is a range of another length on each side",
    "ports: [70000:80]": "4: services.web.ports[0]: '70000' is no port",
    "ports: ['a:b']": "4: services.web.ports[0]: 'a:b' is no port",
    "ports: 80": "4: services.web.ports: must be a list",
    "ports: [{target: 80, published: 80, speed: 1}]": "4: services.web.ports[0].speed: is nothing",
    "environment:\n  A: 1\n  V: 1.10":
        "6: services.web.environment.V: is a number (not shown), which compose may write in another way; put it in quotes",
    "environment: {A: 0755}": "4: services.web.environment.A: is a number (",
    "environment: {A: 12345678e9}": "4: services.web.environment.A: is a number (",
    "environment: {A: [1]}": "4: services.web.environment.A: must be a text, a number or a truth",
    "environment: text": "4: services.web.environment: must be a list or a mapping",
    "environment:\n  - A=1\n  - B=${NONE}":
        "6: services.web.environment[1]: ${NONE} is not set in the process environment, nor in .env",
    "command: echo $(date)": "4: services.web.command: has a $ that begins no variable; write $$",
    "command: ${X:?say which}": "4: services.web.command: ${X} is not set: say which",
    "volumes: [/data]": "4: services.web.volumes[0]: a volume has to have a name here",
    "volumes: [other:/data]": "4: services.web.volumes[0]: volume 'other' is not among the file's",
    "volumes: [named:/data]": "7: volumes.named.name: cannot be so: each environment has volumes",
    "volumes: [nfs:/data]": "8: volumes.nfs.driver: cannot be so",
    "volumes: ['data:/data:Z']": "4: services.web.volumes[0]: 'Z' is nothing that the gate does",
    "volumes: [{type: npipe, source: a, target: /b}]": "4: services.web.volumes[0]: is a mount of",
    "volumes: [{type: bind, source: ., target: /b, bind: {propagation: shared}}]":
        "4: services.web.volumes[0].bind: is nothing that the gate does",
    "volumes: [{type: volume, source: data, target: /b, volume: {subpath: a}}]":
        "4: services.web.volumes[0].volume: is nothing that the gate does",
    "volumes: ['data:data']": "4: services.web.volumes[0].target: 'data' is no path in a container",
    "networks: [front]": "4: services.web.networks.front: 'front' is not among the file's",
    "networks: [inside]": "11: networks.inside.internal: cannot be so: all services of an",
    "networks: [swarm]": "12: networks.swarm.driver: cannot be so",
    "networks:\n  default:\n    ipv4_address: 10.0.0.2":
        "6: services.web.networks.default.ipv4_address: is nothing that the gate gives",
    "ports:\nexpose: 80": "5: services.web.expose: must be a list of ports",
    "env_file: [~]": "4: services.web.env_file[0]: must be the path of a file",
    "links: ['db:mysql']": "4: services.web.links[0]: services reach db by that name",
    "secrets: [theirs]": "14: secrets.theirs: needs a `file` or an `environment`",
    "secrets: [none]": "4: services.web.secrets[0]: 'none' is not among the file's `secrets`",
    "configs: [{source: file, mode: 0440}]":
        "4: services.web.configs[0].mode: is not done to a mounted file; take it out",
    "secrets: [{source: theirs, uid: x}]": "14: secrets.theirs: needs a `file` or an `environment`",
    "configs: [text]": "16: configs.text: needs a `file`",
    "env_file: [{path: a, format: raw}]": "4: services.web.env_file[0]: `format` is nothing",
    "depends_on: [db]": "4: services.web.depends_on[0]: web needs db, which is not among the services "
    "of environments.staging",
    "depends_on: {db: {condition: service_ok}}":
        "4: services.web.depends_on.db.condition: 'service_ok' is none of",
    "depends_on: {db: {condition: service_started, restart: true}}":
        "4: services.web.depends_on.db.restart: is not done",
}  # fmt: skip


@pytest.mark.parametrize(("keys", "sentence"), FAULTS.items())
def test_of_a_service(files: Files, keys: str, sentence: str) -> None:
    files.composed(service(keys, TOP))
    with pytest.raises(ConfigurationError) as caught:
        files.read()
    assert f"compose.yaml:{sentence}" in str(caught.value)


WHOLE = {
    "include: [other.yaml]\nservices: {web: {}}": "1: include: is not followed; name the file",
    "service: {web: {}}": "1: service: unknown key; did you mean 'services'?",
    "services: [web]": "1: services: there are no services",
    "services:\n  web:\n    build: .": "2: services.web: has no `image`: the gate deploys what",
    "services:\n  web:\n": "2: services.web: must be a mapping",
    "services:\n  web: [[image]]": "2: services.web: must be a mapping",
    "services:\n  web: {depends_on: {job: {condition: service_completed_successfully}}}\n"
    "  job: [a]": "2: services.web.depends_on.job: web starts when job has ended: write `before_swap",
    "services:\n  wob: {image: w}":
        "storedog.toml:5: environments.staging.services: 'web' is neither in compose.yaml nor one of "
        "the [services.*]; did you mean 'wob'?",
}  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), WHOLE.items(), ids=range(len(WHOLE)))
def test_of_the_file(files: Files, text: str, sentence: str) -> None:
    files.composed(text)
    with pytest.raises(ConfigurationError) as caught:
        files.read()
    assert sentence in str(caught.value)


def test_all_faults_are_told_at_once(files: Files) -> None:
    files.composed(
        "services:\n  web: {image: w, tty: true, pid: host}\n  db: {image: d, ipc: host}\n"
    )
    files.configured("", ENVIRONMENT.replace('["web"]', '["web", "db"]'))
    with pytest.raises(ConfigurationError) as caught:
        files.read()
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "services.web.tty",
        "services.web.pid",
        "services.db.ipc",
    ]


def test_what_is_not_named_is_not_read(files: Files) -> None:
    files.composed(
        "services:\n  web: {image: w}\n  dev: {build: ., tty: true, command: '$NONE'}\n"
        "volumes: {odd: {name: $NONE}}\nx-odd: $NONE\n"
    )
    assert [service.name for service in files.environment().services] == ["web"]


def test_what_another_environment_needs_is_not_read(files: Files) -> None:
    files.composed("services: {web: {image: w}, audit: {image: '${AUDIT_IMAGE:?}'}}")
    production = ENVIRONMENT.replace("staging", "production").replace('["web"]', '["web", "audit"]')
    files.configured("", ENVIRONMENT + production)
    assert [service.name for service in files.environment().services] == ["web"]


def test_of_what_somebody_else_deploys_only_the_image_is_read(files: Files) -> None:
    files.composed("services: {web: {image: 'w:$TAG', tty: true, command: $NONE}}")
    files.configured("", ENVIRONMENT.replace('services = ["web"]', ""))
    subject = files.environment(TAG="7").subject
    assert subject is not None
    assert subject.image == "w:7"


def test_the_image_that_somebody_else_deploys_is_a_text(files: Files) -> None:
    files.composed("services:\n  web:\n    image: [w]")
    files.configured("", ENVIRONMENT.replace('services = ["web"]', ""))
    with pytest.raises(ConfigurationError, match=r"^compose.yaml:3: services.web.image: must be a"):
        files.read()


@pytest.mark.parametrize("there", [True, False])
def test_a_run_that_only_checks_leaves_the_file_alone(files: Files, there: bool) -> None:
    if there:
        files.composed("services: {web: {image: $NONE, command: $NONE}}")
    files.configured('[services.web]\nwithout = ["tty"]\n')
    assert read(files.folder / "storedog.toml").section("staging").undeployed.checks


def test_a_file_that_is_not_there(files: Files) -> None:
    with pytest.raises(ConfigurationError, match=r"^compose\.yaml: cannot be read: No such file"):
        files.read()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("A=1\nhunter2-secret\n", ".env:2: "),
        ("PASSWORD=hunter2$secret\n", ".env: PASSWORD: has a $ that begins no variable, or one"),
    ],
)
def test_env_beside_the_file_that_cannot_be_read(files: Files, text: str, sentence: str) -> None:
    files.composed(service(""))
    files.write(".env", text)
    with pytest.raises(ConfigurationError) as caught:
        files.read()
    assert str(caught.value).startswith(sentence)
    assert "hunter2" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_every_key_that_is_refused_can_be_left_out(files: Files) -> None:
    keys = sorted(REFUSED)
    files.composed(service("\n".join(f"{key}: anything" for key in keys)))
    with pytest.raises(ConfigurationError) as caught:
        files.read()
    assert len(str(caught.value).splitlines()) == len(keys)
    files.configured(f"[services.web]\nwithout = {keys}\n".replace("'", '"'))
    assert files.environment().gated is not None


def test_no_key_is_known_in_two_ways() -> None:
    keys = [*described._FORMS, *described._PLAIN, *CHANGES_NOTHING, *REFUSED]
    assert len(keys) == len({*keys})
