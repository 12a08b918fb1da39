"""Running the steps on the app's database: one lock, one journal, resumable."""
