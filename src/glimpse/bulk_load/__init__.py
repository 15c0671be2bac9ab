"""Image records in bulk: the documents that `glimpse load` reads and `glimpse dump` writes."""
