"""Image records in bulk: documents that `glimpse load` reads and `glimpse dump` writes."""
