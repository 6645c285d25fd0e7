"""A certificate authority of the tests' own, and a broker's certificate for the loopback interface signed by it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from tests.kafka.jars import program

#: Guards a key that lives as long as the test run; PKCS #12 wants one of six characters.
STORE_PASSWORD: Final = "loopback"  # noqa: S105


def make_certificates(directory: Path) -> tuple[Path, Path]:
    """The broker's key and chain as a PKCS #12 store, and the authority's certificate as PEM.

    Raises KafkaUnavailable if there is no keytool (it comes with Java).
    """
    store, authority = directory / "broker.p12", directory / "ca.pem"

    def keytool(command: str, *arguments: str) -> None:
        access = ["-keystore", str(store), "-storetype", "PKCS12", "-storepass", STORE_PASSWORD]
        subprocess.run(
            [program("keytool"), command, *access, *arguments], check=True, capture_output=True, timeout=60
        )

    key = ["-keyalg", "EC", "-groupname", "secp256r1", "-validity", "2"]
    names = "san=ip:127.0.0.1,dns:localhost"
    keytool("-genkeypair", "-alias", "ca", *key, "-dname", "CN=fixwatch tests", "-ext", "bc:c")
    keytool("-exportcert", "-alias", "ca", "-rfc", "-file", str(authority))
    keytool("-genkeypair", "-alias", "broker", "-signer", "ca", *key, "-dname", "CN=broker", "-ext", names)
    # The broker would take either key for its own.
    keytool("-delete", "-alias", "ca")
    return store, authority
