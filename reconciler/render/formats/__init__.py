"""Building blocks of the output formats: JSON, tables, terminal lines, bounded Markdown."""
