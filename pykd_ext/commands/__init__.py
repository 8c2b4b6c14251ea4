"""The commands, a file each: ``who_blocks.py`` is ``regcb who-blocks``, and nothing else is here.

A file has its command as ``COMMAND`` (:mod:`pykd_ext.command_line.command`): summary, group,
options, whether it needs a target or a live one, and what it does. The folder is the list of them.
"""
