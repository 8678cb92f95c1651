"""How what an author writes becomes HTML; `writing` is the door to it."""
