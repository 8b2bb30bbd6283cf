"""Every numbered equation of the paper with its verdict, in the order of the paper (`errata`)."""
