"""Tests of what ``import pykd_ext`` offers."""
