"""The report of `fixwatch doctor`: no secrets in it, and the worst finding decides."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from fixwatch.cli.doctor import Check
from fixwatch.doctor import installation
from fixwatch.doctor.check import Status, ok, problem, warning, worst
from fixwatch.doctor.examination import Subject
from fixwatch.doctor.installation import settings_in_force, shown_database_url, versions
from fixwatch.settings import Settings


def test_the_worst_finding_is_the_status() -> None:
    fine, doubtful, bad = ok("a", "b"), warning("a", "b", "c"), problem("a", "b", "c")
    assert worst([]) is Status.OK
    assert worst([fine, doubtful]) is Status.WARNING
    assert worst([bad, fine, doubtful]) is Status.PROBLEM


def test_secrets_are_hidden_wherever_they_are() -> None:
    settings = Settings(
        database_url=SecretStr("postgresql://me:hunter2@db:5433/fix"),
        kafka_config={"sasl.password": "hunter2", "ssl.key.pem": "hunter2", "security.protocol": "SASL_SSL"},
    )
    shown = {finding.about: finding.text for finding in settings_in_force(settings)}
    assert "hunter2" not in str(shown)
    assert "host=db" in shown["FIXWATCH_DATABASE_URL"]
    assert "security.protocol=SASL_SSL" in shown["FIXWATCH_KAFKA_CONFIG"]


def test_every_setting_is_shown() -> None:
    about = {finding.about for finding in settings_in_force(Settings())}
    assert about == {f"FIXWATCH_{name.upper()}" for name in Settings.model_fields} | {"decoding", "sessions"}


def test_a_dictionary_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    broken = tmp_path / "own.xml"
    broken.write_text("<fix major='4'>\n<fields/>\n</fix>")
    found = {finding.about: finding for finding in settings_in_force(Settings(dictionaries=[broken]))}
    assert found["FIXWATCH_DICTIONARIES"].text == str(broken)
    assert found["decoding"].status is Status.PROBLEM
    assert found["decoding"].text.startswith(f"{broken}:1: ")
    fine = {finding.about: finding for finding in settings_in_force(Settings())}
    assert (fine["decoding"].status, fine["decoding"].text) == (Status.OK, "standard dictionaries")


def test_a_url_that_is_none_is_not_shown() -> None:
    assert shown_database_url("postgresql://me:hunter2@db:port/x y=") == "not a libpq URL"


def test_versions_are_all_there() -> None:
    found = list(versions())
    assert [finding.about for finding in found] == ["fixwatch", "Python", "Kafka client", "compiled parts"]
    assert worst(found) is Status.OK


def test_a_compiled_part_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_COMPILED", ("fixwatch.fix._kernel", "fixwatch.fix._gone"))
    *_, last = versions()
    assert (last.status, last.text) == (Status.PROBLEM, "missing: fixwatch.fix._gone")
    assert "C compiler" in last.advice


def test_the_command_line_offers_every_subject() -> None:
    assert {check.value for check in Check} == {subject.value for subject in Subject}
