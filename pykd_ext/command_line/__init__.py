"""What the commands have in common: finding them, their target, their arguments, their ends."""
