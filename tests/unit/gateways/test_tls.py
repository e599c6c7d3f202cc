"""The certificate of this machine."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.x509 import DNSName, SubjectAlternativeName, load_pem_x509_certificate

from openvenue.gateways.tls import LIFETIME, RENEW_BEFORE, server_context

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_a_certificate_is_made_once_and_kept(tmp_path: Path) -> None:
    """Clients that were told to trust it would otherwise have to be told again."""
    server_context(tmp_path, NOW)
    first = (tmp_path / "tls" / "cert.pem").read_bytes()
    server_context(tmp_path, NOW + LIFETIME - RENEW_BEFORE - timedelta(days=1))

    assert (tmp_path / "tls" / "cert.pem").read_bytes() == first


def test_an_old_or_broken_certificate_is_replaced(tmp_path: Path) -> None:
    """Before it expires; and after a crash that left half of one."""
    server_context(tmp_path, NOW)
    path = tmp_path / "tls" / "cert.pem"
    first = path.read_bytes()

    server_context(tmp_path, NOW + LIFETIME)
    second = path.read_bytes()
    path.write_bytes(second[:100])
    server_context(tmp_path, NOW + LIFETIME)

    assert len({first, second, path.read_bytes()}) == 3


def test_the_key_is_its_owners_alone_and_the_authority_has_none(tmp_path: Path) -> None:
    """Who trusts the authority trusts one certificate: nobody can sign another."""
    server_context(tmp_path, NOW)

    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "tls").iterdir()}
    assert files["key.pem"] == 0o600
    assert set(files) == {"ca.pem", "cert.pem", "key.pem"}
    assert b"PRIVATE" not in (tmp_path / "tls" / "ca.pem").read_bytes()


def test_it_is_for_this_machine_by_each_of_its_names(tmp_path: Path) -> None:
    """Names and addresses are different things to a client that checks."""
    server_context(tmp_path, NOW)
    certificate = load_pem_x509_certificate((tmp_path / "tls" / "cert.pem").read_bytes())

    names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value

    assert names.get_values_for_type(DNSName) == ["localhost"]
    assert [str(name.value) for name in names][1:] == ["127.0.0.1", "::1"]
