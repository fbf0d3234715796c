"""Which measures of the plan are to be followed up, when, and what is overdue or missing?"""
