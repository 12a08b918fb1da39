"""What the tasks of agents do: the tools in one repository, the gate, and setting clients up."""
