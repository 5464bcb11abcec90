"""What a policy's words become: Markdown read, made safe HTML, compared; numbers that stand in it; starter texts.

Pure: nothing here knows a model, a request or the clock.
"""
