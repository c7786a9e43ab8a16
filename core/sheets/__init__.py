"""Tables as people hand them in and take them out: CSV and XLSX, in bounded memory."""
