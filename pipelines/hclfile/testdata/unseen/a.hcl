connection "local" "depot" {
  path = "depot"
}
tenants "communes" {
  values = {
    "00101"            = { nom = "Val-Fleuri" }
    "00\u202e102"      = { nom = "Mont-Brume" }
    "00103\u001b[2J"   = { nom = "Les Essarts" }
  }
}
tenants "lues" {
  file = "communes.csv"
  key  = "insee"
}
secret "cles" {
  for_each = ["a", "b\u200b"]
  env      = "CLE"
}
pipeline "a" {
  for_each = { "c\nd" = 1 }
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
}
pipeline "b" {
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
  transform "filter" "tri\u2066" {
    when = row.a == "montant\u00ad"
  }
  variant "\u0007" {
    when = true
  }
}
pipeline "c" {
  partition "exercice" {
    values = ["2024", "2025\u2028"]
  }
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
}
