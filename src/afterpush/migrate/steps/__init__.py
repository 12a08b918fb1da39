"""The new way: the history as steps, each of which knows the parts that it changes, before and after."""
