"""A counterparty's own dictionary in place of the standard one of its version."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixwatch.errors import DictionaryError, SettingsError
from fixwatch.fix import _kernel
from fixwatch.fix.decoder import DecodeOptions, decode
from fixwatch.fix.defects import Verdict
from fixwatch.fix.dictionary import Dictionary
from fixwatch.fix.encoder import encode
from fixwatch.fix.message import Message
from tests.unit.fix.conftest import outcome_of

HEADER = """<header>
 <field name='BeginString' required='Y'/><field name='BodyLength' required='Y'/><field name='MsgType' required='Y'/>
 <field name='SenderCompID' required='Y'/>
</header>
<trailer><field name='CheckSum' required='Y'/></trailer>"""
BODY = """<messages>
 <message name='Quack' msgtype='D' msgcat='app'>
  <field name='Loudness' required='Y'/>
  <group name='NoDucks' required='N'><field name='Duck' required='Y'/><field name='Weight' required='N'/></group>
 </message>
</messages>
<fields>
 <field number='8' name='BeginString' type='STRING'/>
 <field number='9' name='BodyLength' type='LENGTH'/>
 <field number='10' name='CheckSum' type='STRING'/>
 <field number='35' name='MsgType' type='STRING'/>
 <field number='49' name='SenderCompID' type='STRING'/>
 <field number='5001' name='Loudness' type='CHAR'><value enum='3' description='VERY'/></field>
 <field number='5010' name='NoDucks' type='NUMINGROUP'/>
 <field number='5011' name='Duck' type='STRING'/>
 <field number='5012' name='Weight' type='QTY'/>
</fields>"""
QUACK = [(35, "D"), (49, "POND"), (5001, "3")]


def load(folder: Path, version: tuple[str, int, int, int] = ("FIX", 4, 4, 0)) -> Dictionary:
    kind, major, minor, pack = version
    # The header of FIX 5.0 is that of FIXT.1.1.
    header = "<header/><trailer/>" if major == 5 else HEADER
    path = folder / f"{kind}{major}{minor}{pack}.xml"
    path.write_text(
        f"<fix type='{kind}' major='{major}' minor='{minor}' servicepack='{pack}'>{header}{BODY}</fix>"
    )
    return Dictionary.load_file(path)


def test_messages_of_its_version_are_checked_with_it(tmp_path: Path) -> None:
    options = DecodeOptions(profile="strict", dictionary=load(tmp_path))
    assert outcome_of(encode(QUACK), options) == ("valid", [])
    assert outcome_of(encode([*QUACK[:2], (5001, "4")]), options) == (
        "rejected",
        ["value_out_of_range:5001"],
    )
    assert outcome_of(encode(QUACK[:2]), options) == ("rejected", ["required_tag_missing:5001"])
    assert outcome_of(encode([*QUACK, (54, "1")]), options) == ("rejected", ["invalid_tag_number:54"])


def test_its_groups_are_read_and_counted(tmp_path: Path) -> None:
    options = DecodeOptions(dictionary=load(tmp_path))
    ducks = [(5010, 2), (5011, "a"), (5012, "1.5"), (5011, "b")]
    assert outcome_of(encode([*QUACK, *ducks]), options) == ("valid", [])
    assert outcome_of(encode([*QUACK, (5010, 3), *ducks[1:]]), options) == (
        "rejected",
        ["group_count_wrong:5010"],
    )
    found = Message.parse(encode([*QUACK, *ducks]), options).find(5010)
    assert found is not None
    assert [[field.name for field in instance] for instance in found.groups] == [["Duck", "Weight"], ["Duck"]]


def test_messages_of_other_versions_are_checked_with_the_standard_ones(tmp_path: Path) -> None:
    options = DecodeOptions(dictionary=load(tmp_path))
    for version in ("FIX.4.0", "FIX.4.2", "FIXT.1.1"):
        message = encode(QUACK, version)
        assert outcome_of(message, options) == outcome_of(message, DecodeOptions())


def test_the_same_message_is_read_anew_with_every_dictionary(tmp_path: Path) -> None:
    own, standard = DecodeOptions(dictionary=load(tmp_path)), DecodeOptions()
    for _ in range(20):  # often enough for its layout to be known
        assert outcome_of(encode(QUACK), own)[0] == "valid"
        assert outcome_of(encode(QUACK), standard)[0] == "rejected"


def test_under_fixt_the_application_version_has_its_own(tmp_path: Path) -> None:
    own = load(tmp_path, ("FIX", 5, 0, 2))
    header = [(34, 1), (49, "A"), (52, "20260102-09:30:00"), (56, "B")]
    latest = encode([(35, "D"), *header, (5001, "3")], "FIXT.1.1")
    older = encode([(35, "D"), *header, (1128, "7"), (5001, "3")], "FIXT.1.1")
    heartbeat = encode([(35, "0"), *header], "FIXT.1.1")
    options = DecodeOptions(profile="strict", dictionary=own)
    assert outcome_of(latest, options) == ("valid", [])
    assert outcome_of(heartbeat, options) == ("valid", [])
    assert "invalid_tag_number:5001" in outcome_of(older, options)[1]


def test_under_fixt_header_and_application_may_both_be_own(tmp_path: Path) -> None:
    dictionaries = [load(tmp_path, ("FIXT", 1, 1, 0)), load(tmp_path, ("FIX", 5, 0, 2))]
    options = DecodeOptions(profile="strict", dictionary=dictionaries)
    assert outcome_of(encode(QUACK, "FIXT.1.1"), options) == ("valid", [])
    session_alone = DecodeOptions(profile="strict", dictionary=dictionaries[0])
    defects = outcome_of(encode(QUACK, "FIXT.1.1"), session_alone)[1]
    assert "invalid_tag_number:5001" in defects
    assert "required_tag_missing:52" not in defects


def test_a_version_may_have_one_dictionary(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"several dictionaries of FIX\.4\.4"):
        DecodeOptions(dictionary=(load(tmp_path), load(tmp_path)))


def test_a_dictionary_of_a_version_that_no_message_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"dictionary of FIX\.4\.9 is of no use: messages are of FIX\.4\.0"
    ):
        DecodeOptions(dictionary=load(tmp_path, ("FIX", 4, 9, 0)))


def test_a_dictionary_past_the_kernels_limits_is_refused_whatever_the_messages(tmp_path: Path) -> None:
    facts = {"version": "FIX.4.4", "header": [], "trailer": [], "components": {}}
    fields = [[number, f"F{number}", "INT"] for number in range(1, 70_000)]
    dictionary = Dictionary({**facts, "fields": fields, "messages": {"0": ["Heartbeat", []]}})
    with pytest.raises(DictionaryError, match=r"FIX\.4\.4: more than 65535 fields"):
        decode([], DecodeOptions(dictionary=dictionary))


def test_equal_options_are_set_up_once(tmp_path: Path) -> None:
    own = load(tmp_path)
    assert DecodeOptions(dictionary=own) == DecodeOptions(dictionary=own)
    assert hash(DecodeOptions(dictionary=[own])) == hash(DecodeOptions(dictionary=(own,)))
    assert DecodeOptions(dictionary=own) != DecodeOptions(dictionary=load(tmp_path))


@pytest.mark.parametrize("kind", ["STRING", "MULTIPLEVALUESTRING"])
def test_a_begin_string_with_a_value_list_is_recognised_like_any_other(tmp_path: Path, kind: str) -> None:
    # What a layout asks of the first field was once looked for 64 KB behind it.
    listed = "<field number='8' name='BeginString' type='{}'><value enum='FIX.4.4' description='V'/></field>"
    path = tmp_path / "listed.xml"
    fields = BODY.replace("<field number='8' name='BeginString' type='STRING'/>", listed.format(kind))
    path.write_text(f"<fix type='FIX' major='4' minor='4' servicepack='0'>{HEADER}{fields}</fix>")
    options = DecodeOptions(profile="strict", dictionary=Dictionary.load_file(path))
    for _ in range(5):
        assert decode([encode(QUACK)], options).verdicts.to_pylist() == [Verdict.VALID]
    assert _kernel.recognised(options) == 3
