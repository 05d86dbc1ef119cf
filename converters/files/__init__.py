"""Files of a message: which are transferred, in which format, under which key."""
