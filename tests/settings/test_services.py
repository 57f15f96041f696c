"""What a `[services.*]` says of its container, in compose's words and forms."""

from __future__ import annotations

import re
import tomllib
from functools import partial
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from pytest_storedog_gate.deploy.docker import strategies
from pytest_storedog_gate.deploy.docker.specification import fingerprint
from pytest_storedog_gate.deploy.environment import Address, Service
from pytest_storedog_gate.deploy.runtime import (
    Gpus,
    Healthcheck,
    Job,
    Logging,
    Mount,
    Network,
    Port,
    Runtime,
    Secret,
)
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.settings import file
from pytest_storedog_gate.settings.load import load
from pytest_storedog_gate.settings.options import Options
from pytest_storedog_gate.settings.schema import schema
from pytest_storedog_gate.settings.secret_values import filled_in

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_storedog_gate.settings.environments import EnvironmentSection

VALIDATOR = jsonschema.Draft202012Validator(schema())
HERE = "<the file's folder>"
READ = {
    'command = "serve --name \\"a b\\""': {"command": ("serve", "--name", "a b")},
    'command = ["sh", "-c", "echo $A", ""]': {"command": ("sh", "-c", "echo $A", "")},
    'entrypoint = "/bin/app"': {"entrypoint": ("/bin/app",)},
    "user = 1000": {"user": "1000"},
    'restart = "unless-stopped"': {"restart": "unless-stopped"},
    "stop_grace_period = 90": {"stop_grace_period": 90.0},
    'stop_grace_period = "1m30s"': {"stop_grace_period": 90.0},
    'stop_grace_period = "1.5s500ms"': {"stop_grace_period": 2.0},
    'stop_signal = "SIGRTMIN+3"': {"stop_signal": "SIGRTMIN+3"},
    'mem_limit = "1.5g"\nshm_size = 65536': {"mem_limit": 3 * 2**29, "shm_size": 65536},
    'mem_limit = "64MB"': {"mem_limit": 2**26},
    "pids_limit = -1\ncpus = 0.5": {"pids_limit": -1, "cpus": 0.5},
    "ulimits = { nproc = 5, nofile = { soft = 1, hard = 2 } }": {
        "ulimits": {"nproc": (5, 5), "nofile": (1, 2)}
    },
    "sysctls = { 'net.core.somaxconn' = 1024 }": {"sysctls": {"net.core.somaxconn": "1024"}},
    'dns = "9.9.9.9"': {"dns": ("9.9.9.9",)},
    'gpus = "all"': {"gpus": (Gpus(count=-1),)},
    "gpus = [{ device_ids = ['0'] }]": {"gpus": (Gpus(device_ids=("0",)),)},
    "ports = ['80:8080', '[::1]:53:53/udp']": {
        "ports": (
            Port(8080, Address("0.0.0.0", 80)),  # noqa: S104
            Port(53, Address("[::1]", 53), "udp"),
        )
    },
    "networks = ['back']": {"networks": (Network("back"),)},
    "networks = { Proxy = { external = true, aliases = ['a'] } }": {
        "networks": (Network("Proxy", ("a",), external=True),)
    },
    "tmpfs = '/run:size=64m'": {"tmpfs": {"/run": "size=64m"}},
    "healthcheck = { test = 'wget localhost', interval = '10s', retries = 2 }": {
        "healthcheck": Healthcheck(("CMD-SHELL", "wget localhost"), interval=10.0, retries=2)
    },
    "healthcheck = { disable = true }": {"healthcheck": Healthcheck(("NONE",))},
    "logging = { options = { max-file = 3 } }": {"logging": Logging(options={"max-file": "3"})},
    "secrets = { a = { environment = 'A', mode = '0400', target = 'b' } }": {
        "secrets": (Secret("a", environment="A", mode="0400", target="b"),)
    },
    "volumes = { './conf' = '/etc/app:ro', '/srv' = '/srv' }": {
        "mounts": (
            Mount("bind", f"{HERE}/conf", "/etc/app", read_only=True),
            Mount("bind", "/srv", "/srv"),
        )
    },
    "volumes = ['data:/data:ro', { type='volume', source='o', target='/o', external=true }]": {
        "mounts": (
            Mount("volume", "data", "/data", read_only=True),
            Mount("volume", "o", "/o", external=True),
        )
    },
}


def read(folder: Path, text: str, more: str = "") -> Service:
    """A service `shop` whose table has these lines."""
    path = folder / "storedog.toml"
    path.write_text(
        f'[services.shop]\nimage = "a"\nport = 80\n{text}\n'
        f'[environments.staging]\ngate = "shop"\nservices = ["shop"]\n{more}',
        "utf-8",
    )
    found = file.read(path).environments["staging"].environment.gated
    assert found is not None
    return found


@pytest.mark.parametrize("text", READ)
def test_composes_forms_are_read(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, f'candidate = "on"\n{text}').runtime
    VALIDATOR.validate(tomllib.loads((tmp_path / "storedog.toml").read_text("utf-8")))
    wanted = Runtime(**READ[text])  # type: ignore[arg-type]
    assert _placed(found, tmp_path) == wanted


def _placed(runtime: Runtime, folder: Path) -> Runtime:
    mounts = (
        Mount(
            m.type, m.source.replace(str(folder.resolve()), HERE), m.target, m.read_only, m.external
        )
        for m in runtime.mounts
    )
    return Runtime(**{**vars(runtime), "mounts": tuple(mounts)})


def test_a_list_of_volumes_is_what_a_table_was(tmp_path: Path) -> None:
    tabled = read(tmp_path, 'candidate = "on"\nvolumes = { data = "/data" }')
    listed = read(tmp_path, 'candidate = "on"\nvolumes = ["data:/data"]')
    assert tabled == listed
    assert tabled.volumes == {"data": "/data"}


WRONG = {
    "command = ''": "must have a word; leave it out",
    "command = 'a \"b'": "cannot be split as a shell would: No closing quotation",
    "working_dir = 'app'": "'app' is no path in a container; begin it with /",
    "restart = 'no'": "'no' would leave nobody to answer when the engine .*before_swap",
    "restart = 'on-failure:3'": "'on-failure:3' would leave nobody",
    "network_mode = 'host'": "the gate needs the container in the environment's own network",
    "build = '.'": "the gate deploys images that are in a registry",
    "container_name = 'shop'": "the gate names its containers",
    "depends_on = ['db']": "services start in the order of `services`",
    "mem_limt = '1g'": "unknown key; did you mean 'mem_limit'",
    "mem_limit = 'much'": "'much' is no size",
    "mem_limit = '8589934592g'": "must be 9223372036854775807 bytes at most",
    f"mem_limit = '{'9' * 400}'": "must be 9223372036854775807 bytes at most",
    "stop_grace_period = 'soon'": "'soon' is no time",
    "stop_grace_period = '9999999h'": "must be 8589934592 seconds at most",
    "stop_signal = 'TERM NOW'": "'TERM NOW' is no signal",
    "cpus = 0": "must be more than 0",
    "ports = ['8080']": "'8080' is no published port",
    "ports = ['8080-8081:80-81']": "is no published port",
    "ports = ['80:80', '80:81']": "one address is published twice",
    "networks = ['Back']": "'Back' is no network's name",
    "labels = { 'storedog.gate.env' = 'x' }": "the gate sets this label itself",
    "labels = { 'com.datadoghq.tags.version' = 'x' }": "the gate sets this label itself",
    "volumes = ['/data']": "'/data' has no source: give the volume a name",
    "volumes = { data = '/data:z' }": "'z' behind the folder is neither ro nor rw",
    "volumes = { 'a/b' = '/data' }": "'a/b' is no volume's name; a folder of the machine begins",
    "volumes = { data = 'data' }": "'data' is no path in a container",
    "volumes = [3]": r"volumes\[0\]: must be a table",
    "volumes = { a = '/data' }\ntmpfs = '/data/'": "/data is named twice, and `volumes` has it",
    "tmpfs = ['/run/secrets']\nsecrets = { a = { file = 'a' } }": "and `secrets` has it",
    "secrets = { a = { } }": "needs where it comes from: either `file` or `environment`",
    "secrets = { a = { file = 'a', environment = 'A' } }": "needs where it comes from",
    "secrets = { a = { file = 'a', target = '../b' } }": "is no name of a file in /run/secrets",
    "secrets = { a = { file = 'a', mode = '7777' } }": "'7777' is no mode",
    "security_opt = ['seccomp=profile.json']": "names a file, which only Docker's command line",
    "devices = ['vendor.com/gpu=0']": "is no device",
    "gpus = [{ count = 1, device_ids = ['0'] }]": "stands in the place of `device_ids`",
    "healthcheck = { test = [] }": "must be a command",
    "healthcheck = { test = ['curl', 'x'] }": "must be a command",
    "healthcheck = { disable = true, retries = 3 }": "leaves nothing to ask",
    "before_swap = { timeout = 3 }": "the key 'command' is missing",
    "before_swap = { command = 'a', timeout = 0 }": "must be more than 0 seconds",
    "before_swap = { command = 'a', service = 'shopp' }": "'shopp' is not one of the file's",
    "user = ''": "must be a string, or a number",
    "hostname = '-a'": "'-a' is no host name",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_refused_at_its_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match=WRONG[text]) as said:
        read(tmp_path, text)
    key = re.match(r"\w+", text.splitlines()[-1])
    assert key is not None
    assert re.search(rf"storedog\.toml:\d+: .*{key[0]}", str(said.value))


@pytest.mark.parametrize("strategy", ["rename", "edge"])
@pytest.mark.parametrize(
    "text",
    ["ports = ['81:81']", "hostname = 'shop'", "networks = { back = { aliases = ['shop'] } }"],
)
def test_what_a_candidate_must_not_have_is_for_recreate(
    tmp_path: Path, strategy: str, text: str
) -> None:
    assert read(tmp_path, text, 'strategy = "recreate"').runtime != Runtime()
    more = f'strategy = "{strategy}"\nedge_image = "haproxy:2"'
    with pytest.raises(ConfigurationError, match=f"cannot be used with strategy {strategy}"):
        read(tmp_path, text, more)


@pytest.mark.parametrize("more", ["", 'strategy = "recreate"'])
def test_installed_packages_are_looked_through_for_a_strategy_of_theirs_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    monkeypatch.delattr(strategies, "entry_points")
    assert read(tmp_path, "", more).name == "shop"


@pytest.mark.parametrize("folder", ["/srv/data", "./data", "~nobody-of-that-name/data"])
def test_a_folder_that_two_would_write_to_is_as_a_volume(tmp_path: Path, folder: str) -> None:
    shared = f"volumes = {{ '{folder}' = '/data' }}"
    with pytest.raises(ConfigurationError, match=r"folders to write to \(/.*/data\)"):
        read(tmp_path, shared)
    assert read(tmp_path, f"{shared}\ncandidate = 'on'").shared
    assert not read(tmp_path, f"volumes = {{ '{folder}' = '/data:ro' }}").shared


def test_an_address_is_published_once(tmp_path: Path) -> None:
    text, more = "ports = ['127.0.0.1:80:81']", 'publish = { shop = "127.0.0.1:80" }'
    with pytest.raises(
        ConfigurationError, match=r"127\.0\.0\.1:80 is named by `publish` for shop too"
    ):
        read(tmp_path, text, more)


@pytest.mark.parametrize("networks", ["['net']", "{ staging-net = { external = true } }"])
def test_the_environments_own_network_is_no_further_one(tmp_path: Path, networks: str) -> None:
    with pytest.raises(ConfigurationError, match=r"networks names staging-net too"):
        read(tmp_path, f"networks = {networks}", 'network = "staging-net"')


def section(folder: Path, text: str) -> EnvironmentSection:
    read(folder, text)
    return file.read(folder / "storedog.toml").environments["staging"]


def taken(folder: Path, text: str, **environ: str) -> tuple[Service, set[str]]:
    """The service with what it takes from files and variables, and what is secret then."""
    found, secrets = filled_in(section(folder, text), "storedog.toml", environ)
    assert found.environment.gated is not None
    return found.environment.gated, secrets


def test_variables_come_from_files_and_the_later_wins(tmp_path: Path) -> None:
    (tmp_path / "one.env").write_text(
        "# first\n\nexport A=1\r\nB = two words # not this\nC='it ${X}'\nD=\"a\\nb ${X}\"\nE=\n"
        "F='two\nlines'\nG=a#b\n",
        "utf-8",
    )
    (tmp_path / "two.env").write_text("A=2\nPASSWORD=hunter2-secret\nH=0", "utf-8")
    text = "env_file = ['one.env', 'two.env']\nenvironment = { H = '${X}' }"
    service, secrets = taken(tmp_path, text, X="from-outside")
    assert service.environment == {
        "A": "2",
        "B": "two words",
        "C": "it ${X}",
        "D": "a\nb from-outside",
        "E": "",
        "F": "two\nlines",
        "G": "a#b",
        "PASSWORD": "hunter2-secret",
        "H": "from-outside",
    }
    assert {"hunter2-secret", "from-outside"} <= secrets


@pytest.mark.parametrize("line", ["A", "=1", "1A=1", 'A="hunter2', "A=hunter2'", 'A="1" hunter2'])
def test_a_line_that_is_none_is_refused_and_not_shown(tmp_path: Path, line: str) -> None:
    (tmp_path / "app.env").write_text(f"B=1\n{line}\n", "utf-8")
    if line == "A=hunter2'":
        assert taken(tmp_path, "env_file = 'app.env'")[0].environment["A"] == "hunter2'"
        return
    with pytest.raises(ConfigurationError, match=r"app\.env:2: is no NAME=value") as said:
        taken(tmp_path, "env_file = 'app.env'")
    assert "hunter2" not in str(said.value)


def test_secrets_are_read_when_a_run_deploys_and_hidden(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(b"-----BEGIN\nabcdefghijklmnopqrstuvwxyz\n")
    text = "secrets = { key = { file = 'key.pem' }, token = { environment = 'TOKEN' } }"
    service, secrets = taken(tmp_path, text, TOKEN="hunter2-secret")
    assert [each.content for each in service.runtime.secrets] == [
        b"-----BEGIN\nabcdefghijklmnopqrstuvwxyz\n",
        b"hunter2-secret",
    ]
    assert {"hunter2-secret", "abcdefghijklmnopqrstuvwxyz"} <= secrets
    assert "hunter2" not in repr(service)
    with pytest.raises(ConfigurationError, match=r"secrets\.token.*\{TOKEN\} is not set"):
        taken(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("env_file = 'no.env'", r"services\.shop\.env_file: .*no\.env: cannot be read: No such"),
        ("secrets = { a = { file = 'no' } }", r"secrets\.a\.file: .*no cannot be read: No such"),
        ("secrets = { a = { file = '.' } }", r"secrets\.a\.file: .* cannot be read: Is a dir"),
        ("secrets = { a = { file = 'long' } }", r"secrets\.a: has more than 65536 bytes"),
    ],
)
def test_a_file_that_cannot_be_taken_is_named(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "long").write_bytes(b"x" * 65_537)
    with pytest.raises(ConfigurationError, match=why):
        taken(tmp_path, text)


def test_a_job_runs_in_another_services_image_and_has_its_variables(tmp_path: Path) -> None:
    text = (
        "before_swap = { command = 'migrate up', service = 'tool', environment = { A = '${X}' } }\n"
        '[services.tool]\nimage = "tool:1"'
    )
    service, secrets = taken(tmp_path, text, X="hunter2-secret")
    assert service.before_swap == Job(
        ("migrate", "up"), service="tool", image="tool:1", environment={"A": "hunter2-secret"}
    )
    assert "hunter2-secret" in secrets


def test_who_goes_back_runs_no_job(tmp_path: Path) -> None:
    more = "checks = ['abc-def-ghi']\n[synthetics]\nbackend = 'local'"
    read(tmp_path, "before_swap = { command = 'migrate up' }", more)
    here = partial(Options, tmp_path, tmp_path, "staging")
    job = Job(("migrate", "up"))
    for options, then in (
        (here(), job),
        (here(rollback=True), None),
        (here(rollback="ab12"), None),
    ):
        (shop,) = load(options, {}).environment.services
        assert shop.before_swap == then


def test_what_says_nothing_new_has_the_fingerprint_that_it_always_had(tmp_path: Path) -> None:
    """Nothing is replaced because the gate was."""
    before = "6ba2e0d2511cbffc6b69ed5ddd6f99b17fc1707402674daabb1a4c4f3e1e9658"
    environment = section(tmp_path, 'candidate = "on"\nvolumes = { data = "/data" }').environment
    assert environment.gated is not None
    plain = fingerprint(environment, environment.gated)
    assert plain == before
    said: dict[str, Any] = {"init": True, "restart": "always"}
    same = read(tmp_path, 'candidate = "on"\nvolumes = ["data:/data"]\ninit = true')
    assert fingerprint(environment, same) == plain
    assert same.runtime == Runtime(**said)


def test_each_key_makes_another_fingerprint_and_secrets_only_their_digest(tmp_path: Path) -> None:
    environment = section(tmp_path, "").environment
    (tmp_path / "a").write_text("hunter2-secret")
    found = {""}
    for text in (*READ, "secrets = { a = { file = 'a' } }"):
        service, _ = taken(tmp_path, f'candidate = "on"\n{text}', A="1")
        found.add(fingerprint(environment, service))
    assert len(found) == len(READ) + 2 - 1  # a time of 90 s is written in two ways
