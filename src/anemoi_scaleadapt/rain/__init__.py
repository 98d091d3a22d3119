"""Rain of any origin: read, averaged over hours, cut into windows, written as members."""
