"""An ImageService that reads the tables of Glance's database, and writes with its API."""
