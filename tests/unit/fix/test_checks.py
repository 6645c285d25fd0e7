"""The dictionary checks: what QuickFIX would report first is first, and the rest is not lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from fixwatch.fix.decoder import DecodeOptions, decode
from fixwatch.fix.dictionary import VERSIONS, Dictionary
from fixwatch.fix.encoder import encode
from fixwatch.fix.tables import CONTEXT_NUMBERS, FieldType, flatten

Outcome = Callable[..., tuple[str, list[str]]]
HEADER: list[tuple[int, Any]] = [(34, 2), (49, "TW"), (52, "20260102-09:30:00.000"), (56, "ISLD")]
TIME = (60, "20260102-09:30:00.000")


def order(*fields: tuple[int, Any], version: str = "FIX.4.4") -> bytes:
    return encode([(35, "D"), *HEADER, (11, "id"), (40, "1"), (54, "1"), TIME, *fields], version)


def parties(*instances: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
    return [(453, len(instances)), *(pair for instance in instances for pair in instance)]


def test_an_order_is_valid(outcome: Outcome) -> None:
    assert outcome(order((55, "IBM"), (38, "100")), profile="strict") == ("valid", [])


@pytest.mark.parametrize(
    ("fields", "defects"),
    [
        ([(999, "x")], ["invalid_tag_number:999"]),
        ([(103, "1")], ["tag_not_defined_for_message:103"]),
        ([(59, "Z")], ["value_out_of_range:59"]),
        ([(59, "00")], ["incorrect_data_format:59"]),
        ([(18, "1 2 G")], []),
        ([(18, "1 ~")], ["value_out_of_range:18"]),
        ([(18, "1  2")], ["value_out_of_range:18"]),
        ([(18, "1 ")], ["value_out_of_range:18"]),
        ([(38, "+200")], ["incorrect_data_format:38"]),
        ([(114, "X")], ["incorrect_data_format:114"]),
        ([(60, "20260102-09:30:00.000")], ["tag_appears_more_than_once:60"]),
        ([(167, "BOO")], ["value_out_of_range:167"]),
        ([(167, "FUT")], []),
        ([(200, "202613")], ["incorrect_data_format:200"]),
        ([(200, "202612w5")], []),
        ([(64, "20260230")], ["incorrect_data_format:64"]),
        ([(43, "N")], ["tag_out_of_order:43"]),
        ([(93, 1), (89, "x"), (55, "IBM")], ["tag_out_of_order:55"]),
    ],
)
def test_a_field_is_checked(outcome: Outcome, fields: list[tuple[int, Any]], defects: list[str]) -> None:
    assert outcome(order(*fields), profile="strict") == ("rejected" if defects else "valid", defects)


def test_required_tags_are_reported_in_the_order_of_header_and_body(outcome: Outcome) -> None:
    message = encode([(35, "D"), (49, "A"), (56, "B"), (54, "1"), TIME])
    assert outcome(message) == (
        "rejected",
        [f"required_tag_missing:{tag}" for tag in (34, 52, 11, 40)],
    )


def test_a_missing_comp_id_comes_before_all_others(outcome: Outcome) -> None:
    message = encode([(35, "?"), (34, 1), (49, "A"), (52, "20260102-09:30:00"), (58, "x"), (97, "Y")])
    assert outcome(message)[1] == [
        "required_tag_missing:56",
        "tag_out_of_order:97",
        "invalid_msg_type:35",
    ]


def test_the_defect_that_quickfix_meets_first_is_first(outcome: Outcome) -> None:
    # In the message's order: 999, 59, 21. QuickFIX looks at the body sorted by tag.
    verdict, defects = outcome(order((999, "x"), (59, "Z"), (21, "9")))
    assert (verdict, defects) == (
        "rejected",
        ["value_out_of_range:21", "invalid_tag_number:999", "value_out_of_range:59"],
    )


def test_header_before_body_and_structure_before_all(outcome: Outcome) -> None:
    message = encode([(35, "D"), *HEADER, (43, "X"), (40, "~"), (54, "1"), TIME, (11, "id"), (97, "Z")])
    assert outcome(message)[1] == [
        "tag_out_of_order:97",
        "incorrect_data_format:43",
        "value_out_of_range:40",
        "incorrect_data_format:97",
    ]


def test_user_defined_tags_pass_in_the_tolerant_profile_alone(outcome: Outcome) -> None:
    message = order((5000, "x"), (20001, "y"))
    assert outcome(message) == ("valid", [])
    assert outcome(message, profile="strict") == (
        "rejected",
        ["invalid_tag_number:5000", "invalid_tag_number:20001"],
    )
    assert outcome(order((5000, "x"), (5000, "y"))) == ("rejected", ["tag_appears_more_than_once:5000"])


def test_an_unknown_message_type(outcome: Outcome) -> None:
    assert outcome(encode([(35, "*"), *HEADER])) == ("rejected", ["invalid_msg_type:35"])
    assert outcome(encode([(35, "x" * 50), *HEADER])) == ("rejected", ["invalid_msg_type:35"])


@pytest.mark.parametrize("version", ["FIX.4.5", "FIX.5.0", "FIX.5.0SP2", "FIXT.1.2", "FIX", "FIX.4.44"])
def test_an_unknown_version_is_rejected_and_read(outcome: Outcome, version: str) -> None:
    message = order((55, "IBM"), version=version)
    assert outcome(message) == ("rejected", ["unsupported_version:8"])
    assert decode([message]).columns.column("symbol")[0].as_py() == "IBM"


@pytest.mark.parametrize("value", ["-1", "-0", "-99999999999999999999"])
def test_a_sequence_number_has_no_sign(outcome: Outcome, value: str) -> None:
    # FIX 4.4 volume 1, "SeqNum": positive. QuickFIX says 6 as well.
    header = [(34, value), *HEADER[1:]]
    reset = encode([(35, "4"), *HEADER, (36, value)])
    assert outcome(encode([(35, "0"), *header])) == ("rejected", ["incorrect_data_format:34"])
    assert outcome(reset) == ("rejected", ["incorrect_data_format:36"])
    # Among many of its layout, whose numbers are right, too.
    good = [encode([(35, "4"), *HEADER, (36, number)]) for number in range(1, 200)]
    decoded = decode([*good, reset, *good])
    assert [verdict for verdict in decoded.verdicts.to_pylist() if verdict] == [1]
    # Up to FIX 4.2 it was an int like others.
    assert outcome(encode([(35, "0"), (34, "-1"), *HEADER[1:]], "FIX.4.2")) == ("valid", [])


def test_groups_are_counted(outcome: Outcome) -> None:
    two = parties([(448, "a"), (447, "D"), (452, 1)], [(448, "b"), (447, "D"), (452, 3)])
    assert outcome(order(*two, (55, "IBM")), profile="strict") == ("valid", [])
    assert outcome(order((453, 3), *two[1:], (55, "IBM"))) == ("rejected", ["group_count_wrong:453"])
    assert outcome(order((453, "9" * 30), *two[1:])) == ("rejected", ["group_count_wrong:453"])
    assert outcome(order((453, 0), (55, "IBM"))) == ("valid", [])


def test_a_group_in_another_order_is_still_a_group(outcome: Outcome) -> None:
    fields = parties([(447, "D"), (448, "a"), (452, 1)])
    assert outcome(order((453, 1), *fields[2:], fields[1]))[0] == "valid"


def test_with_strict_group_order_members_must_stand_as_in_the_dictionary(outcome: Outcome) -> None:
    def strict(*fields: tuple[int, object]) -> tuple[str, list[str]]:
        return outcome(order(*fields), group_order="strict")

    # NoPartyIDs(453): PartyID(448), PartyIDSource(447), PartyRole(452), NoPartySubIDs(802).
    assert strict((453, 2), (448, "A"), (447, "D"), (452, 1), (448, "B"), (452, 1)) == ("valid", [])
    assert strict((453, 1), (448, "A"), (452, 1), (447, "D")) == (
        "rejected",
        ["group_fields_out_of_order:447"],
    )
    assert strict((453, 1), (447, "D"), (448, "A")) == (
        "rejected",
        # An instance begins with its delimiter: here are two.
        ["group_count_wrong:453", "group_fields_out_of_order:447"],
    )
    assert strict((453, 1), (447, "D"), (452, 1)) == ("rejected", ["group_fields_out_of_order:447"])
    assert strict((453, 0), (448, "A"), (447, "D"))[0] == "rejected"


def test_with_strict_group_order_inner_groups_have_theirs(outcome: Outcome) -> None:
    inner = [(802, 2), (523, "a"), (803, 1), (523, "b")]
    outer = [(453, 2), (448, "A"), (447, "D"), (452, 1), *inner, (448, "B"), (447, "D")]
    assert outcome(order(*outer), group_order="strict") == ("valid", [])
    wrong = [*outer[:4], (802, 1), (803, 1), (447, "D"), *outer[-2:]]
    assert outcome(order(*wrong), group_order="strict")[1] == [
        "group_count_wrong:453",
        "group_fields_out_of_order:803",
        "group_fields_out_of_order:447",
    ]
    assert outcome(order(*outer[:2], *inner, (447, "D"), (448, "B")), group_order="strict")[1] == [
        "group_fields_out_of_order:447"
    ]


def test_what_quickfix_says_goes_before_the_order_inside_groups(outcome: Outcome) -> None:
    message = order((453, 1), (448, "A"), (452, 1), (447, "D"), (59, "Z"))
    defects = outcome(message, group_order="strict")[1]
    assert defects == ["value_out_of_range:59", "group_fields_out_of_order:447"]


def test_a_tag_that_is_a_member_twice_may_stand_at_either_place(outcome: Outcome) -> None:
    dictionary = Dictionary.load("FIX.5.0")
    twice = [
        (name, member, tag)
        for name in dictionary.msg_types
        for member in getattr(dictionary.message(name), "members", ())
        for tag, count in Counter(inner.tag for inner in member.group).items()
        if count > 1
    ]
    assert twice  # FIX 5.0 has such groups; where a version has none there is nothing to choose
    for msg_type, member, tag in twice:
        tags = [inner.tag for inner in member.group]
        for place in (place for place, known in enumerate(tags) if known == tag):
            # The delimiter, the member in front, the one that is there twice, the one behind.
            chosen = [tags[0], *tags[max(place - 1, 1) : place + 2]]
            fields = [(member.tag, 1), *((each, "1") for each in dict.fromkeys(chosen))]
            message = encode([(35, msg_type), *HEADER, (1128, "7"), *fields], "FIXT.1.1")
            defects = outcome(message, group_order="strict")[1]
            assert not [defect for defect in defects if defect.startswith("group_fields")], (fields, tags)


def test_a_users_tag_between_members_has_no_place(outcome: Outcome) -> None:
    members = [(453, 1), (448, "A"), (9001, "x"), (447, "D"), (9002, "y"), (452, 1)]
    assert outcome(order(*members), group_order="strict") == ("valid", [])


def test_groups_nest_and_inner_counts_are_checked(outcome: Outcome) -> None:
    inner = [(802, 2), (523, "x"), (803, 1), (523, "y"), (803, 2)]
    good = parties([(448, "a"), (447, "D"), (452, 1), *inner], [(448, "b")])
    assert outcome(order(*good, (55, "IBM"))) == ("valid", [])
    wrong = [(tag, 3 if tag == 802 else value) for tag, value in good]
    assert outcome(order(*wrong, (55, "IBM"))) == ("rejected", ["group_count_wrong:802"])


def test_values_inside_groups_are_checked_after_all_else(outcome: Outcome) -> None:
    fields = parties([(448, "a"), (447, "DD"), (452, 1)])
    assert outcome(order(*fields, (59, "Z")))[1] == ["value_out_of_range:59", "incorrect_data_format:447"]


def test_an_unknown_tag_inside_a_group_does_not_break_it(outcome: Outcome) -> None:
    fields = parties([(448, "a"), (9001, "x"), (447, "D")], [(448, "b"), (447, "D"), (9002, "y")])
    assert outcome(order(*fields, (55, "IBM"))) == ("valid", [])


def test_in_the_strict_profile_an_unknown_tag_ends_a_group_as_in_quickfix(outcome: Outcome) -> None:
    fields = parties([(448, "a"), (9001, "x"), (447, "D")])
    assert outcome(order(*fields), profile="strict") == (
        "rejected",
        ["tag_not_defined_for_message:447", "invalid_tag_number:9001"],
    )


def test_a_group_at_the_end_of_the_body_does_not_leak_into_the_trailer(outcome: Outcome) -> None:
    message = order(*parties([(448, "a"), (447, "D")]), (93, 3), (89, b"a\x01b"))
    assert outcome(message) == ("valid", [])


def test_a_header_group_is_read(outcome: Outcome) -> None:
    hops = [(627, 2), (628, "a"), (629, "20260102-09:30:00"), (628, "b")]
    message = encode([(35, "0"), *HEADER, *hops, (112, "x")])
    assert outcome(message, profile="strict") == ("valid", [])


def test_columns_take_the_root_never_a_group() -> None:
    legs = [(555, 2), (600, "L1"), (624, "1"), (600, "L2"), (624, "2"), (54, "2")]
    message = encode([(35, "AE"), *HEADER, (571, "r"), (570, "N"), (32, 5), (31, "1.5"), (75, "20260102"), TIME,
                      (552, 1), (54, "1"), (37, "O"), (11, "inner"), (1, "ACC")])  # fmt: skip
    row = decode([message]).columns.to_pylist()[0]
    assert (row["last_qty"], row["side"], row["cl_ord_id"], row["account"]) == (5, None, None, None)
    multileg = encode([(35, "AB"), *HEADER, (11, "id"), *legs[:-1], (54, "B"), (40, "1"), TIME])
    assert decode([multileg]).columns.column("side")[0].as_py() == "B"


def test_groups_are_read_in_garbled_messages_too() -> None:
    message = order(*parties([(448, "a"), (447, "D")])).replace(b"10=", b"11=")
    assert decode([message]).columns.column("cl_ord_id")[0].as_py() == "id"


def test_fixt_sessions_use_the_application_version(outcome: Outcome) -> None:
    message = order((55, "IBM"), (2376, "1"), version="FIXT.1.1")
    assert outcome(message, default_appl_ver_id="FIX.5.0")[1] == ["invalid_tag_number:2376"]
    assert "invalid_tag_number:2376" not in outcome(message)[1]
    assert outcome(message, default_appl_ver_id="7") == outcome(message, default_appl_ver_id="FIX.5.0")


def test_appl_ver_id_of_the_message_comes_first(outcome: Outcome) -> None:
    fields = [(35, "D"), (1128, "4"), *HEADER, (11, "id"), (21, "1"), (55, "IBM"), (54, "1"), TIME, (40, "1")]
    assert outcome(encode(fields, "FIXT.1.1"), profile="strict") == ("valid", [])
    fields[1] = (1128, "x")
    assert outcome(encode(fields, "FIXT.1.1"))[1] == ["unsupported_version:1128", "value_out_of_range:1128"]


def test_fixt_admin_messages_are_the_sessions(outcome: Outcome) -> None:
    logon = [(35, "A"), *HEADER, (98, 0), (108, 30), (1137, "9")]
    assert outcome(encode(logon, "FIXT.1.1"), profile="strict") == ("valid", [])
    assert outcome(encode(logon[:-1], "FIXT.1.1"))[1] == ["required_tag_missing:1137"]


def test_xml_that_is_not_fix_is_the_sessions_too(outcome: Outcome) -> None:
    message = encode([(35, "n"), *HEADER, (212, 4), (213, b"<a/>")], "FIXT.1.1")
    assert outcome(message, profile="strict") == ("valid", [])


def test_a_day_of_month_is_one_to_31(outcome: Outcome) -> None:
    fields = [(55, "IBM"), (38, "5"), (21, "1"), (167, "FUT"), (200, "202612")]
    assert outcome(order(*fields, (205, "31"), version="FIX.4.2")) == ("valid", [])
    assert outcome(order(*fields, (205, "32"), version="FIX.4.2"))[1] == ["incorrect_data_format:205"]


def test_up_to_fix_41_a_char_may_be_longer(outcome: Outcome) -> None:
    message = order((55, "IBM"), (38, "5"), (21, "1"), (18, "12"), version="FIX.4.1")
    assert "incorrect_data_format:18" not in outcome(message)[1]


def test_a_message_records_so_many_defects_and_keeps_the_primary_one(outcome: Outcome) -> None:
    message = order(*[(4000 + n, "x") for n in range(900)], (59, "Z"))
    verdict, defects = outcome(message)
    assert verdict == "rejected"
    assert len(defects) == 256
    assert defects[0] == "value_out_of_range:59"


def test_every_version_loads_into_the_kernel_and_reads_its_own_messages(outcome: Outcome) -> None:
    for version in VERSIONS:
        begin = "FIXT.1.1" if version.startswith("FIX.5") else version
        application = version if version.startswith("FIX.5") else None
        for msg_type in Dictionary.load(version).msg_types:
            message = encode([(35, msg_type), *HEADER], begin)
            _, defects = outcome(message, default_appl_ver_id=application)
            assert {defect.partition(":")[0] for defect in defects} <= {"required_tag_missing"}


@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_kernel_follows_is_inside_its_tables(version: str) -> None:
    tables = flatten(Dictionary.load(version))
    fields, contexts = len(tables.type), len(tables.contexts) // CONTEXT_NUMBERS
    assert max(tables.number_of) < fields <= tables.words * 64
    assert max(tables.enum_of) * 4 < len(tables.single)
    assert set(tables.type) <= set(FieldType)
    for number in range(contexts):
        context = tables.contexts[number * CONTEXT_NUMBERS :][:CONTEXT_NUMBERS]
        members, delimiter, groups, group_count, required, required_count, order, order_count = context
        assert (members + 1) * tables.words <= len(tables.bitsets)
        assert delimiter < fields
        assert groups + group_count <= len(tables.group_field) == len(tables.group_context)
        assert required + required_count <= len(tables.required_tag)
        assert order + order_count <= len(tables.order_field) == len(tables.order_place)
        places = tables.order_place[order : order + order_count]
        assert sorted(places) == list(range(1, len(places) + 1))
        assert (order_count > 0) == (delimiter > 0)
    assert all(context < contexts for context in tables.group_context)
    assert all(context < contexts for _, context in tables.messages)


def test_options_say_which_versions_there_are() -> None:
    from fixwatch.errors import SettingsError

    with pytest.raises(SettingsError, match=r"FIX\.5\.0SP2"):
        DecodeOptions(default_appl_ver_id="FIX.6")
