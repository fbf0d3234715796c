"""What to compare with, and how small an effect can be seen, before the measure begins?"""
