"""The scripts that bring an app up: the SQL in them, who calls them, and the lines that run the old way."""
