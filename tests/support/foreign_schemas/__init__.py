"""What others' schemas say of what regcb writes for them, and whether that holds.

A JSON file here is facts alone, of the schema and the version that it names.
"""
