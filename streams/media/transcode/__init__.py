"""Strangers' pictures, sound and films are read and remade here, in processes of their own with limits on all that they use."""
