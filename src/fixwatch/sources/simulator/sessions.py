"""Session pairs: who talks to whom in which version, and the sequence number of each direction.

Session level of FIX 4.2, 4.4 and FIXT.1.1: FIX 4.4 volume 2.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from fixwatch.errors import SettingsError
from fixwatch.sources.session_key import pair_key
from fixwatch.sources.simulator.market import CURRENCIES, SHARES, Instrument
from fixwatch.sources.simulator.wire import frame


@dataclass(frozen=True, slots=True)
class Version:
    """One version of FIX as two counterparties speak it.

    Attributes:
        name: as people say it.
        begin_string: BeginString(8).
        application: header fields of application messages: ApplVerID(1128) under FIXT.1.1.
        logon: fields that the version's Logon(A) carries besides the common ones.
        micros: if its timestamps have microseconds.
        credentials: if its Logon(A) has Username(553) and Password(554), which must not be stored by anyone.
    """

    name: str
    begin_string: str
    application: str = ""
    logon: str = ""
    micros: bool = False
    credentials: bool = True

    @property
    def resolution(self) -> int:
        """Of its timestamps, in microseconds."""
        return 1 if self.micros else 1_000


FIX42: Final = Version("FIX.4.2", "FIX.4.2", credentials=False)
FIX44: Final = Version("FIX.4.4", "FIX.4.4")
FIX50SP2: Final = Version("FIX.5.0SP2", "FIXT.1.1", "1128=9\x01", "1137=9\x01", micros=True)


class Only(StrEnum):
    """The one direction that reaches the topic: from brokers alone, it is what a drop copy has."""

    BROKER_TO_CLIENT = "broker-to-client"
    CLIENT_TO_BROKER = "client-to-broker"

    @classmethod
    def parse(cls, text: str | None) -> Only | None:
        """What `--only` says; None for both directions.

        Raises:
            SettingsError: there is no such direction.
        """
        try:
            return None if text is None else cls(text)
        except ValueError:
            raise SettingsError(f"--only {text}: write {' or '.join(cls)}") from None


#: MsgType(35) of the session level.
ADMIN: Final = frozenset("012345A")
#: MsgType(35) of what happens on a session now and then: TestRequest(1), ResendRequest(2), Reject(3),
#: SequenceReset(4), Logout(5), Logon(A), DontKnowTrade(Q), BusinessMessageReject(j).
EVENTS: Final = frozenset("12345AQj")


class Direction:
    """One direction of a session pair: SenderCompID(49) -> TargetCompID(56), with its MsgSeqNum(34).

    Attributes:
        name: `SENDER->TARGET`.
        pair_key: the Kafka key, shared with the other direction.
        version: what it speaks.
        next_seq_num: MsgSeqNum(34) of the next message.
        last_sent: when it sent last, microseconds since 1970.
        reached: MsgSeqNum(34) of the last one that the other side has.
        losing: how many of its next messages are lost on their way.
        began_at: when it sent its Logon(A), as exact as its version writes it, microseconds since 1970.
        sent, repeated: intact messages by MsgType(35), repeats too; those that are repeats.
        missed, missing: numbers of which no intact message was sent in its turn; of these, those that never came.
        is_hidden: if nothing that it sends reaches the topic.
        other: the other direction.
    """

    __slots__ = (
        "_comp_ids", "began_at", "is_hidden", "last_sent", "losing", "missed", "missing", "name", "next_seq_num",
        "other", "pair_key", "reached", "repeated", "sent", "version",
    )  # fmt: skip

    other: Direction

    def __init__(self, sender: str, target: str, version: Version, pair_key: bytes) -> None:
        self.name = f"{sender}->{target}"
        self.pair_key = pair_key
        self.next_seq_num = 1
        self.last_sent = 0
        self.losing = 0
        self.reached = 0
        self.began_at = 0
        self.sent: defaultdict[str, int] = defaultdict(int)
        self.repeated: defaultdict[str, int] = defaultdict(int)
        self.missed: list[int] = []
        self.missing: set[int] = set()
        self.is_hidden = False
        self.version = version
        self._comp_ids = f"49={sender}\x0156={target}\x0134="

    def message(
        self, msg_type: str, seq_num: int, sending_time: str, body: str, repeat_of: str = ""
    ) -> bytes:
        """A framed message of this direction.

        Args:
            msg_type: MsgType(35).
            seq_num: MsgSeqNum(34).
            sending_time: SendingTime(52).
            body: the body's fields, each ended by SOH.
            repeat_of: OrigSendingTime(122); makes the message a repeat with PossDupFlag(43)=Y.
        """
        application = "" if msg_type in ADMIN else self.version.application
        if repeat_of:
            body = f"43=Y\x01122={repeat_of}\x01{body}"
        return frame(
            self.version.begin_string,
            f"35={msg_type}\x01{application}{self._comp_ids}{seq_num}\x0152={sending_time}\x01",
            body,
        )


@dataclass(slots=True)
class SessionPair:
    """A client and its broker: both directions of one FIX session.

    Attributes:
        client, broker: CompIDs.
        version: what they speak.
        heart_bt_int: HeartBtInt(108), seconds.
        instruments: what the client trades.
        accounts: Account(1) values that it trades for.
        busy: how many orders the client sends, relative to the others.
        pending_new: if the broker reports Pending New before New.
    """

    client: str
    broker: str
    version: Version
    heart_bt_int: int
    instruments: tuple[Instrument, ...]
    accounts: tuple[str, ...]
    busy: int
    pending_new: bool
    key: bytes = field(init=False)
    to_broker: Direction = field(init=False)
    to_client: Direction = field(init=False)

    def __post_init__(self) -> None:
        self.key = pair_key(self.client.encode(), self.broker.encode())
        self.to_broker = Direction(self.client, self.broker, self.version, self.key)
        self.to_client = Direction(self.broker, self.client, self.version, self.key)
        self.to_broker.other, self.to_client.other = self.to_client, self.to_broker

    def hide(self, only: Only) -> None:
        """Let only one direction reach the topic."""
        hidden = self.to_broker if only is Only.BROKER_TO_CLIENT else self.to_client
        hidden.is_hidden = True

    @property
    def directions(self) -> tuple[Direction, Direction]:
        """Both directions, the client's first."""
        return self.to_broker, self.to_client

    def logon_body(self) -> str:
        """The body of Logon(A): EncryptMethod none, sequence numbers reset."""
        secret = f"553={self.client}\x01554=simulated-secret\x01" if self.version.credentials else ""
        return f"98=0\x01108={self.heart_bt_int}\x01141=Y\x01{secret}{self.version.logon}"


def session_pairs() -> tuple[SessionPair, ...]:
    """The session pairs of a simulation, all new.

    Their names are such that the keys spread over two, three or four partitions, not all on one.
    """
    return (
        SessionPair(
            "ALDER", "FXW-EQ", FIX42, 30, SHARES, ("AL-1001", "AL-1002", "AL-2001"), 10, pending_new=True
        ),
        SessionPair("BANYAN", "FXW-EQ", FIX44, 30, SHARES, ("BA-77", "BA-78"), 10, pending_new=False),
        SessionPair("CHESTNUT", "FXW-EQ", FIX50SP2, 30, SHARES, ("CHN-A", "CHN-B"), 8, pending_new=False),
        SessionPair(
            "DRAGONTREE",
            "FXW-ALGO",
            FIX44,
            20,
            SHARES,
            ("DT-ALPHA", "DT-BETA", "DT-GAMMA"),
            12,
            pending_new=True,
        ),
        SessionPair("EBONY", "FXW-ALGO", FIX42, 30, SHARES, ("EB-9",), 6, pending_new=False),
        SessionPair("FIR", "FXW-FX", FIX50SP2, 15, CURRENCIES, ("FIR-FX1", "FIR-FX2"), 6, pending_new=False),
        SessionPair("GINKGO", "FXW-DMA", FIX44, 10, CURRENCIES, ("GK-100", "GK-200"), 3, pending_new=True),
        SessionPair("HICKORY", "FXW-DMA", FIX42, 10, SHARES, ("HI-1",), 1, pending_new=False),
    )
