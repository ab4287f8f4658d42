"""Deleting all messages of a kind: one command, with a name of its own at each vendor (+CMGDA, +QMGDA)."""

from __future__ import annotations

from ..emulator.command import Command, Int, Word, command, test_by, write
from ..emulator.messages import Status
from ..emulator.reply import OK, Cms, Reply, info
from .telephony import Telephony
from .ts27005_messages import EVERY, text_mode

KINDS: dict[str, tuple[Status, ...]] = {
    "DEL READ": (Status.REC_READ,),
    "DEL UNREAD": (Status.REC_UNREAD,),
    "DEL SENT": (Status.STO_SENT,),
    "DEL UNSENT": (Status.STO_UNSENT,),
    "DEL INBOX": (Status.REC_READ, Status.REC_UNREAD),
    "DEL ALL": EVERY,
}
"""<type> in text mode; in PDU mode by number, from 1."""
WORDS = ",".join(f'"{kind}"' for kind in KINDS)


def delete_kind(module: Telephony, kind: str) -> Reply:
    """Delete by word."""
    module.require_sms()
    module.storage(0).delete_all(*KINDS[kind])
    return OK


def delete_number(module: Telephony, kind: int) -> Reply:
    """Delete by number."""
    return delete_kind(module, tuple(KINDS)[kind - 1])


def delete_all(name: str, cite: str) -> Command:
    """The command ``name``: words in text mode, numbers in PDU mode."""

    def kinds(module: Telephony) -> Reply:
        return info(f"{name}: ({WORDS})" if text_mode(module) else f"{name}: (1-6)")

    return command(
        name,
        test_by(kinds),
        write(Word("kind", tuple(KINDS)), run=delete_kind, only=text_mode, bad_parameter=Cms.NOT_SUPPORTED),
        write(Int("kind", 1, 6), run=delete_number, bad_parameter=Cms.NOT_SUPPORTED),
        cite=cite,
        op="sms.delete",
    )
