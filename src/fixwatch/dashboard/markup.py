"""The little HTML that is ours. Every value goes through `_text`: nothing that a counterparty sends is markup."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from fixwatch.dashboard.status import Status

#: Longer values are cut on the screen; the raw bytes are shown beside them.
_MOST_CHARACTERS: Final = 2_000

STYLE: Final = """<style>
/* Refreshing parts must not fade, and the page must not lose half the screen to margins. */
[data-stale="true"] { opacity: 1 !important; transition: none !important; }
[data-testid="stStatusWidget"] { display: none; }
[data-testid="stMainBlockContainer"] { padding-top: 4.2rem; padding-bottom: 2rem; max-width: 1680px; }
.st-key-figures { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); }
@media (max-width: 1100px) { .st-key-figures { grid-template-columns: repeat(3, minmax(0, 1fr)); } }
.st-key-figures > * { width: auto; }
[data-testid="stMetric"] > div { padding: 0.55rem 0.9rem; }
[data-testid="stMetricValue"], .fw-fields { font-variant-numeric: tabular-nums; }
.fw-status { display: flex; flex-wrap: wrap; gap: 0.15rem 0.75rem; align-items: baseline;
  padding: 0.5rem 0.8rem; border-radius: 6px; border-left: 5px solid var(--fw-tone);
  background: color-mix(in srgb, var(--fw-tone) 13%, transparent); }
.fw-status b { white-space: nowrap; }
.fw-status .fw-sign { color: var(--fw-tone); font-weight: 700; margin-right: 0.35rem; }
.fw-ok { --fw-tone: #0d9e78; } .fw-notice { --fw-tone: #e08e0b; }
.fw-trouble { --fw-tone: #d0452f; } .fw-empty { --fw-tone: #8592a3; }
.fw-scroll { overflow-x: auto; max-height: 34rem; overflow-y: auto; }
.fw-fields { border-collapse: collapse; width: 100%; font-size: 0.88rem; }
.fw-fields th { text-align: left; font-weight: 600; opacity: 0.75; position: sticky; top: 0; }
.fw-fields th, .fw-fields td { padding: 0.22rem 0.7rem 0.22rem 0; border-bottom: 1px solid #8592a333;
  vertical-align: top; }
.fw-fields td.fw-tag { text-align: right; width: 3.5rem; }
.fw-fields td.fw-value { font-family: "Source Code Pro", monospace; overflow-wrap: anywhere; }
.fw-fields tr.fw-bad td { background: color-mix(in srgb, #e08e0b 16%, transparent); }
</style>"""


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field for people; its tag may be empty.

    `depth`: how many repeating groups it is inside of; `defect`: what is wrong with it.
    """

    tag: str
    name: str
    value: str
    meaning: str
    depth: int = 0
    defect: str = ""


def status_line(status: Status) -> str:
    """The status as one line that screen readers announce when it changes."""
    details = "".join(f"<span>{_text(detail)}</span>" for detail in status.details)
    sign = f'<span class="fw-sign" aria-hidden="true">{_text(status.level.sign)}</span>'
    headline = f"<b>{sign}{_text(status.headline)}</b>"
    return f'<div class="fw-status fw-{status.level.style}" role="status">{headline}{details}</div>'


def field_table(rows: Sequence[FieldRow]) -> str:
    """A message's fields: tag, name, value, meaning; a field with a defect is marked and says which."""
    body = "".join(_field(row) for row in rows)
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Tag", "Name", "Value", "Meaning"))
    return (
        '<div class="fw-scroll"><table class="fw-fields" aria-label="Fields of the message">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def bullet_list(items: Iterable[str]) -> str:
    """Plain lines as a list."""
    return "<ul>" + "".join(f"<li>{_text(item)}</li>" for item in items) + "</ul>"


def _field(row: FieldRow) -> str:
    style = ' class="fw-bad"' if row.defect else ""
    indent = f' style="padding-left:{row.depth * 1.1:.1f}rem"' if row.depth else ""
    meaning = " · ".join(_text(part) for part in (row.meaning, row.defect and f"▲ {row.defect}") if part)
    return (
        f'<tr{style}><td class="fw-tag">{_text(row.tag)}</td><td{indent}>{_text(row.name)}</td>'
        f'<td class="fw-value"><bdi>{_text(row.value)}</bdi></td><td>{meaning}</td></tr>'
    )


def _text(value: str) -> str:
    cut = value if len(value) <= _MOST_CHARACTERS else f"{value[:_MOST_CHARACTERS]}…"
    return html.escape(_visible(cut))


def _visible(value: str) -> str:
    """Control characters as their pictures (U+2400 and on), so that a NUL or an SOH in a value is seen."""
    return "".join(
        chr(0x2400 + ord(char)) if char < " " else "\u2421" if char == "\x7f" else char for char in value
    )
