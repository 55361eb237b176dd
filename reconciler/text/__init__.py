"""Text from outside: what is hidden, secret or misspelled in it, and foreign errors in our words."""
