"""An ImageService that reads Glance's database and writes through Glance's API."""
