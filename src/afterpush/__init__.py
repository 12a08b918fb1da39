"""afterpush: for every push, is it live, and if not, why?"""

__version__ = "0.1.0"
