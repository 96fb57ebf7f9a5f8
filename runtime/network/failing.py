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
from aiohttp.http_exceptions import LineTooLong

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


class NetworkError(Exception):
    """A request came to nothing. `code` is for programs, the text for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def reason_of(error: Exception, host: str) -> NetworkError:
    """What went wrong on the way to this host."""
    match error:
        case NetworkError():
            return error
        case Refused():
            return NetworkError("ERR_ACCESS_DENIED", str(error))
        case aiohttp.ClientConnectorCertificateError():
            return _certificate(error.certificate_error, host)
        case aiohttp.ClientSSLError():
            return NetworkError("EPROTO", f"{host} and hookd do not agree on TLS")
        case aiohttp.ClientConnectorDNSError() | socket.gaierror():
            return NetworkError("ENOTFOUND", f"getaddrinfo ENOTFOUND {host}")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
            return NetworkError("ECONNRESET", "socket hang up")
        case LineTooLong():
            return NetworkError("HPE_HEADER_OVERFLOW", "a header of the response is too long")
        case aiohttp.ClientResponseError() | aiohttp.http_exceptions.HttpProcessingError():
            return NetworkError("HPE_INVALID_CONSTANT", f"{host} does not answer as HTTP has it")
        case OSError():
            code = errno.errorcode.get(error.errno or 0, "ECONNRESET")
            return NetworkError(code, f"connect {code} {host}")
        case zlib.error():
            return NetworkError("Z_DATA_ERROR", "the response is not packed as it says")
    return NetworkError("ERR_INVALID_REQUEST", "the request can not be sent")


def _certificate(error: Exception, host: str) -> NetworkError:
    number = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else 0
    return NetworkError(_CERTIFICATES.get(number, "CERT_UNTRUSTED"), f"the certificate of {host} can not be trusted")
