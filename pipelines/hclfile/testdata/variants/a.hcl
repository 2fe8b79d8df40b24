
connection "local" "depot" {
  path = "depot"
}

tenants "communes" {
  values = {
    "00101" = { nom = "Val-Fleuri", logiciel = "egf", ouvert = "oui" }
    "00102" = { nom = "Mont-Brume", logiciel = "ciril", ouvert = "oui" }
    "00103" = { nom = "Les Essarts", logiciel = "autre", ouvert = "non" }
  }
}

pipeline "a" {
  for_each = tenants.communes
  partition "exercice" {
    values = range(2020, 2023)
  }
  variant "egf" {
    when = contains(["egf", "ciril"], each.value.logiciel)
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
  }
  variant "ciril" {
    when = each.value.logiciel == "ciril" || partition.key == 2022 && each.value.logiciel == "egf"
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
  }
  privacy {
    public = ["id"]
  }
  load "local" "portail" {
    connection = connection.local.depot
    prefix     = "x"
    file "csv" {}
  }
}
