
connection "local" "depot" {
  path = "depot"
}

contract "c" {
  column "id" {
    type = int64
  }
}
contract "d" {
  column "id" {
    type = entier
  }
  on_removed = "report"
}
pipeline "a" {
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
  source "file" "autre" {
    connection = connection.local.depot
    path       = "autre.csv"
    format "csv" {}
  }
  source "file" "tiers" {
    connection = connection.local.depot
    path       = "lignes.csv"
    contract   = contract.c
    format "csv" {}
  }
  transform "join" "t" {
    with = source.file.tiers
    on   = ["id"]
  }
}
