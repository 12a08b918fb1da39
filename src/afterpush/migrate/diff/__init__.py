"""The app's schema beside what the migrations make: differences, and a first migration made from it."""
