"""What a run shows on a terminal, beside the text that is unittest's.

    colours      whether they are wanted
    live_line    the last row of the terminal says how far a run is
    drawing      the program that draws it

Nothing here is loaded for a run that is piped, but for the rules of colours.
"""
