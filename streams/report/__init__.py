"""A report for those who pay: that all which came in has arrived, or what has not, by name."""
