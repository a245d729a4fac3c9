"""A cluster of containers, made through the Docker Engine."""
