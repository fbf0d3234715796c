"""What may leave? Nothing that tells who somebody is, and no count of a few persons."""
