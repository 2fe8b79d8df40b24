
tenants "ragged" {
  file = "ragged.csv"
  key  = "insee"
}
tenants "cells" {
  file    = "cells.csv"
  key     = "insee"
  columns = { habitants = int64, ouvert = bool, le = date, nombre = decimal(10, 2), rien = text }
}
tenants "nokey" {
  file = "cells.csv"
  key  = "inse"
}
tenants "nofile" {
  file = "absent.csv"
  key  = "insee"
}
tenants "neither" {
}
tenants "both" {
  file   = "cells.csv"
  key    = "insee"
  values = {}
}
tenants "values" {
  values = ["a"]
}
tenants "when" {
  file = "cells.csv"
  key  = "insee"
  when = tenant.ouvrt == "oui"
}
