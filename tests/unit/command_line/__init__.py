"""Tests of pykd_ext/command_line."""
