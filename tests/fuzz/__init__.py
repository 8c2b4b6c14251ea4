"""Fuzzers over everything that regcb reads; ``python -m tests.fuzz --help``."""
