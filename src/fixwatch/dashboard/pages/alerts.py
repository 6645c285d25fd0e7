"""Alerts: what fires, since when, why and who has seen it; and what did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import streamlit as st

from fixwatch.alerts.rules import BY_LABEL, Rule
from fixwatch.dashboard import acting, links, markup, paging, query, reading, tables, wording
from fixwatch.dashboard.live import live, time_zone, time_zone_name
from fixwatch.dashboard.status import Level, Status
from fixwatch.store.alert_reader import Alert, AlertCounts, AlertPlace
from fixwatch.store.operating import MOST_NOTE

_FIRING, _HISTORY = "Firing", "History"
#: A sign that needs no colour.
_SEVERITIES: Final = {"critical": "✕ Critical", "warning": "▲ Warning"}
_LIST: Final = "alerts_history"
_PAGE: Final = 100
#: Where the session keeps the list that stands still, which grid it is in, and what became of the last action.
_HELD, _GRID, _SAID = "alerts_held", "alerts_grid", "alerts_said"
_NOTE: Final = "alerts_note"
_SESSION_RULES: Final = {
    rule.label
    for rule in (Rule.QUARANTINED, Rule.SILENT, Rule.NOT_LOGGED_ON, Rule.OUT_OF_HOURS, Rule.NUMBERS_MISSING)
}


def page() -> None:
    """Draw the page."""
    shown = st.segmented_control(
        "Alerts",
        [_FIRING, _HISTORY],
        default=_FIRING,
        required=True,
        key="alerts",
        bind="query-params",
        label_visibility="collapsed",
        on_change=_deselect,
    )
    query.taken("alerts", [shown or _FIRING])
    if shown == _HISTORY:
        live(lambda: reading.reader().alerts.history(before=paging.place(_LIST), limit=_PAGE), _history)
    else:
        live(lambda: (reading.alert_counts(), reading.alerts_firing()), lambda answer: _firing(*answer))


def _firing(counts: AlertCounts, firing: Sequence[Alert]) -> None:
    _watched(counts)
    # Selected rows must stay what and where they are: the list stands still until they are let go.
    held: Sequence[Alert] | None = st.session_state.get(_HELD) if _selected() else None
    found = firing if held is None else held
    st.session_state[_HELD] = found
    chosen = [found[row] for row in _selected() if row < len(found)]
    _acts(chosen)
    st.caption(
        f"{wording.number(counts.firing, 'alert')} firing, {wording.count(counts.unacknowledged)} not acknowledged"
        + (f" · {wording.count(len(chosen))} selected, the list stands still" if chosen else "")
    )
    where, now = time_zone(), datetime.now(time_zone())
    tables.draw(
        {
            "Severity": [_SEVERITIES.get(alert.severity, alert.severity) for alert in found],
            "Alert": [_title(alert) for alert in found],
            "About": [wording.visible(alert.about) for alert in found],
            f"Since ({time_zone_name()})": [wording.moment(alert.fired_at, where, now) for alert in found],
            "For": [wording.ago(now - alert.fired_at) for alert in found],
            "Why": [wording.visible(alert.why) for alert in found],
            "Acknowledged": [_acknowledged(alert) for alert in found],
        },
        key=_grid(),
        on_select="rerun",
        selection_mode="multi-row",
        height=460,
        empty="Nothing fires" if counts.watched else "Nobody watches",
        column_config={
            "About": st.column_config.TextColumn(width="medium"),
            "Why": st.column_config.TextColumn(width="large"),
        },
        alt="Alerts that fire, critical ones first",
    )
    if len(chosen) == 1:
        _one(chosen[0])


def _watched(counts: AlertCounts) -> None:
    if counts.watched:
        return
    since = "ever" if counts.looked_at is None else f"for {wording.ago(counts.at - counts.looked_at)}"
    st.html(
        markup.status_line(
            Status(
                Level.NOTICE,
                "Nobody watches",
                (
                    f"Nobody has looked {since} if something is wrong, so nothing fires. Start: fixwatch alert",
                ),
            )
        )
    )


def _acts(chosen: Sequence[Alert]) -> None:
    """What can be done about the alerts that are selected."""
    new = [alert for alert in chosen if alert.acknowledged_at is None]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="acts"):
        acting.name_field()
        of = f" {wording.count(len(new))}" if new else ""
        with st.popover(
            f"Acknowledge{of}",
            icon=":material/done_all:",
            disabled=not (new and acting.name()),
            help="Say that you have seen them. They fire until what is wrong is over.",
        ):
            st.text_area("Note (may be empty)", key=_NOTE, max_chars=MOST_NOTE, height=100, width=340)
            st.button(
                f"Acknowledge{of} as {wording.visible(acting.name(), most=40)}",
                icon=":material/check:",
                on_click=_acknowledge,
                args=(new,),
            )
        if chosen and not new:
            st.caption("These are acknowledged.")
        elif chosen and not acting.name():
            st.caption("Say who you are first.")
        elif (said := st.session_state.get(_SAID)) is not None:
            st.caption(said)


def _acknowledge(alerts: Sequence[Alert]) -> None:
    refusal = acting.acknowledge([alert.alert_id for alert in alerts], str(st.session_state.get(_NOTE) or ""))
    st.session_state[_SAID] = refusal or f"Acknowledged {wording.number(len(alerts), 'alert')}."
    if refusal is None:
        st.session_state[_NOTE] = ""
        reading.forget_alerts()
        _deselect()


def _one(alert: Alert) -> None:
    """All of an alert, and where to look."""
    where = time_zone()
    with st.container(border=True):
        st.subheader(_title(alert))
        st.html(
            markup.facts(
                (
                    ("About", wording.visible(alert.about, most=200)),
                    ("Why", wording.visible(alert.why, most=1000)),
                    (f"Since ({time_zone_name()})", wording.day_time(alert.fired_at, where)),
                    ("Acknowledged", _acknowledged(alert)),
                    ("Note", wording.visible(alert.note or wording.NOTHING, most=2000)),
                )
            )
        )
        _way(alert)


def _way(alert: Alert) -> None:
    if alert.rule in _SESSION_RULES and alert.subject:
        links.link("session", "The session", icon=":material/swap_horiz:", id=alert.subject)
    if alert.rule == Rule.QUARANTINED.label:
        links.link("quarantine", "The quarantine", icon=":material/rule:")
    elif alert.rule == Rule.STUCK.label:
        links.link("orders", "Stuck orders", icon=":material/list_alt:", list="Stuck")
    elif alert.rule not in _SESSION_RULES:
        links.link("system", "The system", icon=":material/dns:")


def _history(found: Sequence[Alert]) -> None:
    place: AlertPlace | None = found[-1].place if len(found) == _PAGE else None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            f"{wording.number(len(found), 'alert')} that are over, the latest end first", width="stretch"
        )
        paging.buttons(_LIST, place)
    where, now = time_zone(), datetime.now(time_zone())
    tables.draw(
        {
            f"From ({time_zone_name()})": [wording.moment(alert.fired_at, where, now) for alert in found],
            "Until": [wording.moment(alert.resolved_at, where, now) for alert in found],
            "For": [
                wording.ago(alert.resolved_at - alert.fired_at) if alert.resolved_at else wording.NOTHING
                for alert in found
            ],
            "Severity": [_SEVERITIES.get(alert.severity, alert.severity) for alert in found],
            "Alert": [_title(alert) for alert in found],
            "About": [wording.visible(alert.about) for alert in found],
            "Why": [wording.visible(alert.why) for alert in found],
            "Acknowledged": [_acknowledged(alert) for alert in found],
            "Note": [wording.visible(alert.note or "") for alert in found],
        },
        key="alerts_over",
        height=560,
        empty="No alert was ever over",
        column_config={"Why": st.column_config.TextColumn(width="large")},
        alt="Alerts that are over, the latest end first",
    )


def _title(alert: Alert) -> str:
    rule = BY_LABEL.get(alert.rule)
    return alert.rule if rule is None else rule.title


def _acknowledged(alert: Alert) -> str:
    if alert.acknowledged_at is None or alert.acknowledged_by is None:
        return "○ Nobody yet" if alert.resolved_at is None else "○ Nobody"
    when = wording.moment(alert.acknowledged_at, time_zone(), datetime.now(time_zone()))
    return f"✓ {wording.visible(alert.acknowledged_by, most=60)}, {when}"


def _grid() -> str:
    return f"alerts_{st.session_state.get(_GRID, 0)}"


def _selected() -> list[int]:
    state: Any = st.session_state.get(_grid())
    return list(state["selection"]["rows"]) if state else []


def _deselect() -> None:
    st.session_state[_GRID] = st.session_state.get(_GRID, 0) + 1
