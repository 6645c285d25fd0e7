from fixwatch.fix.tables import Tables

class DictionaryTables:
    def __init__(self, tables: Tables) -> None: ...
