"""Make the test CA of pytest_pal/faults/certificates again, and the leaf certificates that the server presents.

python tools/make_test_ca.py      # needs cryptography: pip install 'pytest-pal[tls]'

The keys are no secrets: they are published with the package, and vouch for nothing but tests on this machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FOLDER = Path(__file__).parent.parent / "pytest_pal" / "faults" / "certificates"
BEGIN, EXPIRED, END = (datetime(year, 1, 1, tzinfo=UTC) for year in (2000, 2001, 2100))
LOCAL = [x509.DNSName("localhost"), *(x509.IPAddress(ip_address(text)) for text in ("127.0.0.1", "::1"))]
ELSEWHERE = [x509.DNSName("elsewhere.invalid")]


@dataclass(frozen=True)
class Pair:
    key: EllipticCurvePrivateKey
    certificate: x509.Certificate


def authority(name: str) -> Pair:
    key = generate_private_key(SECP256R1())
    builder = _builder(_name(name), key, END).issuer_name(_name(name))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return Pair(key, builder.sign(key, SHA256()))


def leaf(name: str, hosts: Sequence[x509.GeneralName], signer: Pair, end: datetime = END) -> Pair:
    key = generate_private_key(SECP256R1())
    issuer = signer.key.public_key()
    builder = _builder(_name(name), key, end).issuer_name(signer.certificate.subject)
    builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    return Pair(key, builder.sign(signer.key, SHA256()))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: x509.Name, key: EllipticCurvePrivateKey, end: datetime) -> x509.CertificateBuilder:
    public = key.public_key()
    builder = x509.CertificateBuilder().subject_name(subject).public_key(public)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(BEGIN).not_valid_after(end)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(pair: Pair) -> bytes:
    return pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _pem(pair: Pair) -> bytes:
    return pair.certificate.public_bytes(Encoding.PEM)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    ours = authority("pytest-pal test CA, not for production")
    foreign = authority("pytest-pal foreign test CA, not for production")
    (FOLDER / "ca.pem").write_bytes(_pem(ours))
    (FOLDER / "ca-key.pem").write_bytes(_key_pem(ours))
    (FOLDER / "foreign-ca.pem").write_bytes(_pem(foreign))
    leaves = {
        "localhost": leaf("pytest-pal localhost", LOCAL, ours),
        "foreign": leaf("pytest-pal localhost, of a foreign CA", LOCAL, foreign),
        "misnamed": leaf("pytest-pal elsewhere", ELSEWHERE, ours),
        "expired": leaf("pytest-pal localhost, expired", LOCAL, ours, EXPIRED),
    }
    for name, pair in leaves.items():
        (FOLDER / f"{name}.pem").write_bytes(_key_pem(pair) + _pem(pair))


if __name__ == "__main__":
    main()
