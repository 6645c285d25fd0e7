"""`fixwatch produce`: FIX from a file or standard input into the topic."""

from __future__ import annotations

from typing import Annotated

import typer


def produce(
    file: Annotated[str, typer.Argument(help="A file with FIX messages, or - for standard input.")],
    partitions: Annotated[int, typer.Option(help="Partitions of the topic if it has to be made.", min=1)] = 4,
    bootstrap_servers: Annotated[
        str | None, typer.Option(help="Kafka brokers, host:port.", show_default=False)
    ] = None,
    topic: Annotated[str | None, typer.Option(help="The topic to send to.", show_default=False)] = None,
) -> None:
    """Send the FIX messages of a log to the topic, as they are.

    One message a line, delimited by SOH, | or ^A; what stands before 8=FIX is skipped, and so are lines
    without it; a file may be compressed by gzip or zstd. Waits for a broker that is not there yet.
    """
    import signal

    from fixwatch.cli.stopping import stop_on_signals
    from fixwatch.errors import SettingsError
    from fixwatch.kafka.client import client_config
    from fixwatch.kafka.topic import ensure_topic
    from fixwatch.settings import load
    from fixwatch.sources.log_file import Sent, open_log, send_log
    from fixwatch.sources.producer import RecordProducer
    from fixwatch.telemetry import configure_logging

    settings = load(kafka_bootstrap_servers=bootstrap_servers, kafka_topic=topic)
    configure_logging(settings.log_format)
    stop = stop_on_signals()
    with open_log(file) as stream:
        config = client_config(settings)
        if ensure_topic(config, settings.kafka_topic, partitions, stop) is None:
            return
        producer = RecordProducer(settings)
        sent = Sent()
        interrupted = False
        try:
            # Raised, not noted: a read of standard input that waits for more would not see a note.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            send_log(stream, producer, sent)
        except KeyboardInterrupt:
            interrupted = True
        producer.flush()
    if not sent.messages and not interrupted:
        held = f"{sent.skipped:,} lines without 8=FIX" if sent.skipped else "nothing"
        raise SettingsError(f"no FIX message in {file}: it holds {held}")
    typer.echo(
        f"sent {sent.messages:,} messages to {settings.kafka_topic}; "
        f"skipped {sent.skipped:,} lines without 8=FIX"
        + (f"; {sent.without_session:,} without readable CompIDs" if sent.without_session else "")
    )
