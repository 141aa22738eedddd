"""Files of loggers as tables of text cells: separators, encodings, log lines, spreadsheets."""
