"""What calls to other services share: HTTP, deadlines, pauses, threads, flights."""
