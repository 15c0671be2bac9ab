"""The same requests to a real Glance and Keystone and to the embedded services, compared."""
