"""Everything that can go wrong, as the caller sees it.

    HookdError                  500  internal_error
    |- InvalidBody              400  invalid_body
    |- InvalidQuery             400  invalid_query_string
    |- InvalidHeader            400  invalid_request
    |- InvalidPath              400  invalid_uri
    |- Unauthenticated          401  invalid_token
    |- InsufficientScope        403  insufficient_scope
    |- NotFound                 404  inexistent_resource
    |  `- HookNotFound          404  HookDoesNotExist
    |- MethodNotAllowed         405  method_not_allowed
    |- Conflict                 409  conflict
    |  `- HookNameTaken         409  hook_name_taken
    |- BodyTooLarge             413  body_too_large
    |- UnsupportedMediaType     415  unsupported_media_type
    |- TooManyRequests          429  too_many_requests
    `- Unavailable              503  temporarily_unavailable

    SettingsError               a wrong configuration; ends the process, never answered over HTTP
    Advice                      no error: what an operator should look at

`message` is safe for the caller; `debug` goes to the operator's log only. `to_body` is the one place that turns an error
into an answer (contract 1.1: Auth0's Management API shape).
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple


class Advice(NamedTuple):
    """What goes on, and should be otherwise: what was found, without a full stop, and what to do, in sentences."""

    found: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.found}. {self.remedy}"


class HookdError(Exception):
    """An error with an HTTP status. Subclasses fix `status`, `error` (the status in words) and `code` (`errorCode`)."""

    status: ClassVar[int] = 500
    error: ClassVar[str] = "Internal Server Error"
    code: ClassVar[str] = "internal_error"

    def __init__(self, message: str, *, debug: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.debug = debug

    def to_body(self) -> dict[str, object]:
        """The answer: `{"statusCode", "error", "message", "errorCode"}`."""
        return {"statusCode": self.status, "error": self.error, "message": self.message, "errorCode": self.code}


class InvalidBody(HookdError):
    """A request body that breaks a rule; the message names the field and the rule."""

    status, error, code = 400, "Bad Request", "invalid_body"


class InvalidQuery(HookdError):
    """A query parameter that breaks a rule."""

    status, error, code = 400, "Bad Request", "invalid_query_string"


class InvalidHeader(HookdError):
    """A header that can not be read, or that readers could read in several ways."""

    status, error, code = 400, "Bad Request", "invalid_request"


class InvalidPath(HookdError):
    """A path segment that breaks a rule."""

    status, error, code = 400, "Bad Request", "invalid_uri"


class Unauthenticated(HookdError):
    """No token, or one that does not verify (RFC 6750 section 3.1, `invalid_token`)."""

    status, error, code = 401, "Unauthorized", "invalid_token"


class InsufficientScope(HookdError):
    """A good token without the scope that the route asks for (RFC 6750 section 3.1)."""

    status, error, code = 403, "Forbidden", "insufficient_scope"


class NotFound(HookdError):
    """The thing does not exist in the caller's tenant."""

    status, error, code = 404, "Not Found", "inexistent_resource"


class HookNotFound(NotFound):
    """Auth0's own words for a missing hook (contract 1.1, recorded)."""

    code = "HookDoesNotExist"

    def __init__(self) -> None:
        super().__init__("Error: Hook does not exist")


class MethodNotAllowed(HookdError):
    """The path exists, the method does not."""

    status, error, code = 405, "Method Not Allowed", "method_not_allowed"


class Conflict(HookdError):
    """The thing exists already."""

    status, error, code = 409, "Conflict", "conflict"


class HookNameTaken(Conflict):
    """Another hook of the same trigger has this name (contract-full 5.2)."""

    code = "hook_name_taken"

    def __init__(self, message: str = "Hook with the same name already exists.") -> None:
        super().__init__(message)


class BodyTooLarge(HookdError):
    """The request body is over the limit that the message names."""

    status, error, code = 413, "Payload Too Large", "body_too_large"


class UnsupportedMediaType(HookdError):
    """The body is of a type that this route does not read."""

    status, error, code = 415, "Unsupported Media Type", "unsupported_media_type"


class TooManyRequests(HookdError):
    """More than a limit of the configuration allows. `seconds` from now there is room for one."""

    status, error, code = 429, "Too Many Requests", "too_many_requests"

    def __init__(self, message: str, *, seconds: float = 1.0, debug: str = "") -> None:
        super().__init__(message, debug=debug)
        self.seconds = seconds


class Unavailable(HookdError):
    """Full or stopping: try again later."""

    status, error, code = 503, "Service Unavailable", "temporarily_unavailable"


class SettingsError(Exception):
    """A wrong configuration: the message names the setting, the rule and what was given."""
