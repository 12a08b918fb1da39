"""A MySQL or MariaDB server of our own: started in a temporary folder, gone with this process.

It listens on a Unix socket only, in a folder that nobody else enters, and takes no file of the machine. Where
no such program is installed, `debian` unpacks one.
"""
