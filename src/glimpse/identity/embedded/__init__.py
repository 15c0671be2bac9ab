"""The embedded identity: users, projects, roles, logins and tokens in a state directory."""
