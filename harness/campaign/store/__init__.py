"""The results' database: an index of run folders and nights, made anew from them at any time."""
