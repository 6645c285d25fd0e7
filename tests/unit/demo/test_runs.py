"""The runs of a data directory: only those that came to their end are reconciled."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from fixwatch.demo.runs import Runs
from fixwatch.errors import DemoError
from fixwatch.sources.simulator.ledger import Fills, Ledger

#: A topic id as brokers write it: base64, with a slash and a plus in it.
ONE, OTHER = "AaIE+v8bf9K/jJD/NXzJxQ", "BbIE+v8bf9K/jJD/NXzJxQ"


def ledger(messages: int) -> Ledger:
    fills = {"XOM": Fills(1, Decimal(messages), Decimal("0.10"))}
    return Ledger(state="complete", run="R", messages=messages, fills=fills)


def test_a_finished_run_is_known_by_its_topic_id(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    ledger(3).write(runs.running(ONE))
    assert (runs.finished(), runs.unfinished()) == ([], [ONE])
    runs.finish(ONE)
    assert (runs.finished(), runs.unfinished()) == ([ONE], [])


def test_ledgers_are_summed(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    for topic_id, messages in ((ONE, 3), (OTHER, 4)):
        ledger(messages).write(runs.running(topic_id))
    runs.finish(ONE)
    total = runs.ledger([ONE, OTHER])
    assert total.messages == 7
    assert total.fills == {"XOM": Fills(2, Decimal(7), Decimal("0.20"))}


@pytest.mark.parametrize("state", ["running", "failed"])
def test_a_run_whose_ledger_is_not_complete_is_not_finished(tmp_path: Path, state: str) -> None:
    runs = Runs(tmp_path)
    Ledger(state=state, run="R").write(runs.running(ONE))  # type: ignore[arg-type]
    with pytest.raises(DemoError, match=state):
        runs.finish(ONE)
    assert runs.finished() == []
