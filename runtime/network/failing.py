"""Why a request came to nothing, in Node's codes: hooks and the packages they use look at `error.code`.

What is said names what the hook itself asked for, never an address that a name resolved to.
"""

from __future__ import annotations

import errno
import socket
import ssl
import zlib
from typing import Final

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from runtime.network.guard import Refused

# OpenSSL's verification results, by Node's names (https://nodejs.org/api/tls.html#x509-certificate-error-codes).
_CERTIFICATES: Final = {
    9: "CERT_NOT_YET_VALID",
    10: "CERT_HAS_EXPIRED",
    18: "DEPTH_ZERO_SELF_SIGNED_CERT",
    19: "SELF_SIGNED_CERT_IN_CHAIN",
    20: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    21: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    23: "CERT_REVOKED",
    62: "ERR_TLS_CERT_ALTNAME_INVALID",
    64: "ERR_TLS_CERT_ALTNAME_INVALID",
}

_REASONS: Final[tuple[tuple[tuple[type[Exception], ...], str, str], ...]] = (
    ((aiohttp.ClientSSLError,), "EPROTO", "{host} and hookd do not agree on TLS"),
    ((aiohttp.ClientConnectorDNSError, socket.gaierror), "ENOTFOUND", "getaddrinfo {code} {host}"),
    ((aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError), "ECONNRESET", "socket hang up"),
    (
        (aiohttp.ClientResponseError, HttpProcessingError),
        "HPE_INVALID_CONSTANT",
        "{host} does not answer as HTTP has it",
    ),
    ((zlib.error,), "Z_DATA_ERROR", "the response is not packed as it says"),
)


class NetworkError(Exception):
    """A request came to nothing. `code` is for programs, the text for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def reason_of(error: Exception, host: str) -> NetworkError:
    """What went wrong on the way to this host."""
    if isinstance(error, NetworkError):
        return error
    if isinstance(error, Refused):
        return NetworkError("ERR_ACCESS_DENIED", str(error))
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _certificate(error.certificate_error, host)
    for kinds, code, message in _REASONS:
        if isinstance(error, kinds):
            said = "EAI_AGAIN" if _is_for_now(error) else code
            return NetworkError(said, message.format(host=host, code=said))
    if isinstance(error, OSError):
        code = errno.errorcode.get(error.errno or 0, "ECONNRESET")
        return NetworkError(code, f"connect {code} {host}")
    return NetworkError("ERR_INVALID_REQUEST", "the request can not be sent")


def _is_for_now(error: Exception) -> bool:
    found = error.os_error if isinstance(error, aiohttp.ClientConnectorDNSError) else error
    return isinstance(found, socket.gaierror) and found.errno == socket.EAI_AGAIN


def _certificate(error: Exception, host: str) -> NetworkError:
    number = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else 0
    return NetworkError(_CERTIFICATES.get(number, "CERT_UNTRUSTED"), f"the certificate of {host} can not be trusted")
