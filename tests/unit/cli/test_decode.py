from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from fixwatch import read_log
from fixwatch.cli import app
from fixwatch.errors import FixwatchError
from fixwatch.fix.columns import Column, Kind
from fixwatch.fix.decoder import DecodeOptions
from fixwatch.fix.dictionary import Dictionary
from fixwatch.fix.encoder import encode

HEADER = [(34, 2), (49, "A"), (52, "20260102-09:30:00"), (56, "B")]
HEARTBEAT = encode([(35, "0"), *HEADER])
BAD_ORDER = encode(
    [(35, "D"), *HEADER, (11, "id"), (40, "1"), (54, "1"), (60, "20260102-09:30:00"), (59, "Z")]
)


def run(*arguments: str, data: bytes | None = None) -> str:
    result = CliRunner().invoke(app, ["decode", *arguments], input=data)
    if result.exception:
        raise result.exception
    return result.output


def objects(path: Path, *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(str(path), "--format", "json", *arguments).splitlines()]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "fix.log"
    path.write_bytes(
        b"09:30 in: "
        + HEARTBEAT.replace(b"\x01", b"|")
        + b"\nwords\n"
        + BAD_ORDER
        + b"\r\n"
        + HEARTBEAT[:-5]
        + b"\n"
    )
    return path


def test_json_is_an_object_a_line_with_an_answer_for_every_line(log: Path) -> None:
    heartbeat, words, order, cut = objects(log)
    assert (heartbeat["verdict"], heartbeat["defects"]) == ("valid", [])
    assert heartbeat["fields"][2] == {
        "tag": 35,
        "name": "MsgType",
        "value": "0",
        "meaning": "Heartbeat",
        "depth": 0,
    }
    assert (words["verdict"], words["defects"][0]["reason"]) == ("garbled", "not_fix")
    assert order["defects"] == [{"reason": "value_out_of_range", "session_reject_reason": 5, "ref_tag": 59}]
    assert (cut["verdict"], cut["defects"][0]["session_reject_reason"]) == ("garbled", None)


def test_options_reach_the_decoder(tmp_path: Path) -> None:
    path = tmp_path / "one.log"
    path.write_bytes(encode([(35, "0"), *HEADER, (5001, "x")]).replace(b"\x0110=", b"\x0110=9"))
    assert objects(path)[0]["verdict"] == "garbled"
    assert [defect["ref_tag"] for defect in objects(path, "--frame", "lenient")[0]["defects"]] == [10]
    lenient = objects(path, "--frame", "lenient", "--profile", "strict")[0]["defects"]
    assert [defect["ref_tag"] for defect in lenient] == [10, 5001]
    path.write_bytes(encode([(35, "D"), *HEADER, (2376, "1")], "FIXT.1.1"))
    reasons = [defect["reason"] for defect in objects(path, "--default-appl-ver-id", "7")[0]["defects"]]
    assert "invalid_tag_number" in reasons


def test_the_table_names_and_marks(log: Path) -> None:
    table = run(str(log))
    assert "Heartbeat  FIX.4.4  valid" in table
    assert "! value out of range: TimeInForce(59)" in table
    assert any(line.split() == ["59", "TimeInForce", "Z", "<-"] for line in table.splitlines())
    assert any(line.split() == ["54", "Side", "1", "BUY"] for line in table.splitlines())


def test_the_table_shows_control_characters_as_pictures(tmp_path: Path) -> None:
    path = tmp_path / "evil.log"
    path.write_bytes(encode([(35, "B"), *HEADER, (58, "\x1b[2J\x07\u202e[bold]")]))
    table = run(str(path))
    assert "␛[2J␇\ufffd[bold]" in table
    assert "\x1b" not in table


def test_passwords_are_blanked(tmp_path: Path) -> None:
    path = tmp_path / "logon.log"
    path.write_bytes(
        encode([(35, "A"), *HEADER, (98, 0), (108, 30), (95, 6), (96, b"secret"), (554, "hunter2")])
    )
    for text in (run(str(path)), run(str(path), "--format", "json")):
        assert "secret" not in text
        assert "hunter2" not in text
        assert "*******" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["/nowhere/fix.log"], "/nowhere/fix.log cannot be read"),
        (["{empty}"], "no FIX message"),
        (["{empty}", "--default-appl-ver-id", "12"], r"it may be one of FIX\.4\.0"),
    ],
)
def test_what_is_wrong_is_one_clear_line(tmp_path: Path, arguments: list[str], words: str) -> None:
    empty = tmp_path / "empty.log"
    empty.write_bytes(b"\n\n")
    with pytest.raises(FixwatchError, match=words):
        run(*(argument.format(empty=empty) for argument in arguments))


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_a_log_becomes_a_file_of_columns(log: Path, form: str) -> None:
    target = log.with_suffix(f".{form}")
    said = run(str(log), "--format", form, "-o", str(target))
    assert said == f"{target}: 3 messages (1 valid, 1 rejected, 1 garbled); skipped 1 lines without 8=FIX\n"
    read = pl.read_parquet if form == "parquet" else pl.read_ipc
    assert read(target).equals(read_log(log))
    with pytest.raises(FixwatchError, match="is there already"):
        run(str(log), "--format", form, "-o", str(target))
    run(str(log), "--format", form, "-o", str(target), "--force")


def test_a_file_of_columns_needs_a_name_and_others_have_none(log: Path) -> None:
    with pytest.raises(
        FixwatchError, match=r"--format parquet needs a file to write: add --output FILE\.parquet"
    ):
        run(str(log), "--format", "parquet")
    with pytest.raises(
        FixwatchError, match=r"--output is for parquet and arrow; --format json goes to standard"
    ):
        run(str(log), "--format", "json", "-o", "x.json")


def test_a_compressed_log_is_read_for_people_too(log: Path) -> None:
    plain = objects(log)
    log.write_bytes(gzip.compress(log.read_bytes()))
    assert objects(log) == plain


OWN = """<fix type='FIX' major='4' minor='4' servicepack='0'>
 <header><field name='BeginString' required='Y'/></header>
 <trailer><field name='CheckSum' required='Y'/></trailer>
 <messages><message name='Purr' msgtype='0' msgcat='admin'><field name='Loudness' required='Y'/></message></messages>
 <components/>
 <fields>
  <field number='8' name='BeginString' type='STRING'/>
  <field number='10' name='CheckSum' type='STRING'/>
  <field number='35' name='MsgType' type='STRING'/>
  <field number='5001' name='Loudness' type='CHAR'><value enum='3' description='VERY'/></field>
 </fields>
</fix>
"""


@pytest.fixture
def purring(tmp_path: Path) -> tuple[Path, Path]:
    """A log of a FIX 4.4 and a FIX 4.2 message, and a dictionary of FIX 4.4 that is not the standard one."""
    path, own = tmp_path / "purr.log", tmp_path / "own.xml"
    own.write_text(OWN)
    path.write_bytes(
        b"\n".join(encode([(35, "0"), *HEADER, (5001, "3")], version) for version in ("FIX.4.4", "FIX.4.2"))
    )
    return path, own


def test_a_counterpartys_own_dictionary_names_the_messages_of_its_version(
    purring: tuple[Path, Path],
) -> None:
    path, own = purring
    ours, others = objects(path, "--dictionary", str(own))
    assert ours["fields"][7] == {"tag": 5001, "name": "Loudness", "value": "3", "meaning": "VERY", "depth": 0}
    assert ours["fields"][2]["meaning"] == "Purr"
    assert (others["fields"][7]["name"], others["fields"][2]["meaning"]) == (None, "Heartbeat")
    own.write_text(OWN.replace("'CHAR'", "''"))
    with pytest.raises(FixwatchError, match=r"own\.xml:10: <field> has no type"):
        run(str(path), "--dictionary", str(own))


def test_a_counterpartys_own_dictionary_checks_in_every_format(
    purring: tuple[Path, Path], tmp_path: Path
) -> None:
    path, own = purring
    chosen = ("--dictionary", str(own), "--profile", "strict")
    wanted = ["invalid_tag_number:49", "invalid_tag_number:5001"]
    # Its header has no SenderCompID(49); the standard dictionary has no Loudness(5001).
    ours, others = objects(path, *chosen)
    assert (ours["defects"][0]["ref_tag"], others["defects"][0]["ref_tag"]) == (9, 5001)
    assert "! invalid tag number: 9" in run(str(path), *chosen)
    target = tmp_path / "purr.parquet"
    run(str(path), "--format", "parquet", "-o", str(target), *chosen)
    found = pl.read_parquet(target)["defects"]
    assert (wanted[0] in found[0], wanted[1] in found[0]) == (True, False)
    assert found[1].to_list() == wanted[1:]
    options = DecodeOptions(profile="strict", dictionary=Dictionary.load_file(own))
    assert read_log(path, options)["defects"].equals(found)


def test_chosen_columns_are_in_the_file_and_in_the_frame(log: Path, tmp_path: Path) -> None:
    log.write_bytes(encode([(35, "0"), *HEADER, (5001, "EQ"), (5002, "1.5")]) + b"\n" + HEARTBEAT)
    target = tmp_path / "out.parquet"
    chosen = ("--column", "5001:desk:text", "--column", "5002:score:decimal")
    run(str(log), "--format", "parquet", "-o", str(target), *chosen)
    found = pl.read_parquet(target)
    assert found["desk"].to_list() == ["EQ", None]
    assert found["score"].to_list() == [Decimal("1.5"), None]
    options = DecodeOptions(columns=(Column(5001, "desk", Kind.TEXT), Column(5002, "score", Kind.DECIMAL)))
    assert read_log(log, options).equals(found)
    assert read_log(log, options, columns=["desk"]).columns == ["desk"]


def test_a_chosen_column_needs_a_place_and_a_name_of_its_own(log: Path) -> None:
    with pytest.raises(FixwatchError, match="--column is for parquet and arrow; --format json shows every"):
        run(str(log), "--format", "json", "--column", "5001:desk:text")
    with pytest.raises(FixwatchError, match="Column 'line' is there already: it is the log's own"):
        run(str(log), "--format", "parquet", "-o", str(log) + ".parquet", "--column", "5001:line:text")
    assert not Path(f"{log}.parquet").exists()
