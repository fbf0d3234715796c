"""What was the effect? One file per method, all registered in `registry`."""
