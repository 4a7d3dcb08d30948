"""The one taxonomy of errors: each knows its HTTP status, its gRPC code and its metric label.

Code raises these wherever a request can fail; the doors turn them into responses, and a stage's
response turns back into the same error on the caller's side (`from_payload`), so a failure keeps
its cause across processes.
"""

import math
from http import HTTPStatus
from typing import Any, ClassVar


class HikariError(Exception):
    """Base of every error that a caller of this library may see.

    Attributes:
        code: Stable identifier in answers and metrics.
        status: HTTP status of a response that carries only this error.
        grpc: Name of the gRPC status code.
        retry_after: Seconds after which a retry may succeed, when that is known.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    grpc: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after

    def payload(self) -> dict[str, Any]:
        """The error as a JSON object, message first as OIP clients expect."""
        body: dict[str, Any] = {"error": self.message, "code": self.code}
        if self.retry_after is not None:
            body["retry_after"] = self.retry_after
        return body


class InvalidInput(HikariError):
    """The request is malformed: a field is missing, unknown or out of range."""

    code = "invalid_input"
    status = HTTPStatus.BAD_REQUEST
    grpc = "INVALID_ARGUMENT"


class BadImage(InvalidInput):
    """The picture is empty, truncated, no image, or outside the limits on its size."""

    code = "bad_image"
    status = HTTPStatus.UNPROCESSABLE_ENTITY


class EmptyImage(BadImage):
    """There is no byte where the picture should be."""

    code = "empty_image"
    status = HTTPStatus.BAD_REQUEST


class UnsupportedImage(BadImage):
    """The bytes are no picture, or one of a format that is not read."""

    code = "unsupported_image"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class TruncatedImage(BadImage):
    """The picture's file is truncated or damaged."""

    code = "truncated_image"


class TooManyPixels(BadImage):
    """The picture has more pixels than are accepted, as its header says."""

    code = "too_many_pixels"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class ImageTooSmall(BadImage):
    """A side of the picture is too short, or much shorter than the other."""

    code = "image_too_small"


class PoorQuality(BadImage):
    """The picture can be read but shows too little; the cascade refuses it before any model."""

    code = "poor_quality"


class TooLarge(InvalidInput):
    """The body is larger than the server accepts."""

    code = "too_large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    grpc = "RESOURCE_EXHAUSTED"


class UnsupportedMedia(InvalidInput):
    """The body's content type is none that this endpoint reads."""

    code = "unsupported_media"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class NotFound(HikariError):
    """No such model, version or route."""

    code = "not_found"
    status = HTTPStatus.NOT_FOUND
    grpc = "NOT_FOUND"


class Unsupported(HikariError):
    """A part of a protocol that this server knows and does not offer."""

    code = "unsupported"
    status = HTTPStatus.NOT_IMPLEMENTED
    grpc = "UNIMPLEMENTED"


class Unauthorized(InvalidInput):
    """A key is needed, and none that is known was sent."""

    code = "unauthorized"
    status = HTTPStatus.UNAUTHORIZED
    grpc = "UNAUTHENTICATED"


class Forbidden(InvalidInput):
    """The key that was sent gives no right to this."""

    code = "forbidden"
    status = HTTPStatus.FORBIDDEN
    grpc = "PERMISSION_DENIED"


class WrongHost(InvalidInput):
    """The request was sent to this server by a name that it does not have."""

    code = "wrong_host"
    status = HTTPStatus.MISDIRECTED_REQUEST


class QueueFull(HikariError):
    """The bounded queue in front of an engine is full."""

    code = "queue_full"
    status = HTTPStatus.TOO_MANY_REQUESTS
    grpc = "RESOURCE_EXHAUSTED"


class Overloaded(HikariError):
    """The server has taken in as much as it can hold; nothing of the request was looked at."""

    code = "overloaded"
    status = HTTPStatus.TOO_MANY_REQUESTS
    grpc = "RESOURCE_EXHAUSTED"


class DeadlineExceeded(HikariError):
    """The deadline passed before the answer was there."""

    code = "deadline_exceeded"
    status = HTTPStatus.GATEWAY_TIMEOUT
    grpc = "DEADLINE_EXCEEDED"


class Unavailable(HikariError):
    """A stage is down, hung, or still loading its model."""

    code = "unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    grpc = "UNAVAILABLE"


class Mismatch(Unavailable):
    """A stage's runner is of another release, configuration or index than its caller."""

    code = "mismatch"


class EngineFailed(HikariError):
    """The engine raised while it computed this item or started, or gave what is no number."""

    code = "engine_failed"


class Skipped(HikariError):
    """A stage did not run, because a stage that it needs has no answer."""

    code = "skipped"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    grpc = "UNAVAILABLE"


class ConfigError(HikariError):
    """The repository or a setting is wrong; the message names file, field and remedy."""

    code = "bad_config"
    grpc = "FAILED_PRECONDITION"


_BY_CODE: dict[str, type[HikariError]] = {
    # These two are told by HTTP alone, before a request has come to anything that raises.
    "late": HikariError,
    "method_not_allowed": HikariError,
} | {
    kind.code: kind
    for kind in (
        HikariError,
        InvalidInput,
        BadImage,
        EmptyImage,
        UnsupportedImage,
        TruncatedImage,
        TooManyPixels,
        ImageTooSmall,
        PoorQuality,
        TooLarge,
        UnsupportedMedia,
        NotFound,
        Unsupported,
        Unauthorized,
        Forbidden,
        WrongHost,
        QueueFull,
        Overloaded,
        DeadlineExceeded,
        Unavailable,
        Mismatch,
        EngineFailed,
        Skipped,
        ConfigError,
    )
}


def from_payload(body: dict[str, Any]) -> HikariError:
    """Rebuilds the error that `HikariError.payload` wrote in another process."""
    kind = _BY_CODE.get(str(body.get("code")), HikariError)
    return kind(str(body.get("error", "unknown error")), retry_after=body.get("retry_after"))


def from_anybody(body: object) -> HikariError | None:
    """As `from_payload`, of what may be a proxy's or another server's; None if it is."""
    if not isinstance(body, dict) or not isinstance(body.get("error"), str):
        return None
    known = any(body.get("code") == code for code in _BY_CODE)
    return from_payload(body) if known and _is_wait(body.get("retry_after")) else None


def _is_wait(seconds: object) -> bool:
    if seconds is None:
        return True
    return isinstance(seconds, int | float) and 0 <= seconds < math.inf
