limits "centre" {
  max = 2
}
connection "postgres" "finances" {
  host   = "bdd.val-fleuri.example"
  limits = limits.centre
}
connection "postgres" "rh" {
  host = "bdd.val-fleuri.example"
  max  = 3
}
pipeline "within" {
  source "table" "a" {
    connection  = connection.postgres.finances
    connections = 2
  }
}
pipeline "over_the_group" {
  source "table" "a" {
    connection  = connection.postgres.finances
    connections = 3
  }
}
pipeline "over_its_own" {
  source "table" "a" {
    connection  = connection.postgres.rh
    connections = 4
  }
}
