"""`fixwatch simulate`: FIX flow of clients and brokers that do not exist, into the topic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fixwatch.sources.simulator.ledger import Ledger


def simulate(
    rate: Annotated[float, typer.Option(help="Messages a second; 0: as fast as it goes.")] = 100.0,
    seconds: Annotated[float | None, typer.Option(help="End after so long.", show_default="never")] = None,
    messages: Annotated[int | None, typer.Option(help="End after so many.", show_default="never")] = None,
    seed: Annotated[
        int | None, typer.Option(help="The same seed, the same flow.", show_default="drawn, and said")
    ] = None,
    faults: Annotated[
        str, typer.Option(help="default, none, or shares: bad_checksum=0.01,gap=0.001")
    ] = "default",
    only: Annotated[
        str | None,
        typer.Option(
            help="broker-to-client, as in a drop copy, or client-to-broker.", show_default="both directions"
        ),
    ] = None,
    shuffle: Annotated[
        bool, typer.Option("--shuffle", help="In any order, within some thousand records, to any partition.")
    ] = False,
    ledger: Annotated[
        Path | None,
        typer.Option(
            help="A file to write what was sent to, about once a second; LEDGER.orders.tsv: its orders."
        ),
    ] = None,
    partitions: Annotated[int, typer.Option(help="Partitions of the topic if it has to be made.", min=1)] = 4,
    bootstrap_servers: Annotated[
        str | None, typer.Option(help="Kafka brokers, host:port.", show_default=False)
    ] = None,
    topic: Annotated[str | None, typer.Option(help="The topic to send to.", show_default=False)] = None,
) -> None:
    """Send simulated FIX: clients and brokers, orders that live, faults on purpose.

    Runs until its end, Ctrl-C or SIGTERM; then logs the sessions out, waits until the broker has confirmed
    everything, and writes the ledger: what an ingester must find. Waits for a broker that is not there yet.
    """
    import gc
    import random
    import time

    from fixwatch.cli.stopping import stop_on_signals
    from fixwatch.kafka.client import client_config
    from fixwatch.kafka.topic import ensure_topic
    from fixwatch.settings import load
    from fixwatch.sources.producer import RecordProducer
    from fixwatch.sources.simulator.clock import SimulatedClock, wall_clock
    from fixwatch.sources.simulator.drive import Drive, Plan
    from fixwatch.sources.simulator.faults import Faults
    from fixwatch.sources.simulator.order_file import OrderFile, order_file
    from fixwatch.sources.simulator.sessions import Only
    from fixwatch.sources.simulator.shuffle import Shuffle
    from fixwatch.sources.simulator.simulation import Simulation, run_token
    from fixwatch.telemetry import configure_logging, logger

    settings = load(kafka_bootstrap_servers=bootstrap_servers, kafka_topic=topic)
    configure_logging(settings.log_format)
    plan = Plan(rate, seconds, messages)
    shares = Faults.parse(faults)
    direction = Only.parse(only)
    stop = stop_on_signals()
    config = client_config(settings)
    made = ensure_topic(config, settings.kafka_topic, partitions, stop)
    start = wall_clock()
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    # As fast as it goes, real time would hardly pass between two messages; a simulated one does.
    clock = wall_clock if rate else SimulatedClock(start)
    simulation = Simulation(seed, clock, run_token(start), shares, direction)
    if made is None:
        if ledger is not None:
            with OrderFile(order_file(ledger)):
                pass
            simulation.ledger("complete").write(ledger)
        return
    # What is made for a message lives as long as its order and is in no cycle: looking for some takes 3% longer.
    gc.set_threshold(100_000, 50, 100)
    shuffled = Shuffle(random.Random(f"{seed}/shuffle"), made) if shuffle else None  # noqa: S311
    drive = Drive(simulation, RecordProducer(settings, stop), plan, ledger, stop, shuffled)
    logger("simulate").info(
        "started",
        bootstrap_servers=settings.kafka_bootstrap_servers,
        topic=settings.kafka_topic,
        partitions=made,
        rate=rate,
        seed=seed,
        faults=faults,
        only=only,
        shuffle=shuffle,
    )
    began = time.monotonic()
    done = drive.run()
    typer.echo(_summary(done, time.monotonic() - began, seed))


def _summary(ledger: Ledger, seconds: float, seed: int) -> str:
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in ledger.faults.items()) or "none"
    fills = sum(fills.count for fills in ledger.fills.values())
    return (
        f"sent {ledger.messages:,} messages in {seconds:.1f} s ({ledger.messages / seconds:,.0f}/s), "
        f"seed {seed}\n"
        f"trades {fills:,}, busted {ledger.busts:,}, corrected {ledger.corrections:,}, "
        f"repeats {ledger.repeats:,}\n"
        f"faults: {kinds}"
    )
