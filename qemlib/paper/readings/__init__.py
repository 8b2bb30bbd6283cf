"""The parameters as others may read them, and what hangs on each."""
