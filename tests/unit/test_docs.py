"""What is said of fixwatch: complete, and true where a test can tell."""

from __future__ import annotations

import re
import subprocess
from enum import Enum
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.main import get_command

from fixwatch.alerts.rules import Rule
from fixwatch.cli import app
from fixwatch.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")]
)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    default = Settings.model_fields[name].get_default(call_default_factory=True)
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    shown = default.value if isinstance(default, Enum) else default
    assert f"| `FIXWATCH_{name.upper()}` | `{shown}` | " in (ROOT / "docs/settings.md").read_text()


def test_no_setting_is_documented_that_is_not_there() -> None:
    documented = re.findall(r"^\| `FIXWATCH_(\w+)`", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)
    assert {name.lower() for name in documented} == Settings.model_fields.keys()


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    commands = get_command(app).commands  # type: ignore[attr-defined]
    missing = [name for name in commands if f"`fixwatch {name}" not in readme]
    assert not missing


@pytest.mark.parametrize("rule", Rule, ids=lambda rule: rule.label)
def test_every_rule_is_documented(rule: Rule) -> None:
    assert f"`{rule.label}`" in (ROOT / "docs/alerts.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", page.read_text())
    dead = [target for target in targets if not (page.parent / target).exists()]
    assert not dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_that_are_named_exist(page: Path) -> None:
    targets = set(re.findall(r"`make ([a-z-]+)", page.read_text()))
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert targets <= known


def test_no_file_names_a_package_registry() -> None:
    # A mirror's address does not belong in the project: pip, npm and maven know their own.
    hosts = "|".join(
        ["pypi" + r"\.org", "pythonhosted" + r"\.org", "npmjs" + r"\.(com|org)", "maven" + r"\.org"]
    )
    found = subprocess.run(
        ["git", "grep", "-I", "-l", "-E", hosts], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.stdout == ""
