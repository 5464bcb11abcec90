"""A SAML identity provider for tests: pysaml2's own, behind a real HTTP server. It signs with xmlsec1."""

import base64
import datetime
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what pysaml2 uses that its own libraries will drop
    from saml2 import BINDING_HTTP_REDIRECT
    from saml2.config import IdPConfig
    from saml2.metadata import entity_descriptor
    from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
    from saml2.server import Server

ACS, AUDIENCE = "http://localhost/account/saml/corp/acs/", "http://localhost/account/saml/corp/metadata/"

ELSEWHERE = "https://elsewhere.example.com/metadata"
SITE = (  # what the provider knows of a site that it signs people in to
    '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}">'
    '<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
    '<AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" index="0" Location="'
    f'{ACS}"/></SPSSODescriptor></EntityDescriptor>'
)


class IdentityProvider:
    """Vouches for `people` (subject → address); `audience` and `sign` are turned to make it misbehave."""

    def __init__(self, folder: Path, url: str) -> None:
        self.url, self.people = url, {}  # type: ignore[var-annotated]
        key, certificate = make_certificate(folder)
        config = {
            "entityid": f"{url}/metadata",
            "service": {"idp": {"endpoints": {"single_sign_on_service": [(f"{url}/sso", BINDING_HTTP_REDIRECT)]}}},
            "key_file": str(key),
            "cert_file": str(certificate),
            "xmlsec_binary": "/usr/bin/xmlsec1",
            "metadata": {"inline": [SITE.format(entity=entity) for entity in (AUDIENCE, ELSEWHERE)]},
        }
        self.config = IdPConfig().load(config)
        self.server = Server(config=self.config)
        self.metadata = str(entity_descriptor(self.config))

    def answer(self, asked: str, subject: str, *, audience: str = AUDIENCE, sign: bool = True) -> dict[str, str]:
        """What the browser is told to post to us after signing in as `subject`, given the address it came with."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(asked).query).items()}
        request_id = request_id_of(query["SAMLRequest"])
        response = self.server.create_authn_response(
            {"email": self.people[subject], "name": subject.title()},
            in_response_to=request_id,
            destination=ACS,
            sp_entity_id=audience,
            name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text=subject),
            authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "authn_auth": self.url},
            sign_assertion=sign,
            sign_response=False,
            sign_alg="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            digest_alg="http://www.w3.org/2001/04/xmlenc#sha256",
        )
        return {
            "SAMLResponse": base64.b64encode(str(response).encode()).decode(),
            "RelayState": query.get("RelayState", ""),
        }


def request_id_of(packed: str) -> str:
    """The ID of our AuthnRequest, as the redirect binding carries it."""
    import zlib
    from xml.etree import ElementTree as ET

    return str(ET.fromstring(zlib.decompress(base64.b64decode(packed), -15)).attrib["ID"])


@contextmanager
def running(folder: Path) -> Iterator[IdentityProvider]:
    """The provider at an address of its own: GET /metadata, GET /sso?SAMLRequest=…&as=subject."""
    made: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider: IdentityProvider = made["provider"]
            body = provider.metadata
            if self.path.startswith("/sso"):
                subject = parse_qs(urlsplit(self.path).query)["as"][0]
                fields = provider.answer(self.path, subject)
                inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
                body = f'<form method="post" action="{ACS}">{inputs}</form>'
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made["provider"] = IdentityProvider(folder, f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made["provider"]
    server.shutdown()
    server.server_close()
    thread.join()


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A key and its certificate, for an hour."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "identity provider of the tests")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "idp.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    )
    (folder / "idp.crt").write_bytes(certificate.public_bytes(pem))
    return folder / "idp.key", folder / "idp.crt"
