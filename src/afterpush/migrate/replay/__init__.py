"""What each statement does, as the server itself describes it before and after."""
