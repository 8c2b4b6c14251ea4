"""What commands say when what they read fails: each read in turn, each look-up in turn.

``python -m tests.faults`` has every n-th request of every command fail; CI a sample of them.
"""
