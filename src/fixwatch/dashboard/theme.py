"""How the screen looks, as options of Streamlit: light and dark, the viewer's system decides which.

Colours of charts are Okabe and Ito's, which people with any usual colour blindness can tell apart
(https://jfly.uni-koeln.de/color/), shifted a little so that they stand out on white and on near-black alike.
"""

from __future__ import annotations

from typing import Final

BLUE: Final = "#2f86c9"
ORANGE: Final = "#e08e0b"
GREEN: Final = "#0d9e78"
GREY: Final = "#8592a3"
RED: Final = "#d0452f"

_LIGHT: Final = {
    "primaryColor": "#1d6fb8",
    "backgroundColor": "#ffffff",
    "secondaryBackgroundColor": "#f3f5f8",
    "textColor": "#17212e",
    "borderColor": "#d9e0e8",
    "dataframeHeaderBackgroundColor": "#f3f5f8",
    "dataframeBorderColor": "#e6ebf1",
}
_DARK: Final = {
    "primaryColor": "#4aa3e8",
    "backgroundColor": "#0f151d",
    "secondaryBackgroundColor": "#18212c",
    "textColor": "#e4eaf1",
    "borderColor": "#2b3744",
    "dataframeHeaderBackgroundColor": "#18212c",
    "dataframeBorderColor": "#243040",
}
_BOTH: Final[dict[str, object]] = {
    "baseFontSize": 14,
    "metricValueFontSize": "1.65rem",
    "metricValueFontWeight": 600,
    "headingFontSizes": ["1.4rem", "1.2rem", "1.05rem", "1rem", "0.95rem", "0.9rem"],
    "headingFontWeights": [650, 650, 600, 600, 600, 600],
    "codeFontSize": "0.8rem",
    "baseRadius": "6px",
    "showWidgetBorder": True,
    "chartCategoricalColors": [BLUE, ORANGE, GREEN, GREY],
}

#: Options of Streamlit, by name.
OPTIONS: Final[dict[str, object]] = {
    **{f"theme.{name}": value for name, value in _BOTH.items()},
    **{f"theme.light.{name}": value for name, value in _LIGHT.items()},
    **{f"theme.dark.{name}": value for name, value in _DARK.items()},
}
