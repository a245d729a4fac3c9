"""The systems under test and the door through which a system of one's own comes in (`systems.api`)."""
