"""What tests start and speak to: real processes, raw HTTP, a cloud with users and images."""
