"""What is measured on outcomes."""
