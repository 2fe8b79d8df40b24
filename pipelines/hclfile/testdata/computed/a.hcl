
connection "local" "depot" {
  path = "depot"
}

steps "un" {
  transform "limit" "un" {
    rows = 1
  }
}
steps "deux" {
  transform "derive" "deux" {
    a = "${row.a}-${partition.p}"
    b = [for x in ["u", "v"] : x][0]
    c = row.x == null ? null : lookup({ a = 1 }, row.x, 2)
    d = { for k, v in row.m : k => v }
    e = row.xs[*].a
    f = -(row.a + 1) * (2 + 3) # constants fold
  }
}
locals {
  ans = [2023, 2024]
}
pipeline "a" {
  partition "p" {
    values = local.ans
  }
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
  steps = partition.key == 2023 ? [steps.un, steps.deux] : [steps.deux, steps.un]
}
pipeline "b" {
  for_each = ["y", "x"]
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "${each.value}.csv"
    format "csv" {}
  }
  transform "join" "self" {
    with = source.file.lignes
    on   = [each.key]
  }
}
