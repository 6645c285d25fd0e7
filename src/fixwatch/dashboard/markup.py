"""The little HTML that is ours. Every value goes through `_text`: nothing that a counterparty sends is markup."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from fixwatch.dashboard import wording
from fixwatch.dashboard.status import Level, Status

#: Longer values are cut on the screen; the raw bytes are shown beside them.
_MOST_CHARACTERS: Final = 2_000


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field for people; its tag may be empty.

    `depth`: how many repeating groups it is inside of; `defect`: what is wrong with it. `instance` is set where the
    row is not a field, but the beginning of an instance of a group: `1 of 2`.
    """

    tag: str
    name: str
    value: str
    meaning: str
    depth: int = 0
    defect: str = ""
    type: str = ""
    instance: str = ""


@dataclass(frozen=True, slots=True)
class PairRow:
    """A field of two messages beside each other; None where one of them does not have it."""

    left: FieldRow | None
    right: FieldRow | None

    @property
    def row(self) -> FieldRow:
        """The field of either."""
        found = self.left or self.right
        if found is None:
            raise ValueError("a pair of nothing")
        return found

    @property
    def is_same(self) -> bool:
        """If both have it with the same value."""
        return self.left is not None and self.right is not None and self.left.value == self.right.value


def status_line(status: Status) -> str:
    """The status as one line that screen readers announce when it changes."""
    details = "".join(f"<span>{_text(detail)}</span>" for detail in status.details)
    sign = f'<span class="fw-sign" aria-hidden="true">{_text(status.level.sign)}</span>'
    headline = f"<b>{sign}{_text(status.headline)}</b>"
    return f'<div class="fw-status fw-{status.level.style}" role="status">{headline}{details}</div>'


def note(text: str) -> str:
    """A remark that somebody should see."""
    return f'<div class="fw-note" role="note">▲ {_text(text)}</div>'


def nothing(text: str) -> str:
    """Why there is nothing to show."""
    return f'<div class="fw-nothing">{_text(text)}</div>'


def unseen(text: str) -> str:
    """Words for who hears the screen and does not see it."""
    return f'<p class="fw-unseen">{_text(text)}</p>'


def title(text: str, more: str = "") -> str:
    """The heading of a page of one thing, with `more` in small."""
    small = f"<small>{_text(more)}</small>" if more else ""
    return f'<h2 class="fw-title"><bdi>{_text(text)}</bdi>{small}</h2>'


def tags(labels: Iterable[tuple[Level, str]]) -> str:
    """Short labels, each with the sign of how bad it is where it has no sign of its own."""
    shown = (
        f'<span class="fw-{level.style}">{"" if _has_sign(text) else level.sign} {_text(text)}</span>'
        for level, text in labels
    )
    return f'<div class="fw-tags">{"".join(shown)}</div>'


def _has_sign(text: str) -> bool:
    return text[1:2] == " " and not text[0].isalnum()


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names with their values, several beside each other; a value that is empty is a dash."""
    shown = (
        f"<div><dt>{_text(name)}</dt><dd><bdi>{_text(value) or wording.NOTHING}</bdi></dd></div>"
        for name, value in pairs
    )
    return f'<dl class="fw-facts">{"".join(shown)}</dl>'


def field_table(rows: Sequence[FieldRow]) -> str:
    """A message's fields: tag, name, type, value, meaning; a field with a defect is marked and says which."""
    head = _head(("Tag", "fw-tag"), ("Name", ""), ("Type", "fw-type"), ("Value", ""), ("Meaning", ""))
    return _table("Fields of the message", head, "".join(map(_field, rows)))


def pair_table(pairs: Sequence[PairRow]) -> str:
    """Two messages beside each other; what differs is marked by a sign, a word and a colour."""
    head = _head(("Tag", "fw-tag"), ("Name", ""), ("First message", ""), ("", ""), ("Second message", ""))
    return _table("Fields of both messages", head, "".join(map(_pair, pairs)))


def bullet_list(items: Iterable[str]) -> str:
    """Plain lines as a list."""
    return "<ul>" + "".join(f"<li>{_text(item)}</li>" for item in items) + "</ul>"


def _table(label: str, head: str, body: str) -> str:
    return (
        f'<div class="fw-scroll"><table class="fw-fields" aria-label="{label}">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _head(*columns: tuple[str, str]) -> str:
    return "".join(
        f'<th scope="col" class="{style}">{name}</th>' if name else "<td></td>" for name, style in columns
    )


def _field(row: FieldRow) -> str:
    indent = f' style="padding-left:{row.depth * 1.1:.1f}rem"' if row.depth else ""
    if row.instance:
        return f'<tr class="fw-instance"><td></td><td{indent} colspan="4">{_text(row.instance)}</td></tr>'
    style = ' class="fw-bad"' if row.defect else ""
    return (
        f'<tr{style}><td class="fw-tag">{_text(row.tag)}</td><td{indent}>{_text(row.name)}</td>'
        f'<td class="fw-type">{_text(row.type)}</td>'
        f'<td class="fw-value"><bdi>{_text(row.value)}</bdi></td><td>{_meaning(row)}</td></tr>'
    )


def _pair(pair: PairRow) -> str:
    row = pair.row
    indent = f' style="padding-left:{row.depth * 1.1:.1f}rem"' if row.depth else ""
    if row.instance:
        left, right = (_text(side.instance) if side else "" for side in (pair.left, pair.right))
        return (
            f'<tr class="fw-instance"><td></td><td{indent}></td><td>{left}</td><td></td><td>{right}</td></tr>'
        )
    style = "" if pair.is_same else ' class="fw-other"'
    return (
        f'<tr{style}><td class="fw-tag">{_text(row.tag)}</td><td{indent}>{_text(row.name)}</td>'
        f'{_side(pair.left)}<td class="fw-mark">{_mark(pair)}</td>{_side(pair.right)}</tr>'
    )


def _mark(pair: PairRow) -> str:
    if pair.is_same:
        return ""
    return "← only first" if pair.right is None else "only second →" if pair.left is None else "≠ differs"


def _side(row: FieldRow | None) -> str:
    if row is None:
        return "<td></td>"
    meaning = _meaning(row)
    meaning = f" <small>{meaning}</small>" if meaning else ""
    return f'<td class="fw-value"><bdi>{_text(row.value)}</bdi>{meaning}</td>'


def _meaning(row: FieldRow) -> str:
    return " · ".join(_text(part) for part in (row.meaning, row.defect and f"▲ {row.defect}") if part)


def _text(value: str) -> str:
    return html.escape(wording.visible(value, most=_MOST_CHARACTERS))
