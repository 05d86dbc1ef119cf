"""Every setting: declared, read, checked, and explained where it is wrong."""
