"""The store's own authority: its leaf is taken for 127.0.0.1 on both sides, and by nobody who has another authority."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from statuette.adapters.store_seaweed.certificates import make_certificates


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return make_certificates()


def context(folder: Path, files: dict[str, bytes], *, authority: bytes, server: bool) -> ssl.SSLContext:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    found.verify_mode = ssl.CERT_REQUIRED
    found.load_verify_locations(cadata=authority.decode())
    found.load_cert_chain(folder / "leaf.pem", folder / "leaf.key")
    return found


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, *, name: str) -> None:
    """A TLS handshake in memory, both sides showing certificates."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert ends[0].version() == ends[1].version() == "TLSv1.3"
    assert ends[1].getpeercert()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_both_sides_take_the_leaf(tmp_path: Path, made: dict[str, bytes], name: str) -> None:
    sides = [context(tmp_path, made, authority=made["ca.pem"], server=server) for server in (False, True)]
    shake_hands(*sides, name=name)


def test_another_name_is_refused(tmp_path: Path, made: dict[str, bytes]) -> None:
    sides = [context(tmp_path, made, authority=made["ca.pem"], server=server) for server in (False, True)]
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(*sides, name="example.org")


def test_a_leaf_of_another_authority_is_refused(tmp_path: Path, made: dict[str, bytes]) -> None:
    client = context(tmp_path / "c", make_certificates(), authority=made["ca.pem"], server=False)
    server = context(tmp_path / "s", made, authority=made["ca.pem"], server=True)
    with pytest.raises(ssl.SSLError):
        shake_hands(client, server, name="localhost")


def test_the_leaf_is_no_authority_and_the_authority_s_key_is_gone(made: dict[str, bytes]) -> None:
    authority, leaf = (x509.load_pem_x509_certificate(made[name]) for name in ("ca.pem", "leaf.pem"))
    leaf.verify_directly_issued_by(authority)
    key = serialization.load_pem_private_key(made["leaf.key"], password=None)
    assert key.public_key() == leaf.public_key()
    assert key.public_key() != authority.public_key()
    limits = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (limits.ca, limits.path_length) == (True, 0)
    with pytest.raises(x509.ExtensionNotFound):
        leaf.extensions.get_extension_for_class(x509.BasicConstraints)


def test_they_outlast_the_machine_and_a_clock_set_back(made: dict[str, bytes]) -> None:
    now = datetime.now(UTC)
    for name in ("ca.pem", "leaf.pem"):
        certificate = x509.load_pem_x509_certificate(made[name])
        assert certificate.not_valid_before_utc < now - timedelta(hours=23)
        assert certificate.not_valid_after_utc > now + timedelta(days=365 * 50)
