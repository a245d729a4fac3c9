"""The fast lanes, one test module each."""
