from __future__ import annotations

import pytest

from fixwatch.demo.stack import default_environment
from fixwatch.settings import Settings, load


def test_the_parts_of_the_demo_run_with_every_setting_at_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = Settings.model_construct()
    environment = default_environment()
    assert environment.keys() == {f"FIXWATCH_{name.upper()}" for name in Settings.model_fields}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert load() == defaults
