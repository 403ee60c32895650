"""The embedded store's own certificate authority and the one leaf that all its parts show each other."""

import ipaddress
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALID = timedelta(days=36_500)


def make_certificates() -> dict[str, bytes]:
    """`ca.pem`, `leaf.pem` and `leaf.key` (PEM, ECDSA P-256) for 127.0.0.1 and localhost.

    The authority's own key is thrown away: nobody can ever issue a second leaf.
    """
    authority_key = ec.generate_private_key(ec.SECP256R1())
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key)
    leaf = _leaf(leaf_key, authority=authority, authority_key=authority_key)
    pem = serialization.Encoding.PEM
    secret = leaf_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {"ca.pem": authority.public_bytes(pem), "leaf.pem": leaf.public_bytes(pem), "leaf.key": secret}


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("statuette embedded store authority")
    builder = _dated(x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.sign(key, hashes.SHA256())


def _leaf(
    key: ec.EllipticCurvePrivateKey, *, authority: x509.Certificate, authority_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    builder = x509.CertificateBuilder().subject_name(_name("statuette embedded store"))
    builder = _dated(builder.issuer_name(authority.subject).public_key(key.public_key()))
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    return builder.sign(authority_key, hashes.SHA256())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _dated(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    # A day early: the machine's clock may be set back after the first start.
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + _VALID)
    return builder.serial_number(x509.random_serial_number())
