"""Was the plan locked beforehand, has it been kept, and what proves when?"""
