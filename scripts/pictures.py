"""The pictures of the documentation out of those that the browser tests took: fewer colours, a fraction of the size.

`make pictures` runs the tests first. Pillow comes with Streamlit.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from PIL import Image

ROOT: Final = Path(__file__).parents[1]
#: Pages in the order of docs/dashboard.md; README shows the first one, in both themes.
PAGES: Final = (
    "overview",
    "blotter",
    "orders",
    "order",
    "sessions",
    "session",
    "messages",
    "quarantine",
    "alerts",
    "system",
)
PICTURES: Final = (*((page, "light") for page in PAGES), ("overview", "dark"))
#: The eye sees no difference; with 64, small signs lose their colour.
_COLOURS: Final = 256
#: Pixels of height: what is below (long messages) says no more of what a page is like.
_HIGHEST: Final = 2_200
#: Bytes: everybody who reads the documentation loads them.
_LARGEST: Final = 150_000


def main() -> int:
    """Write docs/images; the exit status is 1 where a picture is missing or remains too large."""
    wrong = 0
    for page, scheme in PICTURES:
        taken = ROOT / "screenshots" / f"{page}-1440-{scheme}.png"
        kept = ROOT / "docs" / "images" / f"{page}-{scheme}.png"
        if not taken.exists():
            sys.stderr.write(f"{taken} is missing: run the browser tests\n")
            wrong = 1
            continue
        picture = Image.open(taken).convert("RGB")
        picture = picture.crop((0, 0, picture.width, min(picture.height, _HIGHEST)))
        picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(kept, optimize=True)
        size = kept.stat().st_size
        sys.stdout.write(f"{kept.relative_to(ROOT)}: {size:,} bytes\n")
        wrong |= size > _LARGEST
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
