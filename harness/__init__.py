"""The controller: decides, deploys, drives, judges and composes. Nobody imports it."""
