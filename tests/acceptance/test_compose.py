"""The container stack without a container engine: its structure, and its own commands against the embedded parts."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from fixwatch.demo.broker import EmbeddedBroker, free_port
from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
STACK: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = STACK["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("fixwatch:")}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_says_what_it_is_and_how_it_is_kept_running(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[a-z/]+:[\d.]+", service["image"]), "a version, not the newest"
    assert service["restart"] in ("unless-stopped", "on-failure")
    limits = service["deploy"]["resources"]["limits"]
    assert limits.keys() == {"cpus", "memory", "pids"}
    assert "ALL" in service["cap_drop"]
    assert "no-new-privileges:true" in service["security_opt"]
    health = service["healthcheck"]
    if name == "migrate":
        assert health == {"disable": True}, "it ends"
        assert service["restart"] == "on-failure"
    else:
        assert health["test"][0] == "CMD"
        assert {"interval", "timeout", "retries", "start_period"} <= health.keys()


def test_the_services_are_those_of_the_system() -> None:
    assert SERVICES.keys() == {
        "kafka",
        "postgres",
        "migrate",
        "ingester",
        "watcher",
        "dashboard",
        "simulator",
    }
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["simulator"]


@pytest.mark.parametrize("name", OURS)
def test_our_containers_are_built_here_and_can_write_nothing(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108
    build = service["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"


def test_ports_are_for_this_machine_only() -> None:
    ports = {port for service in SERVICES.values() for port in service.get("ports", [])}
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert "127.0.0.1:8501:8501" in ports


def test_nobody_starts_before_what_it_needs() -> None:
    needs = {
        name: {on: how["condition"] for on, how in service.get("depends_on", {}).items()}
        for name, service in SERVICES.items()
    }
    migrated = "service_completed_successfully"
    assert needs["migrate"] == {"postgres": "service_healthy"}
    assert needs["ingester"] == {"migrate": migrated, "kafka": "service_healthy"}
    assert needs["dashboard"] == needs["watcher"] == {"migrate": migrated}
    assert needs["simulator"] == {"kafka": "service_healthy"}


def test_what_must_last_is_in_a_volume() -> None:
    mounted = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert mounted == STACK["volumes"].keys() == {"kafka", "postgres"}


def test_no_secret_is_in_the_environment() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN|URL", name):
                assert name.endswith("_FILE")
                assert value.startswith("/run/secrets/")
            assert "://" not in str(value) or "@" not in str(value)


@pytest.mark.parametrize("name", OURS)
def test_every_setting_in_the_environment_exists(name: str) -> None:
    environment = OURS[name]["environment"]
    ours = {variable.removeprefix("FIXWATCH_").lower() for variable in environment}
    assert ours <= Settings.model_fields.keys()
    # The values are allowed ones, too.
    Settings(**{variable.removeprefix("FIXWATCH_").lower(): value for variable, value in environment.items()})


def test_the_script_makes_the_secrets_that_are_mounted(tmp_path: Path) -> None:
    script = tmp_path / "make-secrets.sh"
    script.write_bytes((DEPLOY / "make-secrets.sh").read_bytes())
    subprocess.run(["sh", script], check=True, capture_output=True)
    made = {name: tmp_path / secret["file"] for name, secret in STACK["secrets"].items()}
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == made.keys() == {path.name for path in (tmp_path / "secrets").iterdir()}
    url = urlsplit(made["fixwatch_database_url"].read_text())
    postgres = SERVICES["postgres"]["environment"]
    assert url.password == made["postgres_password"].read_text()
    assert len(str(url.password)) == 48
    assert (url.username, url.path) == (postgres["POSTGRES_USER"], f"/{postgres['POSTGRES_DB']}")
    assert (url.hostname, url.port) == ("postgres", 5432)
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    # Containers run as other users.
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o444 for path in made.values())
    again = subprocess.run(["sh", script], check=False, capture_output=True, text=True)
    assert again.returncode == 1
    assert url.password == made["postgres_password"].read_text()


def test_git_ignores_the_secrets() -> None:
    path = DEPLOY / "secrets" / "postgres_password"
    assert subprocess.run(["git", "check-ignore", "-q", path], cwd=DEPLOY, check=False).returncode == 0


def test_the_image_runs_without_rights_and_without_a_compiler() -> None:
    build, image = (DEPLOY / "Dockerfile").read_text().split("\nFROM ")[1:]
    assert "gcc" in build
    assert "gcc" not in image
    assert "USER fixwatch" in image
    assert 'ENTRYPOINT ["fixwatch"]' in image
    sources = re.findall(r"^COPY (?!--from)(.*) \S+$", build, re.MULTILINE)
    for source in " ".join(sources).split():
        assert (DEPLOY.parent / source).exists(), source
        assert f"!{source}" in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What stands in for the stack's addresses here."""
    port = str(free_port())
    with (
        EmbeddedPostgres(tmp_path_factory.mktemp("compose") / "postgres") as postgres,
        EmbeddedBroker() as broker,
    ):
        yield {
            "FIXWATCH_DATABASE_URL": postgres.url,
            "FIXWATCH_KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
            "FIXWATCH_DASHBOARD_HOST": "127.0.0.1",
            "FIXWATCH_DASHBOARD_PORT": port,
        }


def environment_of(name: str, addresses: dict[str, str]) -> dict[str, str]:
    """The service's own environment with the addresses of here, and the secret that it is given as a file."""
    service = OURS[name]
    environment = {
        variable: addresses.get(variable, value) for variable, value in service["environment"].items()
    }
    for secret in service.get("secrets", []):
        environment[secret.upper()] = addresses[secret.upper()]
    outside = {
        variable: value for variable, value in os.environ.items() if not variable.startswith("FIXWATCH_")
    }
    return outside | environment


@contextmanager
def started(name: str, addresses: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The service's exact command."""
    command = [sys.executable, "-m", "fixwatch", *OURS[name]["command"]]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, env=environment_of(name, addresses), cwd=log.parent, stdout=output, stderr=output
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()


def healthy(name: str, addresses: dict[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """The service's exact health check."""
    kind, program, *arguments = OURS[name]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "fixwatch")
    command = [sys.executable, "-m", "fixwatch", *arguments]
    environment = environment_of(name, addresses)
    return subprocess.run(
        command, env=environment, cwd=cwd, capture_output=True, text=True, check=False, timeout=60
    )


def test_every_service_runs_and_becomes_healthy(addresses: dict[str, str], tmp_path: Path) -> None:
    running = [name for name in OURS if name != "migrate"]
    for name in ("ingester", "dashboard"):
        assert healthy(name, addresses, tmp_path).returncode == 1, "nothing runs yet"
    with started("migrate", addresses, tmp_path / "migrate.log") as migrate:
        assert migrate.wait(60) == 0
    with ExitStack() as stack:
        processes = {
            name: stack.enter_context(started(name, addresses, tmp_path / f"{name}.log")) for name in running
        }
        deadline = time.monotonic() + 60
        waiting = set(running)
        while waiting:
            for name in sorted(waiting):
                log = (tmp_path / f"{name}.log").read_text()
                assert processes[name].poll() is None, f"{name} ended: {log}"
                check = healthy(name, addresses, tmp_path)
                assert time.monotonic() < deadline, f"{name} is not well: {check.stdout}{check.stderr}{log}"
                if check.returncode == 0:
                    waiting.discard(name)
        for process in processes.values():
            process.terminate()
        # Asked to stop, as the engine does, all end in order and in time.
        ended = {name: process.wait(20) for name, process in processes.items()}
        assert ended == dict.fromkeys(running, 0)
    assert healthy("dashboard", addresses, tmp_path).returncode == 1
    assert healthy("ingester", addresses, tmp_path).returncode == 1, "it says goodbye"
