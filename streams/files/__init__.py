"""A small store of files for those who have none: put by the relay, fetched by whoever has a signed link that has not expired."""
