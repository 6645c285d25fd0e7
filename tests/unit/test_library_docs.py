"""docs/library.md says what is so: its examples run, its types are those of the columns."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from fixwatch.fix.columns import MAX_ID_BYTES, Kind

PAGE = (Path(__file__).parents[2] / "docs/library.md").read_text()
EXAMPLES = re.findall(r"^```pycon\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_examples_give_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    test = doctest.DocTestParser().get_doctest("\n".join(EXAMPLES), {}, "library.md", None, 0)
    report: list[str] = []
    results = doctest.DocTestRunner().run(test, out=report.append)
    assert results.failed == 0, "".join(report)
    assert results.attempted > 20


@pytest.mark.parametrize("kind", Kind)
def test_the_types_of_the_columns_are_those_of_the_page(kind: Kind) -> None:
    assert f"| `{kind.name}` | `{kind.arrow}` | " in PAGE


def test_the_longest_identifier_is_that_of_the_page() -> None:
    assert f"at most {MAX_ID_BYTES} bytes" in PAGE
