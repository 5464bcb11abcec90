"""The response plan: written in versions, approved by another person, reviewed each year, printed for the bad night."""
