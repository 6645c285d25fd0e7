"""Every setting: its name, its default, what it may be.

A setting is read, first match first, from the environment (`FIXWATCH_DATABASE_URL=...`), from a file `.env`
in the working directory, and from a file of its name in `/run/secrets` (`fixwatch_database_url`), where
container platforms put secrets.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from fixwatch.errors import SettingsError

SECRETS_DIR: Final = Path("/run/secrets")


class Profile(StrEnum):
    """Which messages are folded into orders and trades; the others are quarantined."""

    STRICT = "strict"
    TOLERANT = "tolerant"


class Frame(StrEnum):
    """What a broken frame (BodyLength(9), CheckSum(10), field order) does to a message."""

    STRICT = "strict"
    LENIENT = "lenient"


class GroupOrder(StrEnum):
    """In which order the members of a repeating group may stand."""

    STRICT = "strict"
    TOLERANT = "tolerant"


class LogFormat(StrEnum):
    """How log lines look: for people or for programs."""

    CONSOLE = "console"
    JSON = "json"


class Settings(BaseSettings):
    """The settings of every fixwatch process."""

    model_config = SettingsConfigDict(
        env_prefix="FIXWATCH_",
        env_file=".env",
        extra="ignore",
        secrets_dir=SECRETS_DIR if SECRETS_DIR.is_dir() else None,
        hide_input_in_errors=True,
    )

    database_url: SecretStr = Field(
        SecretStr("postgresql://fixwatch@localhost:5432/fixwatch"),
        description="Postgres to store in and read from: a libpq URL (postgresql://user:password@host:port/database).",
    )
    operator_database_url: SecretStr = Field(
        SecretStr(""),
        description="What the dashboard acts with, as a libpq URL of a user that may insert into quarantine_actions "
        "and acknowledge alerts; empty: FIXWATCH_DATABASE_URL.",
    )
    kafka_bootstrap_servers: str = Field(
        "localhost:9092", min_length=1, description="Kafka brokers to start from: host:port, comma-separated."
    )
    kafka_topic: str = Field(
        "fix-trades",
        min_length=1,
        max_length=249,
        pattern=r"^[a-zA-Z0-9._-]+$",
        description="The topic that FIX messages arrive on.",
    )
    kafka_group_id: str = Field(
        "fixwatch", min_length=1, description="The consumer group that the ingesters share."
    )
    kafka_config: dict[str, Any] = Field(
        default_factory=dict,
        description="More settings for the Kafka clients, as a JSON object of librdkafka's names: security, tuning.",
    )
    dead_letter_topic: str = Field(
        "",
        max_length=249,
        pattern=r"^[a-zA-Z0-9._-]*$",
        description="A topic that quarantined messages are sent on to, for other consumers; empty: none.",
    )
    profile: Profile = Field(
        Profile.TOLERANT,
        description="strict: messages with any defect are quarantined; tolerant: those with dictionary "
        "defects are folded and keep their defects.",
    )
    frame: Frame = Field(
        Frame.STRICT,
        description="strict: a broken frame quarantines the message; lenient: messages without "
        "BodyLength or with a false CheckSum are folded and keep their defects.",
    )
    group_order: GroupOrder = Field(
        GroupOrder.TOLERANT,
        description="strict: members of a repeating group in another order than the dictionary's are a defect.",
    )
    max_message_bytes: int = Field(
        1024 * 1024,
        ge=64,
        le=256 * 1024 * 1024,
        description="A longer message is stored but not decoded: garbled, too_long.",
    )
    dictionaries: Annotated[list[Path], NoDecode] = Field(
        default_factory=list,
        description="Counterparties' own dictionaries, QuickFIX XML or FIX Orchestra, for messages of their "
        "versions: files, comma-separated.",
    )
    columns: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="More fields to store in messages.extra: TAG:NAME:KIND each, such as 5001:desk:text, "
        "comma-separated.",
    )
    sessions: str = Field(
        "",
        description="A TOML file of what is set for sessions: trading days, schedules, limits; empty: none.",
    )
    batch_rows: int = Field(
        20_000, ge=1, le=200_000, description="The most messages that one transaction stores."
    )
    batch_wait_ms: int = Field(
        5,
        ge=1,
        le=10_000,
        description="How long more records are waited for after the first one of a batch, ms.",
    )
    dashboard_host: str = Field("127.0.0.1", description="The address that the dashboard listens on.")
    dashboard_port: int = Field(8501, ge=1, le=65_535, description="The port that the dashboard listens on.")
    log_format: LogFormat = Field(
        LogFormat.CONSOLE, description="console: for people; json: one object a line."
    )

    @field_validator("dead_letter_topic")
    @classmethod
    def _is_another_topic(cls, topic: str, info: ValidationInfo) -> str:
        if topic and topic == info.data.get("kafka_topic"):
            raise ValueError("must be another topic than FIXWATCH_KAFKA_TOPIC, which would feed itself")
        return topic

    @field_validator("dictionaries", "columns", mode="before")
    @classmethod
    def _separate(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value


def load(**overrides: Any) -> Settings:
    """Read the settings; `overrides` (None means not given) come from the command line and win.

    Raises:
        SettingsError: a setting has a value that it may not have.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(problem) for problem in error.errors())) from None


def _explain(problem: Any) -> str:
    name = str(problem["loc"][0]) if problem["loc"] else "settings"
    return f"FIXWATCH_{name.upper()}: {problem['msg']}"
