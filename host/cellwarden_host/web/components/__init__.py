"""Elements that this program's pages are made of and the library does not have."""
