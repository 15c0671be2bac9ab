"""The Image API over HTTP, served by a process of its own."""
