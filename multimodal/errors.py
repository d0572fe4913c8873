"""The one exception that a user can cause and mend."""


class UserError(Exception):
    """A mistake of the caller, said in one line that names the file or the option and what to do.

    The command line prints the line and leaves with code 2. Anything else that surfaces as a
    traceback is a bug of ours.
    """
