"""What is said: records as plain JSON, with the schemas of it (README.md has their rule)."""
