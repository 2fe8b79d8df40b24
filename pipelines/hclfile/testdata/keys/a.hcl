
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

secret "finances" {
  for_each = ["00101"]
  env      = "F_${each.key}"
}
connection "postgres" "finances" {
  for_each = { for k, c in tenants.communes : k => c if k != "00103" }
  host     = each.value.nom
}
connection "postgres" "mot" {
  for_each = tenants.communes
  host     = "h"
  password = secret.finances[each.key]
}
pipeline "a" {
  for_each = tenants.communes
  partition "p" {
    values = ["a", "b"]
  }
  source "postgres" "x" {
    connection = connection.postgres.finances[each.key]
    query      = "q"
  }
}
