"""Scripts that run in the Windows Python, for the tests in the folder above."""
