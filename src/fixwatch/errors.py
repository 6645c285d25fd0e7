"""Every error that fixwatch raises on purpose. The message says what is wrong and what to do."""

from __future__ import annotations


class FixwatchError(Exception):
    """Something that a person can mend. The command line prints the message, never a traceback."""


class SettingsError(FixwatchError):
    """A setting has a value that it may not have; names the setting and the allowed values."""


class DictionaryError(FixwatchError):
    """A FIX dictionary cannot be read; names the file and the line."""


class LogError(FixwatchError):
    """A log cannot be read, or what it is converted to cannot be written; names the file."""


class EncodeError(FixwatchError):
    """Fields that cannot be made into one FIX message; names the field."""


class BrokerError(FixwatchError):
    """The Kafka broker or topic cannot do what was asked."""


class DatabaseError(FixwatchError):
    """Postgres cannot do what was asked, or its schema is not ours."""


class Fenced(FixwatchError):
    """Another ingester has moved these partitions' offsets on: this batch is not ours to write."""


class DemoError(FixwatchError):
    """The embedded stack cannot start or stop."""
