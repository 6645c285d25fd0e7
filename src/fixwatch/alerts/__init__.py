"""Alerts: rules say what is wrong with a moment, a watcher asks them every few seconds and keeps what they say."""
