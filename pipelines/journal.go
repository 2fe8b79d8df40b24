package pipelines

const journalFolder = "journal"
