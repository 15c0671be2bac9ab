"""Identity that Glimpse keeps itself: users, projects, roles, logins and tokens."""
