"""The stores of the embedded image service, as clients see them: there is one."""

STORE_ID = "store"
