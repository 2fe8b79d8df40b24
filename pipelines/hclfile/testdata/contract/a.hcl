
connection "local" "depot" {
  path = "depot"
}

contract "c" {
  column "id" {
    type = int64
  }
  column "le" {
    type = date("DD/MM/YYYY")
  }
}
pipeline "declared" {
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    contract   = contract.c
    format "csv" {
      columns = { id = text }
    }
  }
}
pipeline "taken" {
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    contract   = contract.c
    format "csv" {}
  }
}
pipeline "query" {
  source "postgres" "lignes" {
    connection = connection.local.depot
    contract   = contract.c
    query      = "q"
  }
}
