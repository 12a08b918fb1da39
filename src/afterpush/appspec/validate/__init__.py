"""What is wrong with an app spec, without sending it anywhere."""
