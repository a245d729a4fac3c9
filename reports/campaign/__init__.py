"""What is told of a campaign's night: a page, a summary in Markdown, JUnit's XML. Pure: text of a record."""
