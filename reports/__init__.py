"""Reports: the command line, the pages and the JSON that other programs read."""
