"""Streamlit's server in this process, configured here and nowhere else.

Its health: `GET /_stcore/health` answers `ok`.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from pathlib import Path
from typing import Final

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import bootstrap

from fixwatch.dashboard import theme
from fixwatch.decoding import decode_options
from fixwatch.errors import FixwatchError
from fixwatch.settings import Settings

_APP: Final = Path(__file__).with_name("app.py")

_OPTIONS: Final[dict[str, object]] = {
    "server.headless": True,
    "server.showEmailPrompt": False,
    "server.fileWatcherType": "none",
    "server.runOnSave": False,
    "browser.gatherUsageStats": False,
    "logger.hideWelcomeMessage": True,
    "global.developmentMode": False,
    "client.toolbarMode": "minimal",
    # The tables' own CSV would hand a counterparty's text to a spreadsheet as formulas.
    "client.disableDataExport": True,
    # What goes wrong is for the log, not for the viewer.
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
}


def serve(settings: Settings) -> None:
    """Serve the dashboard until SIGTERM or Ctrl-C.

    Raises:
        FixwatchError: the address cannot be listened on, or a dictionary of the settings cannot be read.
    """
    decode_options(settings)
    host, port = settings.dashboard_host, settings.dashboard_port
    _check_address(host, port)
    # Not on a command line, where every user of the machine could read the password.
    os.environ["FIXWATCH_DATABASE_URL"] = settings.database_url.get_secret_value()
    os.environ["FIXWATCH_OPERATOR_DATABASE_URL"] = settings.operator_database_url.get_secret_value()
    options = {**_OPTIONS, **theme.OPTIONS, "server.address": host, "server.port": port}
    # Streamlit takes files in a directory `pages` for pages of its older kind until `st.navigation` has run: the
    # first viewer of a server who follows a link would get an empty page.
    PagesManager.uses_pages_directory = False
    bootstrap.load_config_options(options)
    shown = f"[{host}]" if ":" in host else host
    sys.stdout.write(f"Dashboard: http://{shown}:{port} (Ctrl-C stops it)\n")
    sys.stdout.flush()
    bootstrap.run(str(_APP), False, [], options)


def _check_address(host: str, port: int) -> None:
    """Say in one line what Streamlit would say in a traceback."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError:
        raise FixwatchError(f"{host} is no address of this machine: set another --host.") from None
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise FixwatchError(
                    f"Port {port} on {host} is in use: stop what listens there, or choose another --port."
                ) from None
            raise FixwatchError(
                f"Cannot listen on {host}:{port}: {error.strerror}. Choose another."
            ) from None
