"""What is brought from elsewhere: linked accounts with their ids and settings, credentials."""
