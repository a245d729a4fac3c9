"""A cluster on machines that are reached by SSH."""
