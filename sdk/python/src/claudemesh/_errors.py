"""The one error type, and subclasses of it where a program wants to catch just one thing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

from ._codes import ERRORS

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
#: What a terminal would act on, or hide text by; line feeds and tabs stay.
_UNSAFE: Final = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]")
_OWN_MEMBERS = frozenset({"type", "title", "status", "detail", "code", "hint", "retryable"})


class ClaudemeshError(Exception):
    """Whatever goes wrong. Decide by `code`, which is from a closed list; `hint` names the command or field that helps.

    Made with a code that has a class of its own, it is of that class. A code of a newer daemon stays as it came.
    """

    code: str
    message: str
    hint: str | None
    details: Mapping[str, Any]
    _retryable: bool | None
    _status: int | None

    def __new__(cls, code: str, *_args: object, **_named: object) -> ClaudemeshError:
        return super().__new__(_BY_CODE.get(code, cls) if cls is ClaudemeshError else cls)

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str | None = None,
        details: Mapping[str, Any] | None = None,
        retryable: bool | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details = {} if details is None else details
        self._retryable = retryable
        self._status = status

    @property
    def retryable(self) -> bool:
        """Whether the same request can succeed later."""
        return ERRORS.get(self.code, (500, False))[1] if self._retryable is None else self._retryable

    @property
    def status(self) -> int:
        """The HTTP status that the code travels as."""
        return ERRORS.get(self.code, (500, False))[0] if self._status is None else self._status

    def __str__(self) -> str:
        said = f"{self.message} [{self.code}]"
        return said if self.hint is None else f"{said}; {self.hint}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.code, self.message, self.hint, dict(self.details), self._retryable, self._status)


class NotRunningError(ClaudemeshError):
    """No daemon answers; `claudemesh up` starts one. Nothing was sent."""


class TimedOutError(ClaudemeshError):
    """The time that the call was given is over. What was sent may still have its effect."""


class NotFoundError(ClaudemeshError):
    """There is no such message, row, topic, queue, member or file."""


class ConflictError(ClaudemeshError):
    """The id stands for another request already: `details["conflict"]` says in which state that is."""


class LeaseLostError(ClaudemeshError):
    """The lease is over: the message was or will be given to another consumer."""


class InvalidRequestError(ClaudemeshError, ValueError):
    """The request is wrong as written, its meta for example. Nothing was sent."""


_INVALID = (
    "malformed_json",
    "duplicate_key",
    "number_out_of_range",
    "invalid_utf8",
    "lone_surrogate",
    "too_deep",
    "meta_too_large",
    "unknown_field",
    "missing_field",
    "invalid_field",
    "invalid_id",
    "invalid_destination",
    "control_character",
)

_BY_CODE: dict[str, type[ClaudemeshError]] = {
    "not_running": NotRunningError,
    "timed_out": TimedOutError,
    "not_found": NotFoundError,
    "unknown_destination": NotFoundError,
    "idempotency_key_reused": ConflictError,
    "lease_lost": LeaseLostError,
    **dict.fromkeys(_INVALID, InvalidRequestError),
}


def _restored(
    code: str,
    message: str,
    hint: str | None,
    details: dict[str, Any],
    retryable: bool | None,
    status: int | None,
) -> ClaudemeshError:
    return ClaudemeshError(code, message, hint=hint, details=details, retryable=retryable, status=status)


def from_problem(status: int, document: object, retry_after: str | None) -> ClaudemeshError:
    """The error that problem details (RFC 9457) tell of; `retry_after_ms` is put into its details where only a header
    says it."""
    code = cast("dict[str, Any]", document).get("code") if isinstance(document, dict) else None
    if not isinstance(code, str) or _CODE.fullmatch(code) is None:
        return ClaudemeshError(
            "protocol_error", f"the daemon answered {status} without problem details", hint="claudemesh status"
        )
    members = cast("dict[str, Any]", document)
    detail, hint, retryable = (members.get(name) for name in ("detail", "hint", "retryable"))
    details = {name: value for name, value in members.items() if name not in _OWN_MEMBERS}
    if retry_after is not None and "retry_after_ms" not in details:
        details["retry_after_ms"] = int(retry_after) * 1_000 if retry_after.isdecimal() and len(retry_after) < 10 else 0
    return ClaudemeshError(
        code,
        _printable(detail) if isinstance(detail, str) else f"the daemon answered {status}",
        hint=_printable(hint) if isinstance(hint, str) else None,
        details=details,
        retryable=None if code in ERRORS else retryable is True,
        status=status,
    )


def _printable(text: str) -> str:
    """What others chose to be called may stand in it, and an error is shown by whoever does not catch it."""
    return _UNSAFE.sub(lambda found: ascii(found.group())[1:-1].replace("\\r", "\\x0d"), text)
