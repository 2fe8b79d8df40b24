
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

connection "postgres" "finances" {
  for_each = ["00101"]
  host     = each.value
}
pipeline "a" {
  for_each = tenants.communes
  partition "p" {
    values = ["a", "b"]
  }
  source "postgres" "x" {
    connection = connection.postgres.finances[each.key]
    query      = "q ${partition.key}"
  }
}
