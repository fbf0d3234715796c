"""What did a measure change for the persons who got it, compared with persons like them?"""
