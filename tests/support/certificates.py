"""TLS certificates for tests: of an authority, of a server on 127.0.0.1, and of a client."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class CertificateFiles(NamedTuple):
    """The PEM files of a certificate and of its private key."""

    certificate: Path
    key: Path


class Certificates:
    """A certificate authority, and the certificates it issued. All files are in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("authority")
        self.authority = self._issue("authority", self._key).certificate
        self.server = self._issue("server")
        self.client = self._issue("client")

    def server_context(self, *, requires_client_certificate: bool) -> ssl.SSLContext:
        """Return the TLS context of a server that has the certificate `server`."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.authority))
        context.load_cert_chain(*self.server)
        context.verify_mode = ssl.CERT_REQUIRED if requires_client_certificate else ssl.CERT_NONE
        return context

    def encrypt_key(self, files: CertificateFiles) -> CertificateFiles:
        """Return a certificate with a copy of its key that is encrypted with a passphrase."""
        key = serialization.load_pem_private_key(files.key.read_bytes(), None)
        encrypted = self._directory / f"encrypted-{files.key.name}"
        encrypted.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"passphrase"),
            )
        )
        return files._replace(key=encrypted)

    def _issue(self, name: str, key: ec.EllipticCurvePrivateKey | None = None) -> CertificateFiles:
        """Write a certificate and its key. With `key`, it is the authority's own certificate."""
        is_authority = key is not None
        key = key or ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        addresses = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(addresses, critical=False)
            # RFC 5280 requires the next three extensions; Python 3.13 checks them.
            .add_extension(_key_usage(signs_certificates=is_authority), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(_authority_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        files = CertificateFiles(self._directory / f"{name}.pem", self._directory / f"{name}.key")
        files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return files


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    names = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    unused = dict.fromkeys((*names, "crl_sign", "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates, **unused
    )


def _authority_key(key: ec.EllipticCurvePublicKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
