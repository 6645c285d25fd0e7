"""Under load, with faults: nothing is lost, and nothing is there twice.

`FIXWATCH_CHAOS_ROUNDS` rounds; `FIXWATCH_CHAOS_SEED` repeats those of an earlier run, whose seed is in its tests'
names. What a fault meets depends on the machine, so a seed repeats the plan, not every instruction.
"""

from __future__ import annotations

import random
import signal
import time

import pytest

from tests.chaos.faults import FAULTS, disk_full
from tests.chaos.ground import Round

pytestmark = pytest.mark.chaos

#: A round's load: some seconds of it, so that faults meet it in full flow.
MESSAGES, RATE = 15_000, 2_500


def test_ledger_topic_and_database_agree_after_faults_under_load(
    ground: Round,
    chance: random.Random,
    number: int,
    capsys: pytest.CaptureFixture[str],
    pytestconfig: pytest.Config,
) -> None:
    able = [fault for fault in FAULTS if fault is not disk_full or ground.volume.can_be_full]
    # Each kind has its turn; what comes with it is drawn.
    plan = [able[number % len(able)], *chance.choices(able, k=chance.randint(1, 2))]
    chance.shuffle(plan)
    with capsys.disabled():
        print(f"\n  {', '.join(fault.__name__ for fault in plan)}", end=" ", flush=True)
    seed = chance.randrange(1_000_000)
    ground.join()
    ground.join()
    if pytestconfig.getoption("--broker") == "embedded":
        # It waits for good for a member that goes while its group forms for the first time.
        ground.wait_for_group()
    ground.start_load(MESSAGES, RATE, seed)
    time.sleep(chance.uniform(1, 6))
    for fault in plan:
        fault(ground, chance)
        time.sleep(chance.uniform(0, 1))
    ledger = ground.settle()
    assert ground.differences(ledger) == [], ground.said()
    for ingester in list(ground.ingesters):
        ground.end(ingester, signal.SIGTERM)
    # Nobody, a zombie least of all, has written anything after that.
    assert ground.differences(ledger) == [], ground.said()
    assert ground.verify() is None
    for log in ground.logs.glob("ingest*.log"):
        assert "Traceback" not in log.read_text(), ground.said()
