"""Reports: what the company looks like in figures, each with the cases behind it (RP-01 …).

``model`` says what a report is, ``filters`` what may be asked of it, ``registry`` which reports there are; the other
modules hold the reports themselves. Everything here reads; nothing is kept, so a figure is as fresh as its rows.
"""
