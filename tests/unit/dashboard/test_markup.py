from __future__ import annotations

from html.parser import HTMLParser

import pytest

from fixwatch.dashboard import markup, wording
from fixwatch.dashboard.markup import FieldRow, PairRow
from fixwatch.dashboard.status import Level, Status

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></tr></table><h1>",
    "**bold** [x](javascript:alert(1))",
    "&lt;b&gt;",
    "\u202egnp.exe",
    "=cmd|' /C calc'!A0",
]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs)
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def _read(markup_text: str) -> _Reader:
    reader = _Reader()
    reader.feed(markup_text)
    reader.close()
    return reader


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_in_every_place(text: str) -> None:
    seen = wording.visible(text)
    harmless = markup.field_table([FieldRow("58", "x", "x", "x", defect="x", type="x")])
    hostile = markup.field_table([FieldRow("58", text, text, text, defect=text, type=text)])
    assert _read(hostile).tags == _read(harmless).tags
    assert _read(hostile).text.count(seen) == 5
    for place in (
        lambda value: markup.pair_table([PairRow(FieldRow("58", value, value, value), None)]),
        lambda value: markup.title(value, value),
        lambda value: markup.note(value),
        lambda value: markup.facts([(value, value)]),
        lambda value: markup.tags([(Level.OK, value)]),
    ):
        assert _read(place(text)).tags == _read(place("x")).tags
        assert seen in _read(place(text)).text
    line = markup.status_line(Status(Level.TROUBLE, text, (text,)))
    assert _read(line).tags == _read(markup.status_line(Status(Level.TROUBLE, "x", ("x",)))).tags
    assert _read(line).text.count(seen) == 2
    assert _read(markup.bullet_list([text])).text == seen


def test_control_characters_are_seen() -> None:
    assert "a␀b␁c␡" in markup.field_table([FieldRow("96", "RawData", "a\0b\1c\x7f", "")])


def test_long_value_is_cut() -> None:
    assert len(markup.field_table([FieldRow("58", "Text", "x" * 10_000, "")])) < 3_000


def test_field_with_a_defect_is_marked_and_says_it() -> None:
    table = markup.field_table(
        [FieldRow("54", "Side", "Z", "", defect="Value out of range"), FieldRow("55", "a", "b", "c")]
    )
    assert table.count("fw-bad") == 1
    assert "Value out of range" in table


def test_status_line_does_not_rely_on_colour() -> None:
    lines = {level: _read(markup.status_line(Status(level, "x"))).text for level in Level}
    assert len(set(lines.values())) == len(Level)


def test_what_differs_is_said_in_words() -> None:
    same = FieldRow("55", "Symbol", "A", "")
    table = markup.pair_table(
        [
            PairRow(same, same),
            PairRow(same, FieldRow("55", "Symbol", "B", "")),
            PairRow(same, None),
            PairRow(None, same),
        ]
    )
    assert [word in table for word in ("differs", "only first", "only second")] == [True] * 3
    assert table.count("fw-other") == 3


def test_a_pair_has_a_field() -> None:
    with pytest.raises(ValueError, match="nothing"):
        _ = PairRow(None, None).row
