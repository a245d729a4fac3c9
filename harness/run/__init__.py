"""One run: who does what when (`dispatch`, pure), the clients' process (`clients`), and the conductor
(`live`).
"""
