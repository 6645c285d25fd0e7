"""Messages that are refused as such: Reject(3) of the session level, BusinessMessageReject(j) above it."""

from __future__ import annotations

from random import Random

from fixwatch.sources.simulator.carrier import Carrier
from fixwatch.sources.simulator.sessions import SessionPair
from fixwatch.sources.simulator.turns import Life


def reject(pair: SessionPair, carrier: Carrier, rng: Random) -> Life:
    """One side finds a fault with the Heartbeat(0) of the other: SessionRejectReason(373)=2, tag not defined."""
    sending, refusing = pair.directions if rng.random() < 0.5 else pair.directions[::-1]
    refused = sending.next_seq_num
    carrier.send(sending, "0", "")
    yield 1
    carrier.send(
        refusing,
        "3",
        f"45={refused}\x01371=112\x01372=0\x01373=2\x0158=Tag not defined for this message type\x01",
    )


def refuse(pair: SessionPair, carrier: Carrier, request_id: str) -> Life:
    """A client asks what its broker trades, which does not answer that: BusinessRejectReason(380)=3."""
    refused = pair.to_broker.next_seq_num
    carrier.send(pair.to_broker, "c", f"320={request_id}\x01321=3\x01")
    yield 1
    carrier.send(
        pair.to_client,
        "j",
        f"45={refused}\x01372=c\x01379={request_id}\x01380=3\x0158=Unsupported message type\x01",
    )
