"""What a look at a message means to somebody who waits for one of its stages."""

from __future__ import annotations

from typing import Final

from ._codes import ERRORS
from ._errors import ClaudemeshError
from ._types import Message, ReceiptStage

#: Receipts come as events; rows that end dead do not, so that the row is looked at this often as well.
LOOK_INTERVAL_S: Final = 0.5

#: What was read without having been put into a session is further than that; no other stage can be passed over.
_PASSED_OVER: Final[dict[ReceiptStage, ReceiptStage]] = {"injected": "read"}


def judge(message: Message, stage: ReceiptStage) -> bool:
    """True once the stage is reached, or ``read`` in place of ``injected``. Throws the reason when it never will be."""
    if any(reached.stage in (stage, _PASSED_OVER.get(stage)) for reached in message.stages):
        return True
    said = message.last_error
    hint = f"claudemesh outbox inspect {message.outbox_id}"
    if message.status in ("dead", "aborted"):
        raise ClaudemeshError(
            said.code if said is not None and said.code in ERRORS else "id_void",
            f"the message will not be sent: it ended {message.status}"
            + ("" if said is None else f" ({said.code}: {said.message})"),
            hint=hint,
            details={"message": message.to_json()},
        )
    if said is not None and said.code == "undecryptable":
        raise ClaudemeshError(
            "undecryptable",
            f"the message was sent, and {said.message}",
            hint=hint,
            details={"message": message.to_json()},
        )
    return False


def not_yet(message: Message | None, stage: ReceiptStage) -> ClaudemeshError:
    """The time is over; carries the message as it was seen last."""
    known = message.stages[-1].stage if message is not None and message.stages else "queued"
    return ClaudemeshError(
        "timed_out",
        f"not {stage} yet: the message is {known}",
        hint="it stays on its way; claudemesh outbox list shows what still waits",
        details={} if message is None else {"message": message.to_json()},
    )
