"""What the commands in `script/` are made of: set-up, embedded servers, supervisor, test runner."""
