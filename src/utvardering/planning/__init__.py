"""Before the measure: what can be compared with, how small an effect can be seen, and what would help?"""
