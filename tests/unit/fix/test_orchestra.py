"""FIX Orchestra repositories, by one written here: an exchange of cats, with the tags of FIX 4.4."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from fixwatch.errors import DictionaryError
from fixwatch.fix.dictionary import Dictionary, Member
from fixwatch.fix.tables import flatten

CATS = """<?xml version='1.0' encoding='UTF-8'?>
<fixr:repository name='Cats' version='FIX.4.4_CATS7' xmlns:fixr='http://fixprotocol.io/2020/orchestra/repository'
  xmlns:dc='http://purl.org/dc/elements/1.1/'>
 <fixr:metadata><dc:title>Cats</dc:title></fixr:metadata>
 <fixr:datatypes>
  <fixr:datatype name='String'/><fixr:datatype name='Whiskers' baseType='Fur'/>
  <fixr:datatype name='Fur' baseType='Qty'><fixr:annotation><fixr:documentation/></fixr:annotation></fixr:datatype>
  <fixr:datatype name='Purr'/>
 </fixr:datatypes>
 <fixr:codeSets>
  <fixr:codeSet name='SideCodeSet' id='54' type='char'>
   <fixr:code name='Buy' id='54001' value='1'><fixr:annotation/></fixr:code>
   <fixr:code name='Sell' id='54002' value='2'/>
  </fixr:codeSet>
  <fixr:codeSet name='SideCodeSet' id='54' scenario='Auction' type='char'>
   <fixr:code name='Borrow' id='54003' value='G'/>
  </fixr:codeSet>
  <fixr:codeSet name='RoleCodeSet' id='452' type='int'><fixr:code name='Cat' id='1' value='1'/></fixr:codeSet>
 </fixr:codeSets>
 <fixr:fields>
  <fixr:field id='8' name='BeginString' type='String'/>
  <fixr:field id='10' name='CheckSum' type='String'/>
  <fixr:field id='35' name='MsgType' type='String'/>
  <fixr:field id='38' name='OrderQty' type='Whiskers'/>
  <fixr:field id='54' name='Side' type='SideCodeSet'/>
  <fixr:field id='54' name='Side' scenario='Auction' codeSet='SideCodeSet' codeSetScenario='Auction'/>
  <fixr:field id='95' name='RawDataLength' type='Length'/>
  <fixr:field id='96' name='RawData' type='data' lengthId='95'/>
  <fixr:field id='205' name='MaturityDay' type='day-of-month'/>
  <fixr:field id='448' name='PartyID' type='Purr'/>
  <fixr:field id='452' name='PartyRole' type='RoleCodeSet' unionDataType='Reserved100Plus'/>
  <fixr:field id='453' name='NoPartyIDs' type='NumInGroup'/>
  <fixr:field id='523' name='PartySubID' type='String'/>
  <fixr:field id='802' name='NoPartySubIDs' type='NumInGroup'/>
 </fixr:fields>
 <fixr:components>
  <fixr:component id='1024' name='StandardHeader'>
   <fixr:fieldRef id='8' presence='required'/><fixr:fieldRef id='35' presence='required'/>
  </fixr:component>
  <fixr:component id='1025' name='StandardTrailer'><fixr:fieldRef id='10' presence='required'/></fixr:component>
  <fixr:component id='7' name='Terms'>
   <fixr:fieldRef id='38' presence='required'/><fixr:fieldRef id='205' presence='forbidden'/>
  </fixr:component>
  <fixr:component id='8' name='Who'><fixr:groupRef id='1'/></fixr:component>
 </fixr:components>
 <fixr:groups>
  <fixr:group id='1' name='Parties'>
   <fixr:numInGroup id='453'/>
   <fixr:fieldRef id='448' presence='required'/><fixr:fieldRef id='452'/><fixr:groupRef id='2'/>
  </fixr:group>
  <fixr:group id='2' name='PtysSubGrp'><fixr:numInGroup id='802'/><fixr:fieldRef id='523'/></fixr:group>
 </fixr:groups>
 <fixr:messages>
  <fixr:message id='14' name='NewOrderSingle' msgType='D'>
   <fixr:structure>
    <fixr:componentRef id='1024' presence='required'/>
    <fixr:fieldRef id='54' presence='required'/>
    <fixr:componentRef id='7' presence='required'/>
    <fixr:componentRef id='8'/>
    <fixr:fieldRef id='95'/><fixr:fieldRef id='96'/>
    <fixr:componentRef id='1025' presence='required'/>
   </fixr:structure>
  </fixr:message>
  <fixr:message id='14' name='NewOrderSingle' msgType='D' scenario='Auction'>
   <fixr:structure><fixr:componentRef id='7' presence='required'/><fixr:fieldRef id='205' presence='required'/>
   </fixr:structure>
  </fixr:message>
  <fixr:message id='1' name='Heartbeat' msgType='0'/>
 </fixr:messages>
</fixr:repository>
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "cats.xml"
    path.write_text(CATS)
    return path


def test_fields_have_types_and_meanings(path: Path) -> None:
    cats = Dictionary.load_file(path)
    assert cats.version == "FIX.4.4"
    types = {tag: field.type for tag, field in cats.fields.items()}
    assert types[54] == "CHAR"
    assert types[38] == "QTY"  # Whiskers is Fur, and Fur is Qty
    assert types[205] == "DAYOFMONTH"
    assert types[448] == "STRING"  # Purr says nothing of what it is like
    assert cats.enum_meaning(54, "1") == "Buy"
    assert cats.enum_meaning(35, "D") == "NewOrderSingle"


def test_data_fields_come_with_their_lengths(path: Path) -> None:
    cats = Dictionary.load_file(path)
    assert [cats.fields[tag].type for tag in (95, 96)] == ["LENGTH", "DATA"]


def test_values_of_every_scenario_pass_and_a_union_allows_any(path: Path) -> None:
    cats = Dictionary.load_file(path)
    assert set(cats.fields[54].enums) == {"1", "2", "G"}
    assert cats.fields[452].enums == {}


def test_components_and_groups_are_resolved(path: Path) -> None:
    cats = Dictionary.load_file(path)
    assert cats.header == (Member(8, True), Member(35, True))
    assert cats.trailer == (Member(10, True),)
    definition = cats.message("D")
    assert definition is not None
    parties = (Member(448, True), Member(452, False), Member(802, False, (Member(523, False),)))
    assert definition.members == (
        Member(54, False),  # an auction's order has none
        Member(38, True),
        Member(453, False, parties),
        Member(95, False),
        Member(96, False),
        Member(205, False),
    )
    heartbeat = cats.message("0")
    assert heartbeat is not None
    assert heartbeat.members == ()


def test_what_one_scenario_alone_requires_is_not_required(path: Path) -> None:
    only = re.sub(
        r"  <fixr:message id='14'[^>]*scenario='Auction'>.*?</fixr:message>\n", "", CATS, flags=re.DOTALL
    )
    path.write_text(only)
    definition = Dictionary.load_file(path).message("D")
    assert definition is not None
    assert definition.members[0] == Member(54, True)


def test_the_kernel_can_use_it(path: Path) -> None:
    tables = flatten(Dictionary.load_file(path))
    assert [msg_type for msg_type, _ in tables.messages] == [b"D", b"0"]


@pytest.mark.parametrize(
    ("version", "name"),
    [("FIX.Latest_EP269", "FIX.5.0SP2"), ("FIX.5.0SP2_EP247", "FIX.5.0SP2"), ("FIXT.1.1", "FIXT.1.1")],
)
def test_the_version_is_that_on_the_wire(path: Path, version: str, name: str) -> None:
    path.write_text(CATS.replace("FIX.4.4_CATS7", version))
    cats = Dictionary.load_file(path)
    assert cats.version == name
    # Application versions go in FIXT.1.1's header and trailer.
    assert (cats.header == ()) == (name != "FIXT.1.1")


def test_a_scenario_may_be_named_by_its_number(path: Path) -> None:
    expected = Dictionary.load_file(path)
    numbered = CATS.replace("scenario='Auction'", "scenarioId='2'").replace(
        "codeSetScenario='Auction'", "codeSetScenarioId='2'"
    )
    scenarios = "<fixr:scenarios><fixr:scenario id='2' name='Auction'/></fixr:scenarios>"
    for text in (numbered, numbered.replace("<fixr:messages>", f"{scenarios}<fixr:messages>")):
        path.write_text(text)
        cats = Dictionary.load_file(path)
        assert cats.fields == expected.fields
        assert cats.message("D") == expected.message("D")


@pytest.mark.parametrize("year", ["2016/fixrepository", "2022/orchestra/repository"])
def test_every_edition_of_the_namespace_is_read(path: Path, year: str) -> None:
    path.write_text(CATS.replace("2020/orchestra/repository", year))
    assert Dictionary.load_file(path).field("Side") is not None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("version='FIX.4.4_CATS7'", "version='7'", r" neither version nor name"),
        ("<fixr:fieldRef id='448'", "<fixr:fieldRef id='449'", r": field 449 is not defined in <fields>"),
        (
            "<fixr:fieldRef id='448' presence='required'/>",
            "<fixr:feildRef id='448'/>",
            r": <feildRef> has no place in <group>",
        ),
        ("<fixr:groupRef id='2'/>", "<fixr:groupRef id='3'/>", r": group 3 is not defined"),
        (
            "<fixr:componentRef id='8'/>",
            "<fixr:componentRef id='8' scenario='x'/>",
            r"8 is not defined for x",
        ),
        ("<fixr:numInGroup id='802'/>", "", r": group PtysSubGrp has no numInGroup"),
        (
            "<fixr:numInGroup id='802'/><fixr:fieldRef id='523'/>",
            "<fixr:numInGroup id='802'/>",
            r"has no fields",
        ),
        ("type='Purr'", "type='Pur'", r": datatype Pur is not defined"),
        ("baseType='Qty'", "baseType='Whiskers'", r": datatype \w+ is not defined"),
        ("codeSet='SideCodeSet'", "codeSet='Sides'", r": code set Sides is not defined"),
        ("id='205' name", "id='-5' name", r": field MaturityDay has id '-5', not a tag"),
        ("id='205' name", "id='96' name", r": tag 96 is defined twice"),
        ("lengthId='95'", "lengthId='94'", r": field 94 is not defined"),
        (
            "scenario='Auction'>\n",
            "inheritsScenarioId='1'>\n",
            r": inherits from another scenario, which is not read",
        ),
        (" name='PartyID'", "", r": <field> has no name"),
        ("msgType='0'", "msgType='D'", r": message D is defined twice"),
        ("<fixr:group id='2'", "<fixr:group id='1'", r": group 1 is defined twice"),
        ("<fixr:fieldRef id='523'/>", "<fixr:groupRef id='1'/>", r": \w+ contains itself"),
        ("</fixr:repository>", "", r": no element found"),
    ],
)
def test_a_broken_repository_names_file_and_line(path: Path, old: str, new: str, words: str) -> None:
    assert old in CATS
    path.write_text(CATS.replace(old, new, 1))
    with pytest.raises(DictionaryError, match=r"cats\.xml:\d+.*" + words):
        Dictionary.load_file(path)


def test_groups_that_grow_fourfold_are_refused_at_once(path: Path) -> None:
    growing = "".join(
        f"<fixr:group id='{outer}' name='G{outer}'><fixr:numInGroup id='802'/>"
        + f"<fixr:groupRef id='{inner}'/>" * 4
        + "</fixr:group>"
        for inner, outer in pairwise(range(2, 16))
    )
    path.write_text(CATS.replace("</fixr:groups>", growing + "</fixr:groups>"))
    with pytest.raises(DictionaryError, match="stands for more than 5,000,000 fields"):
        Dictionary.load_file(path)


def test_entities_are_refused_before_they_grow(path: Path) -> None:
    nested = "".join(f"<!ENTITY e{outer} '{f'&e{inner};' * 10}'>" for inner, outer in pairwise(range(20)))
    path.write_text(
        CATS.replace("<fixr:repository", f"<!DOCTYPE x [<!ENTITY e0 'x'>{nested}]><fixr:repository", 1)
    )
    with pytest.raises(DictionaryError, match=r"cats\.xml:2: declares an entity, which no dictionary needs"):
        Dictionary.load_file(path)
