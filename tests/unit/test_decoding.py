from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from fixwatch.cli import app
from fixwatch.decoding import decode_options
from fixwatch.errors import DictionaryError, SettingsError
from fixwatch.settings import load

OWN = """<fix major='4' minor='4'>
 <header><field name='BeginString' required='Y'/></header>
 <trailer/>
 <messages><message name='Purr' msgtype='0'><field name='BeginString' required='Y'/></message></messages>
 <fields><field number='8' name='BeginString' type='STRING'/></fields>
</fix>"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.xml"
    path.write_text(OWN)
    return path


def test_dictionaries_are_files_separated_by_commas(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.xml"
    other.write_text(OWN.replace("minor='4'", "minor='2'"))
    monkeypatch.setenv("FIXWATCH_DICTIONARIES", f"{own}, {other}")
    options = decode_options(load())
    assert [dictionary.version for dictionary in options.dictionaries] == ["FIX.4.4", "FIX.4.2"]
    assert decode_options(load()) == options  # a connection that is made anew decodes with what is known


def test_without_dictionaries_the_standard_ones_are_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIXWATCH_DICTIONARIES", "")
    assert decode_options(load()).dictionaries == ()


def test_two_dictionaries_of_one_version_are_refused(own: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.xml"
    copy.write_text(OWN)
    with pytest.raises(SettingsError, match=r"several dictionaries of FIX\.4\.4"):
        decode_options(load(dictionaries=[own, copy]))


def test_an_ingester_with_a_broken_dictionary_says_file_and_line_before_it_waits_for_anything(
    own: Path,
) -> None:
    own.write_text(OWN.replace("name='BeginString' type='STRING'", "name='BeginString'"))
    nowhere = {"FIXWATCH_DATABASE_URL": "postgresql://localhost:1/x", "FIXWATCH_DICTIONARIES": str(own)}
    result = CliRunner(env=nowhere).invoke(app, ["ingest", "--bootstrap-servers", "localhost:1"])
    assert isinstance(result.exception, DictionaryError)
    assert str(result.exception) == f"{own}:5: <field> has no type"
