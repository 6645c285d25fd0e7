"""Verdicts and primary defects against QuickFIX itself, where it is installed (`pip install quickfix`).

    python -m tests.fuzz.against_quickfix [--inputs 5000] [--seed 0]

Messages of FIX 4.0 to 4.4, half of them damaged, go to QuickFIX's parser and dictionary and to the strict profile.
Prints how often the two agree and, of what they do not agree on, an example a kind. Nothing here fails: QuickFIX has
habits that we do not follow (docs/decisions.md). A kind that is new is worth a look.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from importlib.metadata import files
from typing import Any

import quickfix

from fixwatch.fix.decoder import DecodeOptions, decode
from fixwatch.fix.defects import BY_CODE, Verdict
from tests.fuzz.generator import Generator

STRICT = DecodeOptions(profile="strict")
REASONS = {
    "InvalidTagNumber": "invalid_tag_number",
    "RequiredTagMissing": "required_tag_missing",
    "TagNotDefinedForMessage": "tag_not_defined_for_message",
    "NoTagValue": "tag_without_value",
    "IncorrectTagValue": "value_out_of_range",
    "IncorrectDataFormat": "incorrect_data_format",
    "InvalidMessageType": "invalid_msg_type",
    "RepeatedTag": "tag_appears_more_than_once",
    "TagOutOfOrder": "tag_out_of_order",
    "RepeatingGroupCountMismatch": "group_count_wrong",
}
#: A verdict; of a rejected message also the reason and the tag.
Said = tuple[str, str, int | None]


def dictionaries() -> dict[str, Any]:
    """QuickFIX's dictionaries by BeginString(8)."""
    found = {file.name: str(file.locate()) for file in files("quickfix") or ()}
    return {f"FIX.4.{minor}": quickfix.DataDictionary(found[f"FIX4{minor}.xml"]) for minor in range(5)}


def quickfix_says(raw: bytes, dictionary: Any) -> Said:
    """What QuickFIX's parser and dictionary make of a message."""
    try:
        dictionary.validate(quickfix.Message(raw.decode("ascii"), dictionary, True))
    except quickfix.InvalidMessage:
        return "garbled", "", None
    except (quickfix.FIXException, RuntimeError) as error:
        kind = type(error).__name__
        # QuickFIX names no tag where the message type is unknown.
        return "rejected", REASONS.get(kind, kind), getattr(error, "field", None)
    return "valid", "", None


def we_say(raw: bytes) -> Said:
    """The decoder's answer in the same form."""
    decoded = decode([raw], STRICT)
    verdict = Verdict(decoded.verdicts[0].as_py())
    if verdict is not Verdict.REJECTED:
        return verdict.label, "", None
    primary = decoded.defects.slice(0, 1).to_pylist()[0]
    reason = BY_CODE[primary["reason"]].label
    return verdict.label, reason, None if reason == "invalid_msg_type" else primary["ref_tag"]


def fit(raw: bytes) -> bool:
    """If both can be asked: text that Python hands over as it is, a session that QuickFIX would look up first."""
    ends = raw.find(b"\x0149=A\x01") > 0 and raw.find(b"\x0156=B\x01") > 0
    return ends and raw.isascii() and b"\0" not in raw and b"\x0135=\x01" not in raw


def main(inputs: int, seed: int) -> None:
    """Compare so many messages."""
    generator, known = Generator(seed), dictionaries()
    counts: Counter[tuple[str, ...]] = Counter()
    examples: dict[tuple[str, ...], tuple[Said, Said, bytes]] = {}
    while counts.total() < inputs:
        raw = generator.message() if generator.pick.random() < 0.5 else generator.proper()
        dictionary = known.get(raw.split(b"\x01", 1)[0].decode("latin-1").removeprefix("8="))
        if dictionary is None or not fit(raw):
            continue
        theirs, ours = quickfix_says(raw, dictionary), we_say(raw)
        kind = ("agree",) if theirs == ours else (*theirs[:2], "/", *ours[:2])
        counts[kind] += 1
        examples.setdefault(kind, (theirs, ours, raw))
    for kind, count in counts.most_common():
        sys.stdout.write(f"{count:>8} {' '.join(kind)}\n")
        if kind != ("agree",):
            theirs, ours, raw = examples[kind]
            shown = raw.replace(b"\x01", b"|").decode()[:240]
            sys.stdout.write(f"         QuickFIX {theirs[2]}, fixwatch {ours[2]}: {shown}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    main(given.inputs, given.seed)
