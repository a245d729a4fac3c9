"""Claims about replicated objects against judges that try everything the definition allows."""
