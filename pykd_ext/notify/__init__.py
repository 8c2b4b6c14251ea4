"""What a callback is told: REG_NOTIFY_CLASS and the REG_*_INFORMATION that goes with it.

Pure decoding over :class:`pykd_ext.target.memory.Memory`: data objects come back, nothing is
printed, nothing raises for what the target's memory holds.
"""
