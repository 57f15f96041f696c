"""One run's settings: command line, then process environment, then file; each knows its source."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from pytest_storedog_gate.datadog.calling.endpoint import SITE_VARIABLES, URL_VARIABLE
from pytest_storedog_gate.deploy.references import ImageReference
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.secrets.masking import Masker
from pytest_storedog_gate.settings import file as configuration
from pytest_storedog_gate.settings import levels, secret_values
from pytest_storedog_gate.settings.datadog_ci import DatadogCi
from pytest_storedog_gate.settings.levels import CiSource, gathered
from pytest_storedog_gate.settings.options import FLAGS
from pytest_storedog_gate.settings.precedence import COMMAND_LINE, Precedence
from pytest_storedog_gate.settings.promotion import KEY_VARIABLE, signing_secret
from pytest_storedog_gate.settings.secret_values import filled_in
from pytest_storedog_gate.settings.synthetics import DEFAULTS, settled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_storedog_gate.datadog.watch import Watch
    from pytest_storedog_gate.deploy.environment import Environment
    from pytest_storedog_gate.settings.environments import EnvironmentSection
    from pytest_storedog_gate.settings.file import Configuration
    from pytest_storedog_gate.settings.levels import Level
    from pytest_storedog_gate.settings.options import Options
    from pytest_storedog_gate.settings.promotion import Promotion, SigningSecret
    from pytest_storedog_gate.settings.reports import Gogs, Markers
    from pytest_storedog_gate.settings.requirements import Requirements
    from pytest_storedog_gate.settings.synthetics import SyntheticsSettings

_CI_VARIABLES = "DATADOG_SYNTHETICS_*"
_CI_FILE = "DATADOG_SYNTHETICS_CONFIG_PATH"
# Of several names the first one counts.
_VARIABLES = {
    "image": ("STOREDOG_IMAGE",),
    "url": (URL_VARIABLE,),
    "site": SITE_VARIABLES,
    "subdomain": ("DATADOG_SUBDOMAIN",),
}
_SHORTEST_SECRET = 6  # characters


@dataclass(frozen=True)
class Settings:
    """What one run is asked to do. `sources` tells for each name where its value came from.

    `required_there` is what must have passed in `requires`, the environment before this one.
    `narrowed` tells that a run that only checks was asked for something else than the files do.
    `config_shown` is the configuration file as a person reads it, from where pytest was started.
    `lock_wait` is in seconds. `after_traffic` are the checks, by public ID, that the configuration
    has for the live address, and `twice` those of them that it has for the preview too. `junit` is
    the form of the JUnit file, None for pytest's own.
    """

    environment: Environment
    requires: Environment | None
    required_there: tuple[str, ...]
    config_path: Path
    config_shown: str
    verdicts: Path
    promotion: Promotion
    project: str | None
    override: str | None
    redeploy: bool
    rollback: str | None
    history: bool
    image: str | None
    deploy: bool
    plan: bool
    requirements: Requirements
    synthetics: SyntheticsSettings
    lock_wait: float
    report: Path | None
    html: Path | None
    narrowed: bool
    gogs: Gogs | None
    junit: str | None
    markers: Markers
    sources: Mapping[str, str]
    signing: SigningSecret | None = field(default=None, repr=False)
    gogs_token: str | None = field(default=None, repr=False)
    gitlab_token: str | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    after_traffic: frozenset[str] = frozenset()
    twice: frozenset[str] = frozenset()
    watch: Watch | None = None

    @property
    def previews(self) -> bool:
        """Whether the candidate is checked before it has traffic."""
        return self.environment.gated is not None and self.environment.preview is not None

    @property
    def each(self) -> dict[str, Settings]:
        """The same for each target that the environment is deployed to; empty where it has none."""
        targets = self.environment.each
        return {target: replace(self, environment=own) for target, own in targets.items()}

    @cached_property
    def redact(self) -> Masker:
        """Masks every secret of this run."""
        # Shorter values are placeholders, or words like "db" or "5432".
        return Masker(self.secrets, shortest=_SHORTEST_SECRET)

    def describe(self) -> list[str]:
        """The header's lines: each value with its source."""
        service = self.synthetics
        environment = self._sourced("environment", self.environment.name)
        image = f", image {self._sourced('image', self.image)}" if self.image else ""
        checks = f"{self.requirements.describe()} ({self.requirements.source})"
        mode = "checks only: deploys and records nothing"
        if self.deploy:
            mode = "deploys and decides" if self.environment.gated else "decides, deploys nothing"
        at = "" if service.url is None else f" at {service.url}"
        backend = self._sourced("backend", f"{service.backend}{at}")
        targets = ", ".join(self.environment.targets)
        where = (
            f", {'all or none of' if self.deploy else 'at'} its targets {targets}"
            if targets
            else ""
        )
        lines = [
            f"storedog-gate: {environment}, {mode}{where}{image}",
            f"storedog-gate: checks {checks}, Synthetics {backend}",
            f"storedog-gate: configuration {self.config_shown}",
        ]
        if self.override:
            lines.append(f"storedog-gate: OVERRIDE, no verdict is required: {self.override}")
        if self.rollback is not None:
            which = f"to {self.rollback}" if self.rollback else "to the version before what is live"
            lines.append(f"storedog-gate: ROLLBACK {which}: it was let through here before")
        if self.deploy and self.image:
            lines.append(f"storedog-gate: {self._proof()}")
        if service.backend == "datadog":
            keys = ", ".join(f"{name}: set" for name in ("DD_API_KEY", "DD_APP_KEY"))
            lines.append(f"storedog-gate: site {self._sourced('site', service.site)}, {keys}")
        return lines

    def _proof(self) -> str:
        where = "in the image's registry" if self.promotion.proof == "registry" else "in a folder"
        if self.signing is not None:
            return f"verdict signed with the key of {self.signing.source}, {where}"
        if self.promotion.signed:
            return f"verdict not kept: no signing key is set ({KEY_VARIABLE})"
        return f"verdict unsigned, {where}: whoever can write there can promote"

    def _sourced(self, name: str, value: str) -> str:
        return f"{value} ({self.sources[name]})"


def load(
    options: Options, environ: Mapping[str, str] = os.environ, *, listing: bool = False
) -> Settings:
    """Merges command line, process environment and files, and refuses what cannot be run.

    For `listing` checks, keys are no must.
    """
    deploy = options.deploys
    path = configuration.find(options.root, options.config, options.folder)
    file = configuration.read(path, options.environment if deploy else None, environ)
    section = file.section(options.environment)
    # A single check from a laptop must not ask for what only a deployment needs.
    section = section if deploy else section.undeployed
    section = section if options.rollback is None else section.going_back
    secrets: set[str] = set()
    if not options.history:
        section, secrets = filled_in(section, file.path.name, environ)
    ci = _DatadogCi(
        CiSource.of(
            DatadogCi.from_environment(environ), _CI_VARIABLES, options.folder, in_git=False
        ),
        CiSource.of_file(environ.get(_CI_FILE), options.folder, in_git=False),
        CiSource.of_file(file.synthetics.get("datadog_ci"), file.path.parent, in_git=True),
    )
    asking = _asking(options, file, section, ci)
    requirements = gathered(asking, narrow=not deploy, execution_rules=section.execution_rules)
    if not (requirements.public_ids or requirements.search):
        raise ConfigurationError(
            f"{options.environment} has no checks: a gate without checks proves nothing; name them "
            f"in environments.{options.environment}.checks of {file.path.name}, or with "
            "--synthetics-id"
        )
    pick = _precedence(options, environ, file, section, ci)
    image = _image(options, pick, section) if deploy and not options.history else None
    watches = section.watch is not None and section.watch.asks_datadog
    synthetics = settled(pick, file.path.parent, environ, listing=listing, watches=watches)
    gogs_token = secret_values.key(environ, ("GOGS_TOKEN",)) if file.gogs else None
    gitlab_token = secret_values.key(environ, ("GITLAB_TOKEN",))
    secrets |= secret_values.of_requirements(requirements, environ)
    secrets |= secret_values.of_variables(ci.variables.said.overrides)
    secrets |= secret_values.of_globals(environ) | {*file.secrets}
    secrets |= set(filter(None, (synthetics.api_key, synthetics.app_key, gogs_token, gitlab_token)))
    signing = signing_secret(file.promotion, environ) if deploy and image else None
    if signing is not None:
        secrets |= signing.texts
    before = {check.public_id for check in section.checks}
    after = frozenset(check.public_id for check in section.checks_after)
    requires = file.environments.get(section.requires or "")
    return Settings(
        environment=section.environment,
        requires=requires.environment if requires else None,
        required_there=levels.names(requires, file.path, ci.ours) if requires else (),
        config_path=file.path,
        config_shown=os.path.relpath(file.path, options.folder),
        verdicts=file.verdicts,
        promotion=file.promotion,
        project=file.project,
        override=_override(options, file, section),
        redeploy=options.redeploy,
        rollback="" if options.rollback is True else options.rollback,
        history=options.history,
        image=image,
        deploy=deploy,
        plan=options.plan,
        requirements=requirements,
        synthetics=synthetics,
        lock_wait=options.patience,
        report=options.folder / options.report if options.report else None,
        html=options.folder / options.html if options.html else None,
        narrowed=not deploy and any(level.asks for level in asking if not level.in_git),
        gogs=file.gogs,
        junit=file.junit,
        markers=file.markers,
        sources={"environment": COMMAND_LINE, **pick.sources},
        signing=signing,
        gogs_token=gogs_token,
        gitlab_token=gitlab_token,
        secrets=tuple(secrets),
        after_traffic=after,
        twice=after & before,
        watch=section.watch,
    )


class _DatadogCi(NamedTuple):
    """What datadog-ci is asked for: by variables, by the file that one names, by the one in git."""

    variables: CiSource
    theirs: CiSource
    ours: CiSource

    @property
    def file(self) -> CiSource:
        """The file that counts where only one can."""
        return self.theirs if self.theirs.level.source else self.ours


def _asking(
    options: Options, file: Configuration, section: EnvironmentSection, ci: _DatadogCi
) -> list[Level]:
    """The places that ask for checks, the highest first.

    The file that a variable names stands in place of the configuration's in a run that only
    checks, as in datadog-ci; in a run that decides it may add to it.
    """
    files = [ci.theirs, ci.ours] if options.deploys else [ci.file]
    return [
        levels.of_options(options),
        ci.variables.level,
        levels.of_section(section, file.path),
        *(each.level for each in files),
    ]


def _precedence(
    options: Options,
    environ: Mapping[str, str],
    file: Configuration,
    section: EnvironmentSection,
    ci: _DatadogCi,
) -> Precedence:
    """The places that say what counts, the highest first; each calls a value by the same name."""
    # The file names an image only where the run deploys it.
    in_file = {"image": section.environment.gated.image} if section.environment.gated else {}
    return Precedence(
        (COMMAND_LINE, vars(options)),
        *((v, {name: environ.get(v)}) for name, names in _VARIABLES.items() for v in names),
        ("DATADOG_SYNTHETICS_BATCH_TIMEOUT", {"batch_timeout": ci.variables.said.batch_timeout}),
        (file.path.name, {**file.synthetics, **in_file}),
        (ci.file.level.source, vars(ci.file.said)),
        ("default", DEFAULTS),
    )


def _override(options: Options, file: Configuration, section: EnvironmentSection) -> str | None:
    """Why a person decides against the rule that asks for a verdict, if one does."""
    if options.override is None:
        return None
    flag = f"{FLAGS['override']}: "
    if not options.override.strip():
        raise ConfigurationError(f"{flag}give a reason, which is recorded")
    if section.requires is None or not options.deploys:
        raise ConfigurationError(
            f"{flag}this run asks for no verdict of another environment; leave the option out"
        )
    if not file.promotion.override:
        raise ConfigurationError(
            f"{flag}promotion.override = false in {file.path.name} forbids it; run pytest "
            f"--storedog-env={section.requires} with this image first"
        )
    return options.override.strip()


def _image(options: Options, pick: Precedence, section: EnvironmentSection) -> str | None:
    """The image that the run is about; of a rollback, only its repository is known yet."""
    if options.rollback is not None:
        if section.environment.gated is None:
            raise ConfigurationError(
                f"{FLAGS['rollback']}: {section.environment.name} deploys nothing, so that nothing "
                "of it can be put back; who deploys there has to do that"
            )
        pick.sources["image"] = "the history says which"
        return ImageReference.parse(section.environment.gated.image).repository
    image: str | None = pick("image")
    if image is None and section.requires is not None:
        raise ConfigurationError(
            f"{section.environment.name} requires the verdict of {section.requires} and deploys "
            "nothing: the run does not know for which digest; say it with --storedog-image=DIGEST "
            "or STOREDOG_IMAGE"
        )
    return image
