"""What a process that reads strangers' files may ask of the kernel: as good as nothing."""
