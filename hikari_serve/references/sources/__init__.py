"""Where reference cases come from: folders, tables, SkinCAP, the authors' own index files."""
