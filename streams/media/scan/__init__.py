"""A virus scanner asked about every file, if the settings name one."""
