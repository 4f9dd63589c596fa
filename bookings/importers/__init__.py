"""Reading stations out of the files that operators and drivers can download; docs/importing.md describes each format.

A format's module turns a file into `StationRow`s and `Skipped` rows; `storing` writes them.
"""
