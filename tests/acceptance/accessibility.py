"""What a page is to who sees little, or hears it: axe-core's verdict, and the contrast of words in charts."""

from __future__ import annotations

from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe

_AXE: Final = Axe()
#: What axe-core calls a fault that shuts people out.
_GRAVE: Final = ("serious", "critical")
#: Contrast that words need with what is behind them (WCAG 2.2, 1.4.3).
_ENOUGH: Final = 4.5

# What is behind the words of a chart axe-core cannot tell.
_FAINT: Final = """enough => {
    const channels = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
    const named = colour => {
        // color-mix() gives color(srgb r g b / a), in parts of 1.
        const read = channels(colour.replace('srgb', ''));
        return colour.startsWith('color(') ? [...read.slice(0, 3).map(part => part * 255), ...read.slice(3)] : read;
    };
    const linear = part => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    const light = colour =>
        0.2126 * linear(colour[0]) + 0.7152 * linear(colour[1]) + 0.0722 * linear(colour[2]);
    const behind = element => {
        for (; element; element = element.parentElement) {
            const colour = named(getComputedStyle(element).backgroundColor);
            if (colour.length === 3 || colour[3] > 0.99) return colour;
        }
        return [255, 255, 255];
    };
    const faint = [];
    for (const words of document.querySelectorAll('[data-testid=stVegaLiteChart] svg text')) {
        const style = getComputedStyle(words);
        // Vega hides labels that would overlap.
        if (!words.textContent.trim() || style.opacity === '0') continue;
        const back = behind(words);
        const fill = named(style.fill);
        const opaque = (fill[3] ?? 1) * style.fillOpacity * style.opacity;
        const seen = back.slice(0, 3).map((part, place) => fill[place] * opaque + part * (1 - opaque));
        const [dark, bright] = [light(seen), light(back)].sort((one, other) => one - other);
        const contrast = (bright + 0.05) / (dark + 0.05);
        if (!(contrast >= enough)) faint.push(`${words.textContent}: ${contrast.toFixed(2)} (${style.fill})`);
    }
    return faint;
}"""


def faults(page: Any) -> list[str]:
    """What is gravely wrong with a page as it is now, for people; empty: nothing. No part of it is left out."""
    found = _AXE.run(page)
    grave = [fault for fault in found.response["violations"] if fault["impact"] in _GRAVE]
    return [
        f"{fault['impact']}: {fault['help']} ({fault['id']}): {node['target']} {node['html'][:200]}"
        for fault in grave
        for node in fault["nodes"]
    ] + [f"words in a chart are too faint: {words}" for words in page.evaluate(_FAINT, _ENOUGH)]
