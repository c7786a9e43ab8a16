"""Stock over REST."""
