"""Order files: bytes -> rows -> orders and problems.  Streaming; nothing here touches the database."""
