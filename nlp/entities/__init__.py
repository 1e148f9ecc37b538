"""Finding what a message names: order numbers, dates, sums, goods, people and places."""
