"""docker-compose.yml, Dockerfile and .env.example: well-formed, complete, and in step with the settings and with the embedded default."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from raiportal.embedded.binaries import major_version, postgres_programs
from raiportal.embedded.unprivileged import database_account
from tests.stack import composition
from tests.stack.composition import CHECKOUT, SECRETS, Refused

TOOLS = Path(sys.executable).parent
VARIABLE = re.compile(r"""["'](RAIPORTAL_[A-Z_]+)["']""")
PACKAGES = ("raiportal", "systems", "harms", "measurements", "sample")
PORTAL = ("prepare", "web", "worker", "beat")


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"], **environment})


def test_compose_file_fits_its_published_schema() -> None:
    answer = run(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")

    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_dockerfile_is_well_made() -> None:
    answer = run(TOOLS / "hadolint", "Dockerfile")

    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_compose_refuses_to_start_without_each_secret() -> None:
    for name in SECRETS:
        with pytest.raises(Refused, match=name):
            composition.services({**SECRETS, name: ""})


def test_compose_holds_no_secret_and_publishes_loopback_alone() -> None:
    given = composition.services()
    published = {name: service.content["ports"] for name, service in given.items() if "ports" in service.content}

    assert published == {"web": ["127.0.0.1:8000:8000"]}
    for name, service in given.items():
        assert "no-new-privileges:true" in service.content["security_opt"], name
        assert "privileged" not in service.content, name
    for name in PORTAL:
        assert given[name].content["read_only"] is True, name
        assert given[name].content["cap_drop"] == ["ALL"], name
        assert "RAIPORTAL_EMBEDDED" not in given[name].environment, name  # or the sample programme could be seeded
    assert "appendonly yes" in composition.broker_configuration()
    assert f"requirepass {SECRETS['RAIPORTAL_BROKER_PASSWORD']}" in composition.broker_configuration()


def test_compose_passes_the_limit_of_evidence_on() -> None:
    assert {composition.services({**SECRETS, "RAIPORTAL_EVIDENCE_MAX_MB": "35"})[name].environment["RAIPORTAL_EVIDENCE_MAX_MB"] for name in PORTAL} == {"35"}


def test_only_prepare_signs_in_as_the_owner_of_the_tables() -> None:
    users = {name: composition.services()[name].environment["RAIPORTAL_DB_USER"] for name in PORTAL}

    assert users == {"prepare": "raiportal_owner", "web": "raiportal", "worker": "raiportal", "beat": "raiportal"}
    for name in PORTAL[1:]:
        assert SECRETS["RAIPORTAL_DB_OWNER_PASSWORD"] not in composition.told(composition.services()[name].environment)


def test_compose_names_the_embedded_wheels_major_version_of_the_database(tmp_path: Path) -> None:
    programs = postgres_programs(database_account(tmp_path), tmp_path)

    assert composition.raw()["services"]["database"]["image"] == f"postgres:{major_version(programs)}"


def test_image_runs_the_python_that_the_project_is_tested_on() -> None:
    stages = re.findall(r"^FROM python:(\S+)-slim", composition.DOCKERFILE.read_text(), re.MULTILINE)

    assert stages == ["3.11", "3.11"]
    assert 'requires-python = ">=3.11"' in (CHECKOUT / "pyproject.toml").read_text()


def test_image_runs_as_nobody_and_keeps_no_secret() -> None:
    text = composition.DOCKERFILE.read_text()

    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    assert not [name for name in composition.image_environment() if "KEY" in name or "PASSWORD" in name]
    assert "--require-hashes" in text
    assert ".env" not in {line for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line.startswith("!")}


def test_deploy_check_is_clean_with_the_environment_of_compose(tmp_path: Path) -> None:
    environment = composition.services()["web"].environment | {"RAIPORTAL_DATA": str(tmp_path)}
    answer = run(sys.executable, "-W", "ignore", "manage.py", "check", "--deploy", "--fail-level", "WARNING", **environment)

    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_settings_refuse_to_load_without_what_a_real_installation_has_to_say(tmp_path: Path) -> None:
    environment = dict(composition.services()["web"].environment) | {"RAIPORTAL_DATA": str(tmp_path)}
    for name in ("RAIPORTAL_FIELD_KEYS", "RAIPORTAL_LEDGER_KEY", "RAIPORTAL_PUBLIC_URL", "RAIPORTAL_HOSTS", "RAIPORTAL_SECRET_KEY"):
        left = {key: value for key, value in environment.items() if key != name}
        answer = run(sys.executable, "-c", "import raiportal.settings", **left)

        assert answer.returncode == 1, name
        assert f"{name} is not set" in answer.stderr, name


def test_env_example_lists_every_setting_and_no_other() -> None:
    named = {found for package in PACKAGES for file in (CHECKOUT / package).rglob("*.py") for found in VARIABLE.findall(file.read_text())}
    composed = set(re.findall(r"\$\{(RAIPORTAL_[A-Z_]+)", composition.COMPOSE.read_text()))
    listed = set(re.findall(r"^#?(RAIPORTAL_[A-Z_]+)=", (CHECKOUT / ".env.example").read_text(), re.MULTILINE))

    assert listed == named | composed
