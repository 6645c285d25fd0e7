"""The runs of a data directory: only those that came to their end are reconciled."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from fixwatch.demo.runs import Runs
from fixwatch.errors import DemoError
from fixwatch.sources.simulator.ledger import Fills, Ledger
from fixwatch.sources.simulator.order_file import OrderFile, order_file
from fixwatch.sources.simulator.said import OrderState

#: A topic id as brokers write it: base64, with a slash and a plus in it.
ONE, OTHER = "AaIE+v8bf9K/jJD/NXzJxQ", "BbIE+v8bf9K/jJD/NXzJxQ"


ORDER = OrderState("O1", "C1", "2", "100", "0", "10.5", "100", "10.50", 3, "", 1_000, 2_000, 3_000)


def write(path: Path, messages: int) -> None:
    """The ledger of a run of one order, with its order beside it."""
    fills = {"XOM": Fills(1, Decimal(messages), Decimal("0.10"))}
    with OrderFile(order_file(path)) as file:
        file.add([ORDER._replace(fills=messages)])
    Ledger(state="complete", run="R", messages=messages, orders=1, fills=fills).write(path)


def test_a_finished_run_is_known_by_its_topic_id(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    write(runs.running(ONE), 3)
    assert (runs.finished(), runs.unfinished()) == ([], [ONE])
    runs.finish(ONE)
    assert (runs.finished(), runs.unfinished()) == ([ONE], [])


def test_ledgers_are_summed(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    for topic_id, messages in ((ONE, 3), (OTHER, 4)):
        write(runs.running(topic_id), messages)
    runs.finish(ONE)
    total = runs.ledger([ONE, OTHER])
    assert total.messages == 7
    # One is finished, and its orders have gone with it.
    assert [order.fills for order in runs.orders([ONE, OTHER])] == [3, 4]
    assert total.fills == {"XOM": Fills(2, Decimal(7), Decimal("0.20"))}


@pytest.mark.parametrize("state", ["running", "failed"])
def test_a_run_whose_ledger_is_not_complete_is_not_finished(tmp_path: Path, state: str) -> None:
    runs = Runs(tmp_path)
    Ledger(state=state, run="R").write(runs.running(ONE))  # type: ignore[arg-type]
    with pytest.raises(DemoError, match=state):
        runs.finish(ONE)
    assert runs.finished() == []


def test_a_run_of_an_earlier_version_is_left_out(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    write(runs.running(ONE), 3)
    runs.finish(ONE)
    (tmp_path / "ledgers" / "BbIE-v8bf9K_jJD_NXzJxQ.json").write_text("{}")
    assert (runs.finished(), runs.outdated(), runs.unfinished()) == ([ONE], [OTHER], [])
