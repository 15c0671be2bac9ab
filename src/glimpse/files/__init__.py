"""What all packages that keep files in a state directory share."""
