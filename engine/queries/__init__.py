"""The read side: SELECTs only, one file per page or list. Reading needs no domain."""
