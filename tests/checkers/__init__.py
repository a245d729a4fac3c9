"""The tests of the package `checkers`."""
