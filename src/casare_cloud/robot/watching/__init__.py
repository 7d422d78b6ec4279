"""What a robot watches for triggers: folders and a mailbox, as far as the robot's owner allows."""
