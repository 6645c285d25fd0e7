from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from fixwatch.errors import DictionaryError
from fixwatch.fix.data_fields import DATA_LENGTH_TAG
from fixwatch.fix.dictionary import ADMIN_MSG_TYPES, VERSIONS, Dictionary, Member

SMALL = """<fix type='FIX' major='4' minor='4' servicepack='0'>
 <header><field name='BeginString' required='Y'/></header>
 <trailer><field name='CheckSum' required='Y'/></trailer>
 <messages>
  <message name='News' msgtype='B' msgcat='app'>
   <field name='Headline' required='Y'/>
   <component name='Parties' required='N'/>
  </message>
 </messages>
 <components>
  <component name='Parties'>
   <group name='NoPartyIDs' required='N'><field name='PartyID' required='N'/></group>
  </component>
 </components>
 <fields>
  <field number='8' name='BeginString' type='STRING'/>
  <field number='10' name='CheckSum' type='STRING'/>
  <field number='148' name='Headline' type='STRING'/>
  <field number='448' name='PartyID' type='STRING'/>
  <field number='453' name='NoPartyIDs' type='NUMINGROUP'/>
 </fields>
</fix>
"""


def members(found: tuple[Member, ...]) -> set[int]:
    return {member.tag for member in found} | {tag for member in found for tag in members(member.group)}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_is_complete(version: str) -> None:
    dictionary = Dictionary.load(version)
    assert dictionary.version == version
    assert len(dictionary.msg_types) >= (8 if version == "FIXT.1.1" else 27)
    known = set(dictionary.fields)
    if not version.startswith("FIX.5"):
        assert set(ADMIN_MSG_TYPES) <= set(dictionary.msg_types)
        assert {8, 9, 35, 49, 56, 34, 52} <= members(dictionary.header) <= known
        assert {10, 93, 89} <= members(dictionary.trailer) <= known
    for msg_type in dictionary.msg_types:
        definition = dictionary.message(msg_type)
        assert definition is not None
        assert members(definition.members) <= known


@pytest.mark.parametrize("version", VERSIONS)
def test_every_data_field_has_its_length_field(version: str) -> None:
    for field in Dictionary.load(version).fields.values():
        if field.type in ("DATA", "XMLDATA"):
            assert field.tag in DATA_LENGTH_TAG, field
            length = Dictionary.load(version).field(DATA_LENGTH_TAG[field.tag])
            assert length is None or length.type in ("LENGTH", "INT")


def test_fields_are_found_by_tag_and_by_name() -> None:
    dictionary = Dictionary.load("FIX.4.4")
    field = dictionary.field("Side")
    assert field is dictionary.field(54) is not None
    assert (field.tag, field.type, field.enums["1"]) == (54, "CHAR", "BUY")
    assert dictionary.field(4999) is dictionary.field("Nothing") is None


def test_meanings() -> None:
    dictionary = Dictionary.load("9")
    assert dictionary.version == "FIX.5.0SP2"
    assert dictionary.enum_meaning(54, "2") == "SELL"
    assert dictionary.enum_meaning(35, "8") == "ExecutionReport"
    assert dictionary.enum_meaning(54, "~") is dictionary.enum_meaning(55, "IBM") is None


def test_groups_nest() -> None:
    definition = Dictionary.load("FIX.4.4").message("D")
    assert definition is not None
    parties = next(member for member in definition.members if member.tag == 453)
    assert [member.tag for member in parties.group] == [448, 447, 452, 802]
    assert [member.tag for member in parties.group[3].group] == [523, 803]


def test_fields_of_an_optional_component_are_not_required() -> None:
    definition = Dictionary.load("FIX.4.4").message("D")
    assert definition is not None
    required = {member.tag for member in definition.members if member.required}
    assert {11, 54, 60, 40} <= required
    assert 55 not in required


def test_an_unknown_version_is_named() -> None:
    with pytest.raises(DictionaryError, match=r"'FIX\.9\.9'.*FIX\.4\.0"):
        Dictionary.load("FIX.9.9")


def test_a_dictionary_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "own.xml"
    path.write_text(SMALL)
    dictionary = Dictionary.load_file(path)
    definition = dictionary.message("B")
    assert definition is not None
    assert definition.members == (Member(148, True), Member(453, False, (Member(448, False),)))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<fix ", "<fox ", r":22: mismatched tag"),
        ("</fix>", "", r":23: no element found"),
        ("number='448'", "number='x'", r":19: field PartyID has number 'x'"),
        ("number='448'", "number='148'", r":19: tag 148 is defined twice"),
        ("name='PartyID' type", "name='Headline' type", r":19: field Headline is defined twice"),
        ("name='Headline' required", "name='Heading' required", r":6: field Heading is not defined"),
        (
            "<component name='Parties' required",
            "<component name='Party' required",
            r":7: component Party is not",
        ),
        ("<field name='PartyID' required='N'/>", "", r":12: group NoPartyIDs has no fields"),
        (
            "<group name='NoPartyIDs' required='N'>",
            "<component name='Parties'/><group name='NoPartyIDs' required='N'>",
            r":11: component Parties contains itself",
        ),
        (" major='4'", "", r":1: <fix> has no major"),
        ("number='448'", "number='" + "4" * 5000 + "'", r":19: field PartyID has number '4+', not a tag"),
        ("<fix ", "<?xml version='1.0' encoding='utf-9'?><fix ", r":1: unknown encoding"),
        ("<fix ", "<!DOCTYPE x [<!ENTITY a 'b'>]><fix ", r":1: declares an entity"),
        ("<fix ", "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><fix ", r":1: declares an entity"),
        (
            "<fix ",
            "<!DOCTYPE x [<!ENTITY % a SYSTEM 'file:///etc/passwd'>%a;]><fix ",
            r":1: declares an entity",
        ),
        ("<trailer>", "<trailer>" + "<x>" * 100, r":3: elements are nested more than 64 deep"),
        ("<trailer>", "<trailer><oops/>", r":3: <oops> has no place in <trailer>"),
    ],
)
def test_a_broken_dictionary_names_file_and_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = tmp_path / "own.xml"
    path.write_text(SMALL.replace(old, new, 1))
    with pytest.raises(DictionaryError, match=r"own\.xml" + words):
        Dictionary.load_file(path)


def test_a_missing_dictionary_is_said(tmp_path: Path) -> None:
    with pytest.raises(DictionaryError, match=r"none\.xml: No such file"):
        Dictionary.load_file(tmp_path / "none.xml")


def test_the_root_says_which_form_a_file_has(tmp_path: Path) -> None:
    path = tmp_path / "own.xml"
    path.write_text("<rss/>")
    with pytest.raises(DictionaryError, match=r"own\.xml:1: the root is <rss>: neither QuickFIX's <fix> nor"):
        Dictionary.load_file(path)


def test_components_that_double_thirty_times_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "own.xml"
    names = ["Parties", *(f"C{number}" for number in range(30))]
    doubling = "".join(
        f"<component name='{outer}'><component name='{inner}'/><component name='{inner}'/></component>"
        for inner, outer in pairwise(names)
    )
    path.write_text(SMALL.replace("</components>", doubling + "</components>"))
    with pytest.raises(
        DictionaryError, match=r"own\.xml:14: component C\d+ stands for more than 5,000,000 fields"
    ):
        Dictionary.load_file(path)


def test_a_chain_of_components_is_refused_before_it_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "own.xml"
    names = ["Parties", *(f"C{number}" for number in range(5000))]
    chain = "".join(
        f"<component name='{outer}'><component name='{inner}'/></component>"
        for inner, outer in pairwise(names)
    )
    path.write_text(SMALL.replace("</components>", chain + "</components>"))
    with pytest.raises(DictionaryError, match="is nested too deep"):
        Dictionary.load_file(path)
