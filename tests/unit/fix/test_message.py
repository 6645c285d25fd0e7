from __future__ import annotations

import json
import subprocess
import sys

import pytest

from fixwatch.fix.decoder import DecodeOptions
from fixwatch.fix.encoder import encode
from fixwatch.fix.message import Message

ORDER = encode(
    [
        *((35, "D"), (34, 2), (49, "A"), (56, "B"), (52, "20260102-09:30:00"), (11, "id"), (18, "1 G")),
        *((453, 2), (448, "p"), (452, 1), (802, 2), (523, "x"), (803, 1), (523, "y"), (803, 2), (448, "q")),
        *((55, "IBM"), (54, "1"), (9001, "own")),
    ]
)


def test_fields_have_names_and_meanings() -> None:
    message = Message.parse(ORDER)
    side = message.find(54)
    assert side is not None
    assert (side.name, side.value, side.meaning) == ("Side", "1", "BUY")
    own = message.find(9001)
    assert own is not None
    assert (own.name, own.value, own.meaning) == (None, "own", None)
    assert (message.version, message.msg_type) == ("FIX.4.4", "D")
    assert message.to_dict()["name"] == "NewOrderSingle"


def test_values_of_several_have_several_meanings() -> None:
    field = Message.parse(ORDER).find(18)
    assert field is not None
    assert field.meaning == "NOT_HELD ALL_OR_NONE"


def test_groups_are_inside_groups() -> None:
    parties = Message.parse(ORDER).find(453)
    assert parties is not None
    assert [[field.tag for field in instance] for instance in parties.groups] == [[448, 452, 802], [448]]
    assert [[field.value for field in instance] for instance in parties.groups[0][2].groups] == [
        ["x", "1"],
        ["y", "2"],
    ]


def test_walking_gives_every_field_in_the_messages_order() -> None:
    walked = list(Message.parse(ORDER).walk())
    rebuilt = b"".join(b"%d=%b\x01" % (field.tag or 0, field.raw) for _, field in walked)
    assert rebuilt == ORDER
    assert [depth for depth, field in walked if field.tag in (453, 448, 523, 55)] == [0, 1, 2, 2, 1, 0]


def test_text_and_json_are_readable() -> None:
    message = Message.parse(ORDER)
    assert "      [1]\n        523 PartySubID = x\n" in message.to_text()
    assert json.loads(message.to_json()) == message.to_dict()


@pytest.mark.parametrize("delimiter", [b"|", b"^A"])
def test_a_paste_is_read(delimiter: bytes) -> None:
    assert Message.parse(ORDER.replace(b"\x01", delimiter)).to_dict() == Message.parse(ORDER).to_dict()


def test_what_is_no_field_is_shown_too() -> None:
    message = Message.parse(b"8=FIX.4.2\x0135=8\x01garbage\x0154=1\x0110=000\x01more")
    assert [(field.tag, field.raw) for field in message.fields] == [
        (8, b"FIX.4.2"),
        (35, b"8"),
        (None, b"garbage"),
        (54, b"1"),
        (10, b"000"),
    ]
    assert message.trailing == b"more"


@pytest.mark.parametrize("raw", [b"", b"x", b"\x01", b"8", b"=", b"\xff\x00", b"8=FIX.9.9\x0135=D\x01"])
def test_nothing_fails(raw: bytes) -> None:
    message = Message.parse(raw)
    assert message.version is None
    assert json.loads(message.to_json())["version"] is None


def test_the_application_version_names_the_fields() -> None:
    raw = encode([(35, "D"), (49, "A"), (2376, "4")], "FIXT.1.1")
    newest, older = Message.parse(raw), Message.parse(raw, DecodeOptions(default_appl_ver_id="7"))
    assert [field.name for field in newest.fields[-2:]] == ["PartyRoleQualifier", "CheckSum"]
    assert older.version == "FIX.5.0"
    assert [field.name for field in older.fields[-2:]] == [None, "CheckSum"]
    assert newest.fields[3].name == "SenderCompID"


def test_importing_the_package_is_light() -> None:
    probe = (
        "import sys, fixwatch; assert 'pyarrow' not in sys.modules; "
        "assert fixwatch.encode([(35, '0')]).startswith(b'8=FIX.4.4'); assert 'pyarrow' not in sys.modules; "
        "assert fixwatch.decode([b'x']).verdicts[0].as_py() == 2; fixwatch.Message.parse(b'')"
    )
    subprocess.run([sys.executable, "-c", probe], check=True)


def test_a_wrong_name_is_an_attribute_error() -> None:
    import fixwatch

    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        fixwatch.nothing  # noqa: B018
