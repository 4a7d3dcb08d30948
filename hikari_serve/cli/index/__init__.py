"""`hikari index`: builds, changes and reads the index of reference cases."""
