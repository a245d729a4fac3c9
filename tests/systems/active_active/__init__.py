"""Active-active, rule by rule and over many seeds."""
