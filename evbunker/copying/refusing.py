"""What ends a copy."""


class Refused(Exception):
    """The copy cannot begin or go on; the sentence says why. What was written stays, marked as unfinished."""
