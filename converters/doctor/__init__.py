"""What a first day with a real account shows: steps as data, and what came of them."""
