"""A counterparty's own dictionary that lacks something, or does not, and messages that it is for."""

from __future__ import annotations

from pathlib import Path

from fixwatch.fix.encoder import encode


def quack(seq: int, loudness: str) -> bytes:
    """A message of POND that its dictionary knows, with this Loudness(5001)."""
    return encode([(35, "D"), (34, str(seq)), (49, "POND"), (56, "BROKER"), (5001, loudness)])


def dictionary(path: Path, values: str) -> Path:
    """A counterparty's dictionary of FIX 4.4, whose Loudness(5001) may have these values."""
    enums = "".join(f"<value enum='{value}' description='V{value}'/>" for value in values)
    numbers = {"BeginString": 8, "BodyLength": 9, "CheckSum": 10, "MsgSeqNum": 34, "MsgType": 35}
    numbers |= {"SenderCompID": 49, "TargetCompID": 56}
    types = {"BodyLength": "LENGTH", "MsgSeqNum": "SEQNUM"}
    fields = "".join(
        f"<field number='{number}' name='{name}' type='{types.get(name, 'STRING')}'/>"
        for name, number in numbers.items()
    )
    header = "".join(f"<field name='{name}' required='Y'/>" for name in numbers if name != "CheckSum")
    path.write_text(
        f"<fix type='FIX' major='4' minor='4' servicepack='0'><header>{header}</header>"
        "<trailer><field name='CheckSum' required='Y'/></trailer>"
        "<messages><message name='Quack' msgtype='D' msgcat='app'><field name='Loudness' required='Y'/></message>"
        f"</messages><fields>{fields}<field number='5001' name='Loudness' type='CHAR'>{enums}</field></fields></fix>"
    )
    return path
