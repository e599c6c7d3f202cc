"""A certificate for this machine alone, made at first use: some clients speak only TLS.

A small authority signs it and its key is thrown away at once, so that a user who trusts `ca.pem`
trusts this one certificate and nothing else, ever.
"""

import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import trustme
from cryptography.x509 import load_pem_x509_certificate

FOLDER: Final = "tls"
CA_FILE: Final = "ca.pem"  # what clients trust
CERT_FILE: Final = "cert.pem"
KEY_FILE: Final = "key.pem"  # mode 0600
NAMES: Final = ("localhost", "127.0.0.1", "::1")
LIFETIME: Final = timedelta(days=800)  # some clients refuse more than 825 days
RENEW_BEFORE: Final = timedelta(days=30)


def server_context(data_dir: Path, now: datetime | None = None) -> ssl.SSLContext:
    """TLS for the door, with the certificate of `data_dir`; made now if none is there or it is old.

    Raises: OSError: the directory cannot be written.
    """
    folder = data_dir / FOLDER
    if not _is_good(folder, now or datetime.now(UTC)):
        make_certificate(folder, now or datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(folder / CERT_FILE, folder / KEY_FILE)
    context.set_alpn_protocols(["http/1.1"])
    return context


def make_certificate(folder: Path, now: datetime) -> None:
    """Write a new authority, certificate and key into `folder`."""
    authority = trustme.CA(organization_name="OpenVenue, this machine only")
    leaf = authority.issue_cert(
        *NAMES,
        organization_name="OpenVenue",
        not_before=now - timedelta(days=1),
        not_after=now + LIFETIME,
    )
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / KEY_FILE, leaf.private_key_pem.bytes(), 0o600)
    _write(folder / CERT_FILE, leaf.cert_chain_pems[0].bytes(), 0o644)
    _write(folder / CA_FILE, authority.cert_pem.bytes(), 0o644)


def _is_good(folder: Path, now: datetime) -> bool:
    if not all((folder / name).exists() for name in (CA_FILE, CERT_FILE, KEY_FILE)):
        return False
    try:
        cert = load_pem_x509_certificate((folder / CERT_FILE).read_bytes())
        authority = load_pem_x509_certificate((folder / CA_FILE).read_bytes())
    except ValueError:
        return False  # cut short by a crash: a new one costs nothing
    return now + RENEW_BEFORE < cert.not_valid_after_utc and cert.issuer == authority.subject


def _write(path: Path, content: bytes, mode: int) -> None:
    """Put the whole file in place at once, readable by whom `mode` says from its first byte."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    fresh.replace(path)
