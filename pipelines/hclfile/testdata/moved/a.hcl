
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
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
}
moved {
  from = pipeline.b
  to   = pipeline.aa
}
moved {
  from = pipeline.a
  to   = pipeline.a
}
moved {
  from = tenants.communes["00109"]
  to   = pipeline.a
}
moved {
  from = "text"
  to   = tenants.communes["00101"]
}
moved {
  from = tenants.communes["00109"]
  to   = tenants.communes["00110"]
}
moved {
  from = tenants.communes["00109"]
}
