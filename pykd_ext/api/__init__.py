"""What ``import pykd_ext`` offers: a file each question. ``pykd_ext/__init__`` lists it."""
