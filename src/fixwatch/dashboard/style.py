"""The styles of what is ours on the screen, for light and dark: `fw-` classes, and a few of Streamlit's corners."""

from __future__ import annotations

from typing import Final

STYLE: Final = """<style>
/* Refreshing parts must not fade, and the page must not lose half the screen to margins. */
[data-stale="true"] { opacity: 1 !important; transition: none !important; }
[data-testid="stStatusWidget"] { display: none; }
[data-testid="stMainBlockContainer"] { padding-top: 4.2rem; padding-bottom: 2rem; max-width: 1680px; }
.st-key-figures { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); }
@media (max-width: 1100px) { .st-key-figures { grid-template-columns: repeat(3, minmax(0, 1fr)); } }
.st-key-desk { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); }
.st-key-days { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); }
@media (max-width: 1100px) { .st-key-days { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
.st-key-figures > *, .st-key-desk > *, .st-key-days > * { width: auto; }
[data-testid="stMetric"] > div { padding: 0.55rem 0.9rem; }
[data-testid="stMetricValue"], .fw-fields, .fw-facts { font-variant-numeric: tabular-nums; }
.fw-status { display: flex; flex-wrap: wrap; gap: 0.15rem 0.75rem; align-items: baseline;
  padding: 0.5rem 0.8rem; border-radius: 6px; border-left: 5px solid var(--fw-tone);
  background: color-mix(in srgb, var(--fw-tone) 13%, transparent); }
.fw-status b { white-space: nowrap; }
.fw-status .fw-sign { color: var(--fw-tone); font-weight: 700; margin-right: 0.35rem; }
.fw-ok { --fw-tone: #0d9e78; } .fw-notice { --fw-tone: #e08e0b; }
.fw-trouble { --fw-tone: #d0452f; } .fw-empty { --fw-tone: #8592a3; }
.fw-note { font-size: 0.9rem; padding: 0.3rem 0.7rem; border-radius: 6px; border-left: 3px solid #e08e0b;
  background: color-mix(in srgb, #e08e0b 10%, transparent); }
.fw-unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); margin: 0; }
/* Streamlit's captions have too little contrast on white (WCAG 1.4.3). */
[data-testid="stCaptionContainer"] { opacity: 1; color: color-mix(in srgb, currentColor 82%, transparent); }
/* So have the words of charts; here they follow the theme as well. */
[data-testid="stVegaLiteChart"] svg text { fill: color-mix(in srgb, currentColor 82%, transparent); }
.fw-nothing { opacity: 0.8; padding: 0.3rem; }
.fw-title { font-size: 1.2rem; font-weight: 650; overflow-wrap: anywhere; }
.fw-title small { font-weight: 400; opacity: 0.75; margin-left: 0.6rem; font-size: 0.9rem; }
.fw-tags { display: flex; flex-wrap: wrap; gap: 0.3rem 0.5rem; }
.fw-tags span { border: 1px solid var(--fw-tone, #8592a3); border-radius: 1rem; padding: 0.02rem 0.6rem;
  font-size: 0.85rem; background: color-mix(in srgb, var(--fw-tone, #8592a3) 12%, transparent); }
.fw-facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(11.5rem, 1fr)); gap: 0.35rem 1rem;
  margin: 0; padding: 0; font-size: 0.92rem; }
.fw-facts dt { font-size: 0.78rem; opacity: 0.75; }
.fw-facts dd { margin: 0; overflow-wrap: anywhere; }
.fw-scroll { overflow-x: auto; }
.fw-fields { border-collapse: collapse; width: 100%; font-size: 0.88rem; }
.fw-fields th { text-align: left; font-weight: 600; }
.fw-fields th, .fw-fields td { padding: 0.22rem 0.7rem 0.22rem 0; border-bottom: 1px solid #8592a333;
  vertical-align: top; }
.fw-fields .fw-tag { text-align: right; width: 3.5rem; }
.fw-fields td.fw-value { font-family: "Source Code Pro", monospace; overflow-wrap: anywhere; min-width: 6rem; }
.fw-fields td.fw-type { font-size: 0.76rem; opacity: 0.8; }
.fw-fields td.fw-mark { white-space: nowrap; font-weight: 600; text-align: center; width: 6.5rem; }
.fw-fields tr.fw-instance td { font-size: 0.8rem; opacity: 0.85; font-style: italic; }
.fw-fields tr.fw-bad td { background: color-mix(in srgb, #e08e0b 16%, transparent); }
.fw-fields tr.fw-other td { background: color-mix(in srgb, #2f86c9 13%, transparent); }
@media (max-width: 1000px) { .fw-fields .fw-type { display: none; } }
</style>"""
