"""What others' schemas say of the fields that events of a scan have, and whether an event holds.

A JSON file beside its reader is facts alone, of the schema and the version that ``source`` names.
"""
