from __future__ import annotations

import socket

import pytest
from streamlit import config

from fixwatch.dashboard import server, theme
from fixwatch.errors import FixwatchError
from fixwatch.settings import load


def test_port_in_use_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(FixwatchError, match=f"Port {port} on 127.0.0.1 is in use") as raised:
            server.serve(load(dashboard_port=port))
    assert "\n" not in str(raised.value)


def test_address_of_another_machine_is_refused() -> None:
    with pytest.raises(FixwatchError, match=r"listen on 192\.0\.2\.1:"):
        server.serve(load(dashboard_host="192.0.2.1"))


def test_every_option_is_one_that_streamlit_has() -> None:
    known = config.get_config_options()
    assert sorted((set(theme.OPTIONS) | set(server._OPTIONS)) - set(known)) == []
