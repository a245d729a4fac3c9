"""The tests of Splitbrain; folders mirror the packages."""
