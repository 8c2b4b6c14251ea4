"""How a command ends that cannot say more: see docs/commands.md."""

from __future__ import annotations

__all__ = ["BUG_CHECK", "EXCEPTION", "GONE", "MODULE", "REBOOT", "USAGE_ERROR"]

USAGE_ERROR = 2
# What has stopped a live target.
EXCEPTION, BUG_CHECK, MODULE, GONE, REBOOT = 3, 4, 5, 6, 7
