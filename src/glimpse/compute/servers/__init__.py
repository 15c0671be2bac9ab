"""The operations of Compute on servers that its snapshots need, for clouds that have servers."""
