"""What a client sees of the whole, over real HTTP: tenancy, bad input, lost writes."""
