
connection "local" "depot" {
  path = "depot"
}

notifier "email" "x" {
}
pipeline "a" {
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
  check "schema" "x" {
    schema = schema.x
  }
  schedule {
  }
  backfill {
  }
  notify "email" "x" {
  }
  catalog "dcat" "x" {
  }
}
