"""Tests of the API that Porcupine's users know."""
