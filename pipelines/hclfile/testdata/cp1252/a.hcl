
connection "local" "depot" {
  path = "depot"
}

tenants "communes" {
  file = "communes.csv"
  key  = "insee"
  when = tenant.ouvert
  columns = { ouvert = bool, population = int64 }
}
pipeline "a" {
  for_each = tenants.communes
  title    = "${each.value.nom} (${each.value.population})"
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
}
