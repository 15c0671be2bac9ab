"""The embedded identity: users, projects, roles, logins and tokens without a Keystone."""
