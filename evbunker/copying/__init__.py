"""Moving a site with everything from one database to another, whichever engines they are (`manage.py copy_data`).

Settings know one database and fields differ by engine, so three processes do it: one reads the source and writes lines,
one reads the lines and writes the target, and the one that was called passes them on (`processes.py`).
"""

from evbunker.copying.refusing import Refused

__all__ = ["Refused"]
